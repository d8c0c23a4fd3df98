import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { integerAttr } from "../ir/attributes.ts";
import { type Diagnostic, formatDiagnostic } from "../ir/diagnostic.ts";
import { walk } from "../ir/operation.ts";
import { i32 } from "../ir/types.ts";
import { parseModule } from "../parser/module.ts";
import { placeTiles } from "../placement/place-tiles.ts";
import { deviceOf } from "./device-ops.ts";
import { lowerDesign } from "./lower-design.ts";
import { warnOfSurplusLocks } from "./surplus-locks.ts";

interface Pair {
  readonly free: number;
  readonly filled?: number;
  readonly direction?: "S2MM" | "MM2S";
  /** Of the core's uses. */
  readonly amount?: number;
  readonly second?: string;
  readonly sequence?: string;
}

/** Two buffers that a channel of tile (0,2) goes round and a core hands back. */
function told({ free, filled = 0, direction = "S2MM", amount = 1, second = "@b1", sequence = "" }: Pair): string[] {
  const [takes, gives] = direction === "S2MM" ? ["@free", "@full"] : ["@full", "@free"];
  const use = (lock: string) => `%${lock.slice(1)}`;
  const bd = (buffer: string, label: string, next: string) => `^${label}:
        aie.use_lock(${use(takes)}, AcquireGreaterEqual, 1)
        aie.dma_bd(${use(buffer)} : memref<8xi32>, 0, 8)
        aie.use_lock(${use(gives)}, Release, 1)
        aie.next_bd ^${next}`;
  const text = `module { aie.device(npu1_1col) {
      %t = aie.tile(0, 2)
      %b0 = aie.buffer(%t) {sym_name = "b0"} : memref<8xi32>
      %b1 = aie.buffer(%t) {sym_name = "b1"} : memref<8xi32>
      %free = aie.lock(%t, 0) {init = ${free} : i32, sym_name = "free"}
      %full = aie.lock(%t, 1) {init = ${filled} : i32, sym_name = "full"}
      %m = aie.mem(%t) {
        %0 = aie.dma_start(${direction}, 0, ^one, ^end)
      ${bd("@b0", "one", "two")}
      ${bd(second, "two", "one")}
      ^end:
        aie.end
      }
      %c = aie.core(%t) {
        aie.use_lock(${use(gives)}, AcquireGreaterEqual, ${amount})
        aie.use_lock(${use(takes)}, Release, ${amount})
        aie.end
      }
      aie.runtime_sequence @run(%a: memref<8xi32>) { ${sequence} }
    } }`;
  return surplusOf(lowerDesign(parseModule(text, "pair.mlir")).warnings);
}

const surplusOf = (found: readonly Diagnostic[]): string[] =>
  found.map(formatDiagnostic).filter((text) => / goes round /.test(text));

test("two locks that begin with three objects for two buffers are told with locks, channel, buffers and the right init", () => {
  expect(told({ free: 2 })).toEqual([]);
  const [found, ...more] = told({ free: 3 });

  expect(more).toEqual([]);
  expect(found).toMatch(/^pair\.mlir:5:\d+: warning: 'aie\.lock' op lock @free begins at 3 and lock @full at 0: /);
  expect(found).toContain(
    "together 3 objects, and S2MM 0 of tile (0,2) goes round 2 buffers (@b0, @b1): it may write into one that is still read",
  );
  expect(found).toContain("hint: let the two begin with 2 together: lock @free with init = 2");
});

test("the sum counts: a buffer that begins filled is one less that begins free", () => {
  expect(told({ free: 1, filled: 1 })).toEqual([]);
  expect(told({ free: 2, filled: 1 })).toEqual([expect.stringContaining("lock @free with init = 1")]);
});

test("a channel that sends is told as well where the core takes one at a time", () => {
  expect(told({ free: 2, direction: "MM2S" })).toEqual([]);
  expect(told({ free: 3, direction: "MM2S" })).toEqual([
    expect.stringContaining("the core may write into one that is still sent"),
  ]);
  expect(told({ free: 4, direction: "MM2S", amount: 2 })).toEqual([]);
});

test("silence where one buffer is in two BDs, and where the sequence sets a lock", () => {
  expect(told({ free: 3, second: "@b0" })).toEqual([]);
  expect(told({ free: 3, sequence: "aiex.set_lock(%free, 1)" })).toEqual([]);
});

const folder = new URL("../../fixtures/conformance/", import.meta.url);

test("no design that the compiler takes is told of, and hundreds are with one lock one higher", () => {
  let raised = 0;

  for (const name of readdirSync(folder).filter((file) => /^(?!reject-)[^.]+\.mlir$/.test(file))) {
    const text = readFileSync(new URL(name, folder), "utf8");
    const { module, warnings } = lowerDesign(placeTiles(parseModule(text, name)));
    expect(surplusOf(warnings), name).toEqual([]);
    walk(module, (op) => {
      const init = op.name === "aie.lock" ? op.int("init") : undefined;
      if (init === undefined) return;
      op.attributes.set("init", integerAttr(init + 1, i32));
      raised += warnOfSurplusLocks(deviceOf(op.parentOp!)).length;
      op.attributes.set("init", integerAttr(init, i32));
    });
  }

  expect(raised).toBeGreaterThan(400);
});
