import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeTxn, encodeTxn } from "@aiekit/xclbin";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fixture, oneCoreDesign, type SimFolder, sendAndAwait, simFolder } from "./sim.test-support.ts";

let folder: SimFolder;
beforeAll(async () => {
  folder = await simFolder();
});
afterAll(() => folder.remove());

const passthrough = fixture("passthrough-compute-i32.mlir");
const copy = `scf.for %i = %c0 to %c16 step %c1 {
          %x = memref.load %ei[%i] : memref<16xi32>
          memref.store %x, %eo[%i] : memref<16xi32>
        }`;

test("arguments without a file are listed with their types, and the hint is a command that runs", async () => {
  const first = await folder.sim(passthrough, "--runs", "2");

  expect(first.code).toBe(2);
  expect(first.stderr).toContain("no file for input %A: i32[1024], output %B: i32[1024]");
  const hint = /^hint: aiekit sim (.*)$/m.exec(first.stderr)?.[1] ?? "";
  const second = await folder.sim(...hint.split(" "));
  expect(second.code).toBe(0);
  expect([...(await folder.read("B.npy"))]).toEqual(new Array(1024).fill(0));
});

test("files beyond the arguments and names that no argument has are refused with the list of arguments", async () => {
  const more = await folder.sim(passthrough, "--in", "zeros", "--in", "zeros", "--out", "b.npy");
  const wrong = await folder.sim(passthrough, "--in", "Q=zeros", "--out", "b.npy");

  expect([more.code, wrong.code]).toEqual([2, 2]);
  expect(more.stderr).toContain("the sequence has 1 input(s), got 2 file(s)");
  expect(wrong.stderr).toContain("the sequence has no input of that name");
  expect(wrong.stderr).toContain("arguments: %A: i32[1024] in, %B: i32[1024] out");
});

test("an input of another size or type is refused with both shapes", async () => {
  await folder.writeArray("short.npy", "i32", new Int32Array(1000));
  await folder.writeArray("floats.npy", "f32", new Float32Array(1024));

  const short = await folder.sim(passthrough, "--in", "short.npy", "--out", "b.npy");
  const floats = await folder.sim(passthrough, "--in", "floats.npy", "--out", "b.npy");

  expect([short.code, floats.code]).toEqual([3, 3]);
  expect(short.stderr).toContain("%A (short.npy): expected i32[1024] of 4096 bytes, got i32[1000] of 4000 bytes");
  expect(floats.stderr).toContain(
    "got f32[1024] of 4096 bytes\nhint: if these are the right bits: array.view(np.int32)",
  );
});

test("text that does not parse is refused with line, column and a caret; what is not valid with the verifier's words", async () => {
  await folder.write("syntax.mlir", "module {\n  aie.device(npu1_1col) {\n    %t = aie.tile(0 2)\n  }\n}\n");
  await folder.write("invalid.mlir", "module {\n  aie.device(npu1_1col) {\n    %t = aie.tile(0, 9)\n  }\n}\n");

  const syntax = await folder.sim("syntax.mlir");
  const invalid = await folder.sim("invalid.mlir");

  expect([syntax.code, invalid.code]).toEqual([3, 4]);
  expect(syntax.stderr).toMatch(/syntax\.mlir:3:21: expected ','.*\n {4}%t = aie\.tile\(0 2\)\n {20}\^/);
  expect(invalid.stderr).toMatch(/invalid\.mlir:3:\d+: error: /);
});

test("a design that is said to be lowered and is not, and one without a sequence, say what to do", async () => {
  await folder.write("empty.mlir", "module {\n  aie.device(npu1_1col) {\n  }\n}\n");

  const fifos = await folder.sim(passthrough, "--lowered", "--in", "zeros", "--out", "b.npy");
  const empty = await folder.sim("empty.mlir");
  const many = await folder.sim(fixture("two-sequences.mlir"));
  const unknown = await folder.sim(passthrough, "--sequence", "nope");

  expect([fifos.code, empty.code, many.code, unknown.code]).toEqual([2, 2, 2, 2]);
  expect(fifos.stderr).toContain("hint: leave --lowered out");
  expect(empty.stderr).toContain("expected an aie.runtime_sequence, found none");
  expect(many.stderr).toContain("which of the runtime sequences @forward, @twice is to run?");
  expect(unknown.stderr).toContain("expected a runtime sequence @nope, found @sequence");
});

test("a stream of another design that uses more arguments is refused", async () => {
  const insts = fixture("sequence-five-arguments.insts.bin");

  const { code, stderr } = await folder.sim(fixture("sequence-one-argument.mlir"), "--insts", insts);

  expect(code).toBe(4);
  expect(stderr).toContain("the instruction stream uses argument 4, the sequence has 1 argument(s)");
});

test("a stream that waits for more than the host sends is explained as a deadlock, and no file is written", async () => {
  const sequence = sendAndAwait.replace("[1, 1, 1, 32]", "[1, 1, 1, 16]");
  await folder.write("starve.mlir", oneCoreDesign({ work: copy, sequence }));

  const { code, stderr } = await folder.sim("starve.mlir", "--in", "zeros", "--out", "starved.npy");

  expect(code).toBe(5);
  expect(stderr).toContain("deadlock: nothing can move");
  expect(stderr).toContain("core (0,2) waits for");
  expect(existsSync(join(folder.path, "starved.npy"))).toBe(false);
});

test("an output of which half is written is a warning with the byte where that begins", async () => {
  const half = sendAndAwait.replaceAll("[1, 1, 1, 32]", "[1, 1, 1, 16]");
  await folder.write("half.mlir", oneCoreDesign({ work: copy, sequence: half }));

  const { code, stderr } = await folder.sim("half.mlir", "--in", "zeros", "--out", "half.npy");

  expect(code).toBe(0);
  expect(stderr).toContain("warning: output %b: 64 of 128 bytes, from byte 64 on, were not written");
});

test("an output that the sequence does not await and that is never written is an error", async () => {
  const sequence = sendAndAwait.replace("aiex.npu.dma_wait {symbol = @out}", "").replace(/^.*%a\[.*$/m, "");
  await folder.write("silent.mlir", oneCoreDesign({ work: copy, sequence }));

  const { code, stderr } = await folder.sim("silent.mlir", "--out", "b.npy");

  expect(code).toBe(5);
  expect(stderr).toContain("silent.mlir: sequence @sequence: output %b was never written");
});

test("an output that comes in time and that nothing awaits is a warning, of the design or of its stream", async () => {
  const awaited = oneCoreDesign({ work: copy, sequence: sendAndAwait });
  // Two more inputs fit into the array once the output has left it: their waits let it come in time.
  const more = [2, 3].map((id) => sendAndAwait.split("\n")[0]!.replace("id = 0", `id = ${id}`));
  const inputs = [...more, ...Array(3).fill("aiex.npu.dma_wait {symbol = @in}")].join("\n");
  const late = awaited
    .replace("metadata = @in}", "metadata = @in, issue_token = true}")
    .replace(
      "aiex.npu.dma_wait {symbol = @out}",
      inputs.replaceAll("metadata = @in}", "metadata = @in, issue_token = true}"),
    );
  await folder.write("late.mlir", late);
  await folder.write("awaited.mlir", awaited);
  const run = ["--in", "zeros", "--out", "late.npy"];

  const told = await folder.sim("late.mlir", ...run);
  const silent = await folder.sim("awaited.mlir", ...run);

  expect([told.code, silent.code]).toEqual([0, 0]);
  expect(told.stderr).toMatch(
    /^warning: late\.mlir:29:7: .*nothing waits for this transfer into %b \(BD 1, S2MM 0 of tile \(0,0\), @out\)/m,
  );
  expect(told.stderr).toContain("hint: add aiex.npu.dma_wait {symbol = @out} at the end of the sequence");
  expect(silent.stderr).not.toContain("nothing waits");
});

test("a stream made elsewhere in which nothing awaits the output is a warning", async () => {
  const insts = fixture("passthrough-compute-i32.insts.bin");
  const { ops, ...header } = decodeTxn(new Uint8Array(readFileSync(insts)));
  await writeFile(join(folder.path, "cut.bin"), encodeTxn({ ...header, ops: ops.filter(({ op }) => op !== "sync") }));
  const run = [passthrough, "--in", "zeros", "--out", "b.npy", "--insts"];

  const told = await folder.sim(...run, "cut.bin");
  const silent = await folder.sim(...run, insts);

  expect(told.stderr).toContain(
    "instruction stream: S2MM 0 of tile (0,0) writes %B with BD 1, and nothing waits for it",
  );
  expect(silent.stderr).not.toContain("nothing waits");
});
