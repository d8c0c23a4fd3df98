import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { fixture, optionalData } from "./optional-data.test-support.ts";
import { decodeTxn, type TxnOp } from "./txn.ts";
import { unawaitedOutputs, unawaitedText } from "./unawaited-outputs.ts";

const bdAddress = (id: number) => 0x1d000 + id * 0x20;
const bd = (id: number, argIndex: number, lock = 0): TxnOp[] => [
  { op: "blockwrite", address: bdAddress(id), words: [16, 0, 0, 0, 0x80000000, 0, 0, 0x02000000 + (lock << 18)] },
  { op: "addressPatch", address: bdAddress(id) + 4, argIndex, argPlus: 0 },
];
const push = (id: number, { token }: { token: boolean }): TxnOp => ({
  op: "write32",
  address: 0x1d204,
  value: (id + (token ? 2 ** 31 : 0)) >>> 0,
});
const sync: TxnOp = { op: "sync", direction: 0, col: 0, row: 0, channel: 0, cols: 1, rows: 1 };
const two = [...bd(0, 1), ...bd(1, 2), push(0, { token: true }), push(1, { token: true })];
const argsOf = (ops: readonly TxnOp[]) => unawaitedOutputs(ops).map(({ argIndex }) => argIndex);

test("two transfers of a channel with a token each need two waits", () => {
  expect(argsOf(two)).toEqual([1, 2]);
  expect(argsOf([...two, sync])).toEqual([2]);
  expect(argsOf([...two, sync, sync])).toEqual([]);
});

test("a transfer without a token is told by the wait for a later one, and not by one for an earlier", () => {
  const [silent, telling] = [push(0, { token: false }), push(1, { token: true })];
  const bds = [...bd(0, 1), ...bd(1, 2)];

  expect(argsOf([...bds, silent, telling, sync])).toEqual([]);
  expect(unawaitedOutputs([...bds, telling, silent, sync]).map((one) => unawaitedText(one))).toEqual([
    "S2MM 0 of tile (0,0) writes bo1 with BD 0, and nothing waits for it; it gives no token that a wait could take",
  ]);
});

test("silence for a BD that releases a lock, for buffers of traces, and for tokens of an earlier stream", () => {
  const one = [...bd(0, 1), push(0, { token: false })];
  const trace: TxnOp = { op: "write32", address: 2 * 2 ** 20 + 0x340d0, value: 0x10000 };

  expect(argsOf(one)).toEqual([1]);
  expect(argsOf([...bd(0, 1, 1), push(0, { token: false })])).toEqual([]);
  expect(argsOf([trace, ...one])).toEqual([]);
  expect(argsOf([trace, ...bd(0, 1), push(0, { token: true })])).toEqual([1]);
  expect(argsOf([sync, ...one])).toEqual([]);
});

const streams = readdirSync(new URL("../fixtures/insts", import.meta.url)).map((file) => [file, `insts/${file}`]);

test.each(streams)("%s of aie-translate waits for all outputs, and without any of these waits not", (file, path) => {
  const { ops } = decodeTxn(fixture(path!), file);

  expect(unawaitedOutputs(ops)).toEqual([]);
  for (const wait of ops) {
    if (wait.op !== "sync" || wait.direction !== 0 || wait.row > 0) continue;
    expect(argsOf(ops.filter((op) => op !== wait)).length).toBeGreaterThan(0);
  }
});

test("streams of other projects wait for all their outputs", ({ skip }) => {
  const { files, skipReason } = optionalData("insts");
  skip(skipReason !== undefined, skipReason);

  for (const path of files) {
    const { ops } = decodeTxn(new Uint8Array(readFileSync(path)), basename(path));
    expect(unawaitedOutputs(ops), basename(path)).toEqual([]);
  }
});
