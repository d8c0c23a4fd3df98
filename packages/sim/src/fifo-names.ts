/** What a lock that the objectFifo lowering made counts. */
export interface FifoLock {
  readonly fifo: string;
  /** `free`: objects that can be written (producer lock). `filled`: objects that can be read (consumer lock). */
  readonly counts: "free" | "filled";
}

/**
 * The objectFifo that a lock belongs to, by the names that the lowering gives: `<fifo>_prod_lock_0`,
 * `<fifo>_cons_cons_lock_0`, and `<fifo>_1_cons_prod_lock_0` for the second consumer of a broadcast. Undefined for others.
 */
export function fifoOfLock(lockName: string): FifoLock | undefined {
  const match = /^(.+)_(prod|cons)_lock_\d+$/.exec(lockName);
  if (!match) return undefined;
  const fifo = match[1]!.replace(/(_\d+)?_cons$/, "");
  return { fifo, counts: match[2] === "prod" ? "free" : "filled" };
}

/** The objectFifo that a buffer belongs to, by the lowering's names: `in_cons_buff_0`, `bc_1_cons_buff_0`, `out_buff_1`. */
export function fifoOfBuffer(bufferName: string): string | undefined {
  return /^(.+?)((_\d+)?_cons)?_buff_\d+$/.exec(bufferName)?.[1];
}

/** The objectFifo's end that a buffer or lock was made for, by the lowering's names; other names as they are. */
export function bufferOwner(name: string): string {
  return name.replace(/_(buff|prod_lock|cons_lock)_\d+$/, "");
}

/** `a free object of objectFifo in (lock in_prod_lock_0: needs >= 1, is 0)` */
export function describeLockWait(
  lock: { readonly name: string; readonly value: number },
  request: { readonly equal: boolean; readonly amount: number },
): string {
  const state = `needs ${request.equal ? "=" : ">="} ${request.amount}, is ${lock.value}`;
  const fifo = fifoOfLock(lock.name);
  if (!fifo) return `lock ${lock.name} (${state})`;
  const count = request.amount === 1 ? `a ${fifo.counts} object` : `${request.amount} ${fifo.counts} objects`;
  return `${count} of objectFifo ${fifo.fifo} (lock ${lock.name}: ${state})`;
}
