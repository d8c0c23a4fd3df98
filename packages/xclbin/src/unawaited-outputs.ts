import { registerAt } from "./registers/register-at.ts";
import type { TxnOp } from "./txn.ts";

/** A task that writes host memory, and of whose end no wait of the stream tells. */
export interface UnawaitedOutput {
  /** Column of the shim tile, and its S2MM channel. */
  readonly col: number;
  readonly channel: number;
  readonly bd: number;
  /** 0 is bo0. */
  readonly argIndex: number;
  /** False: a wait would never end, since the task gives no token. */
  readonly token: boolean;
}

/**
 * Follows pushes and waits: tasks of a channel run one behind the other, and a wait takes its oldest token. Left out are
 * tasks that may be waited for in another way: those whose BD releases a lock; those without a token in a stream that
 * sets up trace units, whose packets do not fill their buffer; and channels on which the stream waits for tokens of an
 * earlier one. Source: AM025 for DMA_BD#_7, Lock_Rel_Value, and the task queues; the controller counts tokens by channel.
 */
export function unawaitedOutputs(ops: readonly TxnOp[]): readonly UnawaitedOutput[] {
  const argOfBd = new Map<number, number>();
  const releasing = new Set<number>();
  const open = new Map<string, UnawaitedOutput[]>();
  const ahead = new Set<string>();
  let isTraced = false;
  const write = (address: number, value: number): void => {
    const { col, kind, register } = registerAt(address);
    const name = register?.row.name;
    isTraced ||= name === "Trace_Control0";
    if (kind !== "shim" || register === undefined) return;
    if (register.row.role === "bd" && register.inside === lockWord) {
      const isReleasing = ((value >>> releaseShift) & releaseMask) !== 0;
      if (isReleasing) releasing.add(address - lockWord);
      else releasing.delete(address - lockWord);
    }
    if (register.row.role !== "taskQueue" || !register.name.includes("S2MM")) return;
    const bd = value & 0xf;
    const address0 = address - (address % tileBytes) + bdBase + bd * bdBytes;
    const argIndex = argOfBd.get(address0);
    const token = value >>> 31 === 1;
    const tasks = open.get(`${col} ${register.index}`) ?? [];
    open.set(`${col} ${register.index}`, tasks);
    // A task that is left out still gives its token.
    const isKnown = argIndex !== undefined && !releasing.has(address0);
    tasks.push({ col, channel: register.index, bd, argIndex: isKnown ? argIndex : unknown, token });
  };
  for (const op of ops) {
    if (op.op === "write32") write(op.address, op.value);
    else if (op.op === "blockwrite") for (const [i, word] of op.words.entries()) write(op.address + 4 * i, word);
    else if (op.op === "addressPatch") argOfBd.set(op.address - 4, op.argIndex);
    else if (op.op === "sync" && op.direction === 0 && op.row === 0) {
      for (let col = op.col; col < op.col + Math.max(op.cols, 1); col++) {
        const channel = `${col} ${op.channel}`;
        const tasks = open.get(channel) ?? [];
        const oldest = tasks.findIndex(({ token }) => token);
        if (oldest < 0) ahead.add(channel);
        tasks.splice(0, oldest + 1);
      }
    }
  }
  return [...open].flatMap(([channel, tasks]) =>
    ahead.has(channel) ? [] : tasks.filter(({ argIndex, token }) => argIndex !== unknown && (token || !isTraced)),
  );
}

/** What a user is told of it; `buffer` is what the host calls the argument. */
export function unawaitedText(
  { col, channel, bd, argIndex, token }: UnawaitedOutput,
  buffer = `bo${argIndex}`,
): string {
  const silent = token ? "" : "; it gives no token that a wait could take";
  return `S2MM ${channel} of tile (${col},0) writes ${buffer} with BD ${bd}, and nothing waits for it${silent}`;
}

const unknown = -1;
const tileBytes = 2 ** 20;
const bdBase = 0x1d000;
const bdBytes = 0x20;
const lockWord = 28;
const releaseShift = 18;
const releaseMask = 0x7f;
