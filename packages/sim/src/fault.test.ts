import type { TxnOp } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { SimFault } from "./fault.ts";
import { arrayOf, bytesOf, coreDesign, inAndOut, insts, sync, transfer } from "./lowered-design.test-support.ts";

const copy = `
  %_n = arith.constant 16 : index
  scf.for %_i = %c0 to %_n step %c1 {
    %_x = memref.load %in[%_i] : memref<16xi32>
    memref.store %_x, %out[%_i] : memref<16xi32>
  }`;

function design(work = copy): string {
  const object = { inputBytes: 64, outputBytes: 64, inputElements: 16, outputElements: 16 };
  return coreDesign({ input: "memref<16xi32>", output: "memref<16xi32>", ...object, work });
}

async function fault(ops: readonly (TxnOp | readonly TxnOp[])[], text = design()): Promise<SimFault> {
  const buffers = [bytesOf(new Int32Array(64)), bytesOf(new Int32Array(64))];
  const failed = await arrayOf(text)
    .run({ insts: insts(...ops), buffers })
    .catch((error: unknown) => error);
  if (!(failed instanceof SimFault)) throw new Error(`expected a SimFault, got ${String(failed)}`);
  return failed;
}

const send = (bd: number, lengthWords = 16) => transfer({ direction: "MM2S", bd, argIndex: 0, lengthWords });
const receive = (bd: number, lengthWords = 16) => transfer({ direction: "S2MM", bd, argIndex: 1, lengthWords });

test("the fifth outstanding task of a channel overflows its queue of four", async () => {
  const failed = await fault([0, 1, 2, 3, 4].map((bd) => receive(bd)));

  expect(failed.fault).toMatchObject({ kind: "queue-overflow", tile: { col: 0, row: 0 } });
  expect(failed.message).toContain("DMA S2MM 0 of tile (0,0): task queue holds 4 tasks");
});

test("a BD that is written again while its task waits is a fault; behind a sync it is not", async () => {
  const failed = await fault([receive(1), receive(1)]);
  const fine = arrayOf(design()).run({
    insts: insts(receive(1), send(0), sync("S2MM"), receive(1), send(0), sync("S2MM")),
    buffers: [bytesOf(new Int32Array(64)), bytesOf(new Int32Array(64))],
  });

  expect(failed.fault.kind).toBe("bd-in-use");
  expect(failed.message).toContain("BD 1 of tile (0,0) is written again while DMA S2MM 0 of tile (0,0)");
  await expect(fine).resolves.toMatchObject({ openTransfers: [], warnings: [] });
});

test("a BD that was never written cannot be started", async () => {
  const failed = await fault([{ op: "write32", address: 0x1d204, value: 7 }]);

  expect(failed.fault.kind).toBe("bd-invalid");
  expect(failed.message).toContain("BD 7 of tile (0,0) is started, but was never written");
});

test("a shim BD without an address patch has no host address", async () => {
  const [write, , push] = receive(1);

  expect((await fault([write!, push!])).message).toContain("BD 1: has no host address");
});

test("reads and writes outside a host buffer name argument, size and bytes", async () => {
  const read = await fault([transfer({ direction: "MM2S", bd: 0, argIndex: 0, offsetBytes: 192, lengthWords: 17 })]);
  const iterated = await fault([
    transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 16, repeat: { count: 3, strideWords: 32 } }),
    receive(1, 48),
    sync("S2MM"),
  ]);

  expect(read.message).toContain("reads bytes 192..259 of host argument 0, which has 256 bytes");
  expect(read.fault.argument).toEqual({ index: 0, bytes: 256, firstByte: 192, lastByte: 259 });
  expect(iterated.fault.argument).toMatchObject({ firstByte: 256, lastByte: 319 });
});

test("a lock that the stream sets beyond 63 is a fault", async () => {
  const failed = await fault([{ op: "write32", address: (2 << 20) + 0x1f000, value: 64 }]);

  expect(failed.fault.kind).toBe("lock-range");
  expect(failed.message).toContain("instruction stream: lock in_cons_prod_lock_0");
});

test("a core that releases without end leaves 0..63", async () => {
  const failed = await fault(
    [sync("S2MM")],
    design().replace(
      "%pass = ",
      "%more = %c0 to %forever step %c1 {\n aie.use_lock(%out_cons_lock_0, Release, 1)\n }\n scf.for %pass = ",
    ),
  );

  expect(failed.fault).toMatchObject({ kind: "lock-range", tile: { col: 0, row: 2 } });
  expect(failed.message).toMatch(/^core \(0,2\): lock out_cons_lock_0 .* would become 64/);
});

test("an argument that the run does not have is refused by number", async () => {
  const run = arrayOf(design()).run({ insts: insts(receive(1)), buffers: [bytesOf(new Int32Array(64))] });

  await expect(run).rejects.toThrow("uses host argument 1, the run has 1 buffers");
});

test("a register outside of what is simulated is a warning, an address outside the device a fault", async () => {
  const array = arrayOf(design());
  const report = await array.run({
    insts: insts({ op: "write32", address: (2 << 20) + 0x31500, value: 1 }),
    buffers: [],
  });

  expect(report.warnings).toEqual(["instruction stream writes register 0x31500 of tile (0,2), which is not simulated"]);
  expect((await fault([{ op: "write32", address: 9 << 25, value: 1 }])).fault.kind).toBe("register-unmodelled");
});

test("after a fault the array refuses further runs and says why", async () => {
  const array = arrayOf(design());
  const input = new Int32Array(64);
  await array.run({ insts: insts({ op: "write32", address: 0x1d204, value: 7 }), buffers: [] }).catch(() => undefined);

  await expect(array.run(inAndOut(input, new Int32Array(64)))).rejects.toThrow(/stopped in an earlier run: .*BD 7/);
});

test("an output that nobody awaits is in the report, and a warning, with the words that are missing", async () => {
  const report = await arrayOf(design()).run({
    insts: insts(receive(1, 64)),
    buffers: [bytesOf(new Int32Array(64)), bytesOf(new Int32Array(64))],
  });

  expect(report.openTransfers).toEqual([
    { tile: { col: 0, row: 0 }, direction: "S2MM", channel: 0, argIndex: 1, remainingWords: 64 },
  ]);
  expect(report.warnings[0]).toContain("ended with 64 words of host argument 1 still to be written");
});

test("a BD of a tile that reaches behind its data memory, or has no length, is a fault when it is started", async () => {
  const bd = (tile: number) => (tile << 20) + 0x1d000 + 0x20 * 9;
  const queue = (2 << 20) + 0x1de1c;
  const write = (length: number): TxnOp => ({
    op: "blockwrite",
    address: bd(2),
    words: [2 ** 14 * 16380 + length, 0, 0, 0, 0, 2 ** 25],
  });

  const beyond = await fault([write(5), { op: "write32", address: queue, value: 9 }]);
  const empty = await fault([write(0), { op: "write32", address: queue, value: 9 }]);

  expect(beyond.fault).toMatchObject({ kind: "memory-bounds", tile: { col: 0, row: 2 } });
  expect(beyond.message).toContain("reaches byte 65539, the tile has 65536 bytes");
  expect(empty.message).toContain("BD 9 of tile (0,2): its length is 0");
});
