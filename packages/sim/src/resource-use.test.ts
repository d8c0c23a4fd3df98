import { DesignBuilder, i32, lowerDesign, memref } from "@aiekit/mlir";
import { expect, test } from "vitest";
import { AieArray } from "./aie-array.ts";
import { loadArrayConfig } from "./load-array-config.ts";
import { coreDesign } from "./lowered-design.test-support.ts";
import { parseArrayConfig } from "./parse-array-config.ts";
import { resourceUse } from "./resource-use.ts";

test("each tile's memory, BDs, locks and channels are counted by objectFifo, with the limit", () => {
  const d = new DesignBuilder("npu1_1col");
  const [shim, tile] = [d.tile(0, 0), d.tile(0, 2)];
  const element = memref([100], i32);
  const input = d.objectFifo({ name: "in", producer: shim, consumers: [tile], depth: [1, 3], element });
  const output = d.objectFifo({ name: "out", producer: tile, consumers: [shim], depth: [2, 1], element });
  d.core(tile, { stackBytes: 2048 }, (core) =>
    core.forever(() => {
      core.acquire(input, "Consume");
      core.acquire(output, "Produce");
      core.release(input, "Consume");
      core.release(output, "Produce");
    }),
  );

  const use = resourceUse(loadArrayConfig(lowerDesign(d.build()).module)).filter(({ tile: { row } }) => row === 2);

  expect(use.map(({ resource, used, limit }) => [resource, used, limit])).toEqual([
    ["data memory", 2048 + 5 * 400, 65536],
    ["BDs", 5, 16],
    ["locks", 4, 16],
    ["S2MM channels", 1, 2],
    ["MM2S channels", 1, 2],
  ]);
  expect(use[0]?.takers).toEqual([
    { name: "stack", amount: 2048 },
    { name: "in_cons", amount: 1200 },
    { name: "out", amount: 800 },
  ]);
  expect(use[1]?.takers).toEqual([
    { name: "in_cons", amount: 3 },
    { name: "out", amount: 2 },
  ]);
});

const object = { inputBytes: 64, outputBytes: 64, inputElements: 16, outputElements: 16 };
const lowered = coreDesign({ input: "memref<16xi32>", output: "memref<16xi32>", ...object, work: "" });

test("a buffer that was given an address in the stack, or in another buffer, is refused by a checked array", () => {
  const start = (text: string) => new AieArray(parseArrayConfig(text, "design.mlir"), new Map(), { checked: true });
  const inStack = lowered.replace("stack_size = 1024", "stack_size = 1056");
  const twice = lowered.replace("address = 1088", "address = 1084");

  expect(() => start(lowered)).not.toThrow();
  expect(() => start(inStack)).toThrow(
    "tile (0,2): buffer in_cons_buff_0, 64 bytes from 0x400, and the stack of core (0,2), 1056 bytes from 0x0 share memory",
  );
  expect(() => start(twice)).toThrow(
    "tile (0,2): buffer in_cons_buff_1, 64 bytes from 0x43c, and buffer in_cons_buff_0, 64 bytes from 0x400, share memory",
  );
});
