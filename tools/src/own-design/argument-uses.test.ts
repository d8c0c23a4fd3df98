import { deviceModel } from "@aiekit/mlir";
import { encodeTxn, type TxnOp } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { argumentUses } from "./argument-uses.ts";

// Addresses of shim (0,0): BDs at 0x1d000 in steps of 0x20, queues of S2MM 0 and MM2S 0 at 0x1d204 and 0x1d214.
const bd = (id: number): number => 0x1d000 + 0x20 * id;
const queue = { S2MM: 0x1d204, MM2S: 0x1d214 } as const;

interface BdWords {
  readonly next?: number;
  readonly argument: number;
}

const writeBd = (id: number, { next, argument }: BdWords): TxnOp[] => [
  {
    op: "blockwrite",
    address: bd(id),
    words: [64, 0, 0, 0, 0, 0, 0, next === undefined ? 0x02000000 : (0x06000000 | (next << 27)) >>> 0],
  },
  { op: "addressPatch", address: bd(id) + 4, argIndex: argument, argPlus: 0 },
];
const push = (direction: keyof typeof queue, id: number): TxnOp => ({
  op: "write32",
  address: queue[direction],
  value: (0x80000000 | id) >>> 0,
});
const uses = (...ops: readonly (TxnOp | readonly TxnOp[])[]): Record<string, string> => {
  const header = { major: 0, minor: 1, deviceGeneration: 3, rows: 6, cols: 1, memtileRows: 1 };
  const insts = encodeTxn({ ...header, ops: ops.flat() });
  return Object.fromEntries(argumentUses(insts, deviceModel("npu1_1col")));
};

test("a BD pushed to MM2S makes its argument an input, one pushed to S2MM an output", () => {
  expect(uses(writeBd(0, { argument: 0 }), writeBd(1, { argument: 1 }), push("MM2S", 0), push("S2MM", 1))).toEqual({
    0: "in",
    1: "out",
  });
});

test("an argument that is pushed both ways is both; one whose BD is never pushed is neither", () => {
  const both = [writeBd(3, { argument: 2 }), push("S2MM", 3), writeBd(3, { argument: 2 }), push("MM2S", 3)];

  expect(uses(...both, writeBd(4, { argument: 7 }))).toEqual({ 2: "inout" });
});

test("a BD that is written anew stands for the argument that it has when it is pushed", () => {
  const first = [writeBd(0, { argument: 5 }), push("MM2S", 0)];

  expect(uses(...first, writeBd(0, { argument: 6 }), push("S2MM", 0))).toEqual({ 5: "in", 6: "out" });
});

test("the arguments of a chain are those of all its BDs, and a chain that closes a circle ends", () => {
  const chain = [writeBd(0, { next: 9, argument: 0 }), writeBd(9, { next: 15, argument: 1 })];

  expect(uses(...chain, writeBd(15, { next: 0, argument: 2 }), push("S2MM", 0))).toEqual({
    0: "out",
    1: "out",
    2: "out",
  });
});
