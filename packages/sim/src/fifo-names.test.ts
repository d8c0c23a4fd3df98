import { DesignBuilder, type FifoHandle, i32, lowerDesign, memref, type TileHandle } from "@aiekit/mlir";
import { expect, test } from "vitest";
import { fifoNames } from "./fifo-names.ts";
import { loadArrayConfig } from "./load-array-config.ts";

const element = memref([16], i32);

interface Ends {
  readonly producer: TileHandle;
  readonly consumers: readonly TileHandle[];
}

function configOf(declare: (d: DesignBuilder, fifo: (name: string, ends: Ends) => FifoHandle) => void) {
  const d = new DesignBuilder("npu1");
  declare(d, (name, ends) => d.objectFifo({ name, depth: 2, element, ...ends }));
  return loadArrayConfig(lowerDesign(d.build()).module);
}

/** objectFifo of every buffer and lock, by the name of its end. */
function fifosByEnd(config: ReturnType<typeof configOf>): Record<string, string | undefined> {
  const buffers = config.buffers.map(({ name, fifo }) => [name.replace(/_buff_\d+$/, ""), fifo]);
  const locks = config.locks.map(({ name, counts }) => [name?.replace(/_(prod|cons)_lock_\d+$/, ""), counts?.fifo]);
  return Object.fromEntries([...buffers, ...locks]);
}

test("a_0_cons is the end of fifo a_0 beside a fifo a with one consumer, of a where a has several", () => {
  const single = configOf((d, fifo) => {
    const [shim, first, second] = [d.tile(0, 0), d.tile(0, 2), d.tile(0, 4)];
    fifo("a", { producer: shim, consumers: [first] });
    fifo("a_0", { producer: shim, consumers: [second] });
  });
  const several = configOf((d, fifo) => {
    const [shim, first, second] = [d.tile(0, 0), d.tile(0, 2), d.tile(0, 4)];
    fifo("a", { producer: shim, consumers: [first, second] });
  });

  expect(fifosByEnd(single)).toEqual({ a: "a", a_cons: "a", a_0: "a_0", a_0_cons: "a_0" });
  expect(fifosByEnd(several)).toEqual({ a: "a", a_0_cons: "a", a_1_cons: "a" });
});

test("parts that a memtile gives out as part_0 and part_1 are two fifos, one fifo part with two consumers is one", () => {
  const parts = configOf((d, fifo) => {
    const [shim, memtile, first, second] = [d.tile(0, 0), d.tile(0, 1), d.tile(0, 2), d.tile(0, 3)];
    const half = memref([8], i32);
    const end = (name: string, tile: TileHandle) =>
      d.objectFifo({ name, producer: memtile, consumers: [tile], depth: 2, element: half });
    const input = fifo("in", { producer: shim, consumers: [memtile] });
    d.link({ inputs: [input], outputs: [end("part_0", first), end("part_1", second)], destOffsets: [0, 8] });
  });
  const one = configOf((d, fifo) => {
    const [shim, memtile, first, second] = [d.tile(0, 0), d.tile(0, 1), d.tile(0, 2), d.tile(0, 3)];
    const input = fifo("in", { producer: shim, consumers: [memtile] });
    d.link({ inputs: [input], outputs: [fifo("part", { producer: memtile, consumers: [first, second] })] });
  });

  expect(fifosByEnd(parts)).toMatchObject({ in_cons: "in", part_0_cons: "part_0", part_1_cons: "part_1" });
  expect(fifosByEnd(one)).toMatchObject({ in_cons: "in", part_0_cons: "part", part_1_cons: "part" });
});

test("where a flow is missing, an end of its producer tells that a_0 is a fifo", () => {
  const config = configOf((d, fifo) => {
    const [shim, first, second, third] = [d.tile(0, 0), d.tile(0, 2), d.tile(0, 3), d.tile(0, 4)];
    fifo("a", { producer: first, consumers: [second] });
    fifo("a_0", { producer: shim, consumers: [third] });
  });

  expect(fifoNames({ ...config, flows: [] }).ofBuffer("a_0_cons_buff_0")).toBe("a_0");
});

test("a fifo whose own name ends in _cons keeps it", () => {
  const config = configOf((d, fifo) => {
    fifo("my_cons", { producer: d.tile(0, 0), consumers: [d.tile(0, 2)] });
  });

  expect(fifosByEnd(config)).toEqual({ my_cons: "my_cons", my_cons_cons: "my_cons" });
});

test("producer locks count free objects, consumer locks filled ones; other locks and buffers are of no fifo", () => {
  const config = configOf((d, fifo) => {
    const tile = d.tile(0, 2);
    fifo("in", { producer: d.tile(0, 0), consumers: [tile] });
    d.lock({ tile, name: "gate", init: 0 });
    d.buffer({ tile, name: "table", type: element });
  });

  const counts = Object.fromEntries(config.locks.map((lock) => [lock.name, lock.counts?.counts]));
  expect(counts).toMatchObject({ in_cons_prod_lock_0: "free", in_cons_cons_lock_0: "filled", gate: undefined });
  expect(config.buffers.find(({ name }) => name === "table")?.fifo).toBeUndefined();
});
