import type { ArrayConfig, BufferConfig, LockConfig } from "./array-config.ts";

/** Objects of an objectFifo in one tile's memory, and the locks that count them. */
export interface FifoEnd {
  readonly fifo: string;
  /** In the order in which they are used, round and round. */
  readonly buffers: readonly BufferConfig[];
  /** Counts free objects. */
  readonly free: LockConfig;
  /** Counts objects with data. */
  readonly filled: LockConfig;
}

/**
 * The ends of objectFifos by the names that the lowering gives: `f_buff_0`, `f_buff_1`, `f_prod_lock_0`, `f_cons_lock_0`. Left
 * out are those whose locks count something else than whole objects: parts of objects, or sends of a repeated object.
 */
export function fifoEnds(config: Pick<ArrayConfig, "buffers" | "locks">): FifoEnd[] {
  const byName = new Map<string, BufferConfig[]>();
  for (const buffer of config.buffers) {
    const name = /^(.+)_buff_\d+$/.exec(buffer.name)?.[1];
    if (name !== undefined) byName.set(name, [...(byName.get(name) ?? []), buffer]);
  }
  return [...byName].flatMap(([name, buffers]) => {
    const locks = (kind: string) => config.locks.filter((lock) => lock.name?.startsWith(`${name}_${kind}_lock_`));
    const [[free, ...moreFree], [filled, ...moreFilled]] = [locks("prod"), locks("cons")];
    if (!free || !filled || moreFree.length > 0 || moreFilled.length > 0) return [];
    if (free.init + filled.init !== buffers.length) return [];
    const ordered = [...buffers].sort((a, b) => serial(a.name) - serial(b.name));
    return [{ fifo: ordered[0]!.fifo ?? name, buffers: ordered, free, filled }];
  });
}

const serial = (name: string): number => Number(name.slice(name.lastIndexOf("_") + 1));
