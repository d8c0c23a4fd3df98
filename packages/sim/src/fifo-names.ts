import type { ArrayConfig, FlowConfig } from "./array-config.ts";
import type { ChannelPlace } from "./dma-channel.ts";

/** What a lock that the objectFifo lowering made counts. */
export interface FifoLock {
  readonly fifo: string;
  /** `free`: objects that can be written (producer lock). `filled`: objects that can be read (consumer lock). */
  readonly counts: "free" | "filled";
}

type NamedParts = Pick<ArrayConfig, "buffers" | "locks" | "allocations" | "bds" | "starts" | "flows">;

/** Tells buffers and locks of objectFifos by the names that the lowering gives; undefined for others. */
interface FifoNames {
  /** `in_cons_buff_0` is of `in`. */
  readonly ofBuffer: (name: string) => string | undefined;
  /** `in_prod_lock_0` counts free objects of `in`, `in_cons_cons_lock_0` filled ones in its consumer's memory. */
  readonly ofLock: (name: string) => FifoLock | undefined;
}

/**
 * The objectFifos of a lowered design. An end is called `f` at the producer, `f_cons` at the only consumer, and `f_0_cons`,
 * `f_1_cons` at several: so `a_0_cons` may be the first consumer of `a` or the only one of `a_0`, and the rest of the design
 * has to tell.
 */
export function fifoNames(parts: NamedParts): FifoNames {
  const ends = new Set(parts.allocations.map(({ name }) => name.replace(/_shim_alloc$/, "")));
  for (const { name } of [...parts.buffers, ...parts.locks]) {
    if (name !== undefined && bufferOwner(name) !== name) ends.add(bufferOwner(name));
  }
  const fifoOfEnd = (end: string): string => {
    if (!end.endsWith("_cons") || ends.has(`${end}_cons`) || ends.has(`${end}_0_cons`)) return end;
    const single = end.slice(0, -"_cons".length);
    const several = single.replace(/_\d+$/, "");
    if (several === single || ends.has(single) || ends.has(`${several}_cons`)) return single;
    // A fifo whose producer passes on what it received has no end of its own there: only its flow has its consumers.
    const flow = flowInto(parts, end);
    const isOneOfSeveral = flow === undefined ? ends.has(several) : flow.sinks.length > 1;
    return isOneOfSeveral ? several : single;
  };
  return {
    ofBuffer: (name) => (/_buff_\d+$/.test(name) ? fifoOfEnd(bufferOwner(name)) : undefined),
    ofLock: (name) => {
      const kind = /_(prod|cons)_lock_\d+$/.exec(name)?.[1];
      if (kind === undefined) return undefined;
      return { fifo: fifoOfEnd(bufferOwner(name)), counts: kind === "prod" ? "free" : "filled" };
    },
  };
}

/** The flow that brings the objects of a consumer's end. */
function flowInto({ bds, starts, flows }: NamedParts, end: string): FlowConfig | undefined {
  return flows.find(({ sinks }) =>
    sinks.some((sink) => {
      if (sink.bundle !== "DMA") return false;
      const start = starts.find((one) => sameChannel(one, sink));
      const bd = start && bds.find(({ tile, id }) => id === start.bdId && sameTile(tile, start.tile));
      return bd !== undefined && bufferOwner(bd.buffer.name) === end;
    }),
  );
}

function sameChannel(a: ChannelPlace, b: ChannelPlace): boolean {
  return sameTile(a.tile, b.tile) && a.direction === b.direction && a.channel === b.channel;
}

function sameTile(a: ChannelPlace["tile"], b: ChannelPlace["tile"]): boolean {
  return a.col === b.col && a.row === b.row;
}

/** The objectFifo's end that a buffer or lock was made for, by the lowering's names; other names as they are. */
export function bufferOwner(name: string): string {
  return name.replace(/_(buff|prod_lock|cons_lock)_\d+$/, "");
}

/** `a free object of objectFifo in (lock in_prod_lock_0: needs >= 1, is 0)` */
export function describeLockWait(
  lock: { readonly name: string; readonly value: number; readonly counts: FifoLock | undefined },
  request: { readonly equal: boolean; readonly amount: number },
): string {
  const state = `needs ${request.equal ? "=" : ">="} ${request.amount}, is ${lock.value}`;
  if (!lock.counts) return `lock ${lock.name} (${state})`;
  const { fifo, counts } = lock.counts;
  const count = request.amount === 1 ? `a ${counts} object` : `${request.amount} ${counts} objects`;
  return `${count} of objectFifo ${fifo} (lock ${lock.name}: ${state})`;
}
