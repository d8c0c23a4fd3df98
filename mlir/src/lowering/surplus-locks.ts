import type { Diagnostic } from "../ir/diagnostic.ts";
import { type Block, type Operation, type Value, walk } from "../ir/operation.ts";
import { coordOf, type Device, opsNamed, placeText, sameTile, tileOperand } from "./device-ops.ts";

/**
 * Two locks that hand buffers round count together as many objects as there are buffers: those that are free and those
 * that are filled. Where they begin with more, who writes may be granted a buffer that is still read, and a run without
 * other waits comes out right by chance. Told only of a DMA channel that goes round buffers of its own, each BD with the
 * same two locks and the same amounts, where one other agent alone is at the other end: any behind a channel that fills
 * them, before one that sends them a core that takes them one at a time, since several may be one object sent often.
 * Source: AcquireGreaterEqual and Release add and subtract (AM020, locks).
 */
export function warnOfSurplusLocks(device: Device): Diagnostic[] {
  const uses = lockUses(device);
  const buffers = opsNamed(device, "aie.buffer");
  return ringsOf(device).flatMap((ring) => {
    if (objectsOf(ring) <= ring.buffers.length) return [];
    return isHandedBack(ring, uses) && areApart(ring.buffers, buffers) ? [surplus(ring)] : [];
  });
}

/** A channel that fills or sends buffers one after the other, and begins again with the first. */
interface Ring {
  readonly start: Operation;
  readonly tile: Value;
  /** The lock that its BDs take, and the one that they give to. */
  readonly taken: Value;
  readonly given: Value;
  readonly amount: number;
  readonly buffers: readonly Operation[];
}

/** Where a lock is used: agent is a core, or the start of a DMA channel; undefined for one that is not known. */
interface LockUse {
  readonly agent: Operation | undefined;
  readonly action: string;
  readonly amount: number;
}

function ringsOf(device: Device): Ring[] {
  return programsOf(device).flatMap(({ program, start, chain, isRing }) => {
    if (!isRing) return [];
    const steps = chain.map(stepOf);
    const [first] = steps;
    if (first === undefined) return [];
    const buffers = steps.flatMap((step) => step?.buffer ?? []);
    const isAlike = steps.every(
      (step) => step?.taken === first.taken && step.given === first.given && step.amount === first.amount,
    );
    if (!isAlike || new Set(buffers).size !== steps.length) return [];
    return [{ ...first, start, tile: tileOperand(program), buffers }];
  });
}

interface Program {
  readonly program: Operation;
  readonly start: Operation;
  readonly chain: readonly Block[];
  /** Its last BD leads to the first. */
  readonly isRing: boolean;
}

function programsOf(device: Device): Program[] {
  return opsNamed(device, "aie.mem", "aie.memtile_dma").flatMap((program) =>
    program.regions.flatMap(({ blocks }) =>
      blocks.flatMap(({ ops }) =>
        ops.flatMap((start) => {
          const first = start.name === "aie.dma_start" ? start.successors[0]?.block : undefined;
          if (first === undefined) return [];
          const chain: Block[] = [];
          let next: Block | undefined = first;
          while (next !== undefined && !chain.includes(next)) {
            chain.push(next);
            const last: Operation | undefined = next.ops.at(-1);
            next = last?.name === "aie.next_bd" ? last.successors[0]?.block : undefined;
          }
          return [{ program, start, chain, isRing: next === first }];
        }),
      ),
    ),
  );
}

/** What one BD waits for and gives, and its buffer; undefined for every other block. */
function stepOf({ ops }: Block) {
  const [bd, ...bds] = ops.filter(({ name }) => name === "aie.dma_bd");
  const locks = ops.filter(({ name }) => name === "aie.use_lock");
  const [acquire, release] = locks;
  if (bd === undefined || bds.length > 0 || locks.length !== 2 || !acquire || !release) return undefined;
  const [taken, given, buffer] = [acquire.operands[0], release.operands[0], bd.operands[0]?.definingOp];
  const amount = acquire.int("value") ?? 1;
  const isStep =
    acquire.text("action") === "AcquireGreaterEqual" &&
    release.text("action") === "Release" &&
    amount === (release.int("value") ?? 1);
  if (!isStep || taken === undefined || given === undefined || taken === given || amount < 1) return undefined;
  return buffer?.name === "aie.buffer" ? { taken, given, amount, buffer } : undefined;
}

function lockUses(device: Device): ReadonlyMap<Value, readonly LockUse[]> {
  const uses = new Map<Value, LockUse[]>();
  const agents = new Map(
    programsOf(device).flatMap(({ start, chain }) => chain.map((block) => [block, start] as const)),
  );
  walk(device.op, (op) => {
    const lock = op.operands.find(({ definingOp }) => definingOp?.name === "aie.lock");
    if (lock === undefined) return;
    let agent: Operation | undefined = op;
    while (agent !== undefined && agent.name !== "aie.core") agent = agent.parentOp;
    const known = agent ?? (op.parent && agents.get(op.parent));
    const action = op.name === "aie.use_lock" ? (op.text("action") ?? "") : op.name;
    uses.set(lock, [...(uses.get(lock) ?? []), { agent: known, action, amount: op.int("value") ?? 1 }]);
  });
  return uses;
}

/** One other agent takes what the ring gives, and gives what it takes. */
function isHandedBack({ start, taken, given, amount }: Ring, uses: ReadonlyMap<Value, readonly LockUse[]>): boolean {
  const others = (lock: Value) => (uses.get(lock) ?? []).filter(({ agent }) => agent !== start);
  const [gives, takes] = [others(taken), others(given)];
  const [other, ...more] = new Set([...gives, ...takes].map(({ agent }) => agent));
  if (other === undefined || more.length > 0 || gives.length === 0 || takes.length === 0) return false;
  const isOneByOne = other.name === "aie.core" && [...gives, ...takes].every((use) => use.amount === amount);
  if (start.text("channel_dir") === "MM2S" && !isOneByOne) return false;
  return gives.every(({ action }) => action === "Release") && takes.every(({ action }) => /^Acquire/.test(action));
}

/** No other buffer of the ring's tiles was laid over one of its buffers. */
function areApart(ring: readonly Operation[], all: readonly Operation[]): boolean {
  return ring.every(
    (buffer) =>
      !buffer.attributes.has("address") ||
      !all.some(
        (other) =>
          other !== buffer &&
          sameTile(tileOperand(other), tileOperand(buffer)) &&
          other.int("address") === buffer.int("address"),
      ),
  );
}

/** Objects, free or filled, that the two locks begin with. */
function objectsOf({ taken, given, amount }: Ring): number {
  return Math.floor((initOf(taken) + initOf(given)) / amount);
}

function surplus(ring: Ring): Diagnostic {
  const { start, tile, buffers, amount } = ring;
  const isFilling = start.text("channel_dir") === "S2MM";
  const [free, filled] = isFilling ? [ring.taken, ring.given] : [ring.given, ring.taken];
  const names = buffers.map((buffer) => `@${buffer.text("sym_name")}`).join(", ");
  const who = `${isFilling ? "S2MM" : "MM2S"} ${start.int("channel_index")} of tile ${placeText(coordOf(tile))}`;
  const limit = buffers.length * amount;
  const count = buffers.length === 1 ? "one buffer" : `${buffers.length} buffers`;
  const [a, b] = [nameOf(free), nameOf(filled)];
  const danger = isFilling
    ? "it may write into one that is still read"
    : "the core may write into one that is still sent";
  return {
    severity: "warning",
    op: free.definingOp!.name,
    loc: free.definingOp!.loc,
    message: `${a} begins at ${initOf(free)} and ${b} at ${initOf(filled)}: together ${objectsOf(ring)} objects, and ${who} goes round ${count} (${names}): ${danger}`,
    hint: `let the two begin with ${limit} together: ${a} with init = ${Math.max(0, limit - initOf(filled))}`,
  };
}

function initOf(lock: Value): number {
  return lock.definingOp?.int("init") ?? 0;
}

function nameOf(lock: Value): string {
  const name = lock.definingOp?.text("sym_name");
  return name === undefined ? `lock %${lock.name ?? "?"}` : `lock @${name}`;
}
