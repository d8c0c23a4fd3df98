import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ShapeError, type Tensor, tensor } from "@aiekit/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Device } from "./device.ts";
import { loadKernel } from "./load-kernel.ts";
import { loopbackInsts, loopbackXclbin, objectWords } from "./loopback.test-support.ts";
import { LoopbackBuild } from "./loopback-build.test-support.ts";
import { openDevice } from "./open-device.ts";
import { optionalFile } from "./optional-data.test-support.ts";
import { runOverUnits } from "./run-over-units.ts";

let folder: string;
let device: Device;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "aiekit-host-"));
  device = await openDevice("sim");
});

afterEach(async () => {
  await device.close();
  await rm(folder, { recursive: true });
});

const write: LoopbackBuild["write"] = (...args) => new LoopbackBuild(folder).write(...args);
const sequence: LoopbackBuild["sequence"] = (...args) => new LoopbackBuild(folder).sequence(...args);
const build: LoopbackBuild["manifest"] = (...args) => new LoopbackBuild(folder).manifest(...args);
const loop = (objects: number) => sequence(objects);

function ramp(objects: number) {
  const data = Int32Array.from({ length: objects * objectWords }, (_, i) => i * 3 + 1);
  return tensor("i32", [objects, objectWords], data);
}

test("11 objects through sequences of 1 and 4 come back unchanged, with modelled cycles of 5 launches", async () => {
  const kernel = await loadKernel(device, await build([await loop(1), await loop(4)]));

  const result = await runOverUnits(kernel, { in: ramp(11) });

  expect(result.outputs.out).toEqual(ramp(11));
  expect(result.launches.map(({ sequence: name }) => name)).toEqual([
    "objects_4",
    "objects_4",
    "objects_1",
    "objects_1",
    "objects_1",
  ]);
  // Each word passes a 32-bit stream, so a launch of 4 objects cannot take fewer cycles than its 256 words.
  expect(result.launches[0]!.run.modelled!.cycles).toBeGreaterThan(4 * objectWords);
  expect(result.modelled!.cycles).toBe(result.launches.reduce((sum, { run }) => sum + run.modelled!.cycles, 0));
  await kernel.close();
});

test("an ELF beside the instructions is used where it is asked for, and made where the build has none", async () => {
  const withElf = await build([await new LoopbackBuild(folder).sequenceWithElf(2)]);
  const [byDefault, asked] = [await loadKernel(device, withElf), await loadKernel(device, withElf, { flow: "elf" })];
  const made = await loadKernel(device, await build([await loop(2)]), { flow: "elf" });

  expect([byDefault.flow, asked.flow, made.flow]).toEqual(["insts", "elf", "elf"]);
  for (const kernel of [byDefault, asked, made]) {
    const { outputs } = await kernel.launch("objects_2", { in: ramp(2) });
    expect(outputs.out).toEqual(ramp(2));
    await kernel.close();
  }
});

test("a full ELF is refused where the build has none, and by the simulator, which runs none", async () => {
  const sequences = [await loop(2)];
  const builds = new LoopbackBuild(folder);
  const fullElf = await builds.write("loopback.elf", new Uint8Array(64));

  await expect(loadKernel(device, await build(sequences), { flow: "full-elf" })).rejects.toThrow(/has no full ELF/);
  const manifest = await build(sequences, { fullElf });
  await expect(loadKernel(device, manifest, { flow: "full-elf" })).rejects.toThrow(
    /loopback\.elf: the simulator runs no/,
  );
  expect((await loadKernel(device, manifest)).flow).toBe("insts");
});

test("an ELF that was changed after the build is refused before the device sees it", async () => {
  const manifest = await build([await new LoopbackBuild(folder).sequenceWithElf(2)]);
  await writeFile(join(folder, "objects_2.elf"), new Uint8Array(100));

  await expect(loadKernel(device, manifest, { flow: "elf" })).rejects.toThrow(/objects_2\.elf: expected sha256/);
});

test("launches of one kernel that are asked for at once take turns and do not mix their buffers", async () => {
  const kernel = await loadKernel(device, await build([await loop(1)]));
  const inputs = [1, 2, 3, 4].map((value) => tensor("i32", [1, objectWords], new Int32Array(objectWords).fill(value)));

  const results = await Promise.all(inputs.map((input) => kernel.launch("objects_1", { in: input })));

  expect(results.map(({ outputs }) => outputs.out)).toEqual(inputs);
});

test("results go into the tensors that are given for them, and a tensor that a launch made is never written again", async () => {
  const kernel = await loadKernel(device, await build([await loop(2)]));
  const out = tensor("i32", [2, objectWords]);
  for (const value of [1, 2]) {
    const input = tensor("i32", [2, objectWords], new Int32Array(2 * objectWords).fill(value));

    const { outputs } = await kernel.launch("objects_2", { in: input }, { outputs: { out } });

    expect(outputs.out).toBe(out);
    expect(out).toEqual(input);
  }
  const { outputs } = await kernel.launch("objects_2", { in: ramp(2) });
  await kernel.launch("objects_2", { in: tensor("i32", [2, objectWords]) });
  expect(outputs.out).toEqual(ramp(2));
});

test("a tensor for what is no output, or of another shape or type, is refused before the launch", async () => {
  const kernel = await loadKernel(device, await build([await loop(2)]));
  const launch = (outputs: Record<string, Tensor>) => kernel.launch("objects_2", { in: ramp(2) }, { outputs });

  await expect(launch({ in: ramp(2) })).rejects.toThrow("loopback: objects_2: no output named in: expected out");
  await expect(launch({ out: ramp(1) })).rejects.toThrow(/output out: expected i32\[2, \d+\], got i32\[1, \d+\]/);
  await expect(launch({ out: tensor("u32", [2, objectWords]) })).rejects.toThrow(/expected i32.*, got u32/);
});

test("an output that was never written leaves the tensor that was given for it as it was", async () => {
  const kernel = await loadKernel(device, await build([await sequence(2, loopbackInsts({ send: 1, fetch: 0 }))]));
  const out = ramp(2);

  await expect(kernel.launch("objects_2", { in: ramp(2) }, { outputs: { out } })).rejects.toThrow("never written");

  expect(out).toEqual(ramp(2));
});

test("an output that the design never writes is an error that names units, unless the guard is off", async () => {
  const kernel = await loadKernel(device, await build([await sequence(2, loopbackInsts({ send: 1, fetch: 0 }))]));

  await expect(kernel.launch("objects_2", { in: ramp(2) })).rejects.toThrow(
    "loopback: objects_2: output out was never written (2 of 2 units, first 0)",
  );
  await expect(kernel.launch("objects_2", { in: ramp(2) }, { guard: false })).resolves.toBeDefined();
});

test("a half-written output names the first unit that is missing", async () => {
  const kernel = await loadKernel(device, await build([await sequence(3, loopbackInsts({ send: 2, fetch: 2 }))]));

  await expect(kernel.launch("objects_3", { in: ramp(3) })).rejects.toThrow("(1 of 3 units, first 2)");
});

test("a file that differs from the manifest's sha256 is refused by name", async () => {
  const path = await build([await loop(1)]);
  const insts = await readFile(join(folder, "objects_1.bin"));
  insts[20]! ^= 1;
  await writeFile(join(folder, "objects_1.bin"), insts);

  await expect(loadKernel(device, path)).rejects.toMatchObject({
    code: "format",
    message: expect.stringMatching(/objects_1\.bin: expected sha256 [0-9a-f]{64} \(manifest\), got [0-9a-f]{64}/),
  });
});

test("a manifest that is missing, and one whose xclbin is missing, are refused with the path", async () => {
  await expect(loadKernel(device, join(folder, "none.json"))).rejects.toThrow("none.json: could not be read");

  const path = await build([await loop(1)]);
  await rm(join(folder, "loopback.xclbin"));
  await expect(loadKernel(device, path)).rejects.toThrow("loopback.xclbin: could not be read");
});

test.for([
  [
    "a_mliraie_2023_old_abi_1col",
    "foreign.xclbin: kernel MLIR_AIE: expected the arguments (opcode, instr, ninstr, bo0, ...), got (instr, ninstr, ",
  ],
  ["c_xdnaemu_2026_npu1_1col", "foreign.xclbin: its PDI (2640 bytes) is for hardware, not for the simulator"],
  ["e_flashattn_2026_npu2_8col", "foreign.xclbin: its PDI (53008 bytes) is for hardware, not for the simulator"],
] as const)(
  "a manifest that names another project's %s.xclbin is refused with what is wrong with it",
  async ([name, message], { skip }) => {
    const { bytes, skipReason } = optionalFile(`xclbin/${name}.xclbin`);
    skip(skipReason !== undefined, skipReason);
    const path = await build([await loop(1)], { xclbin: await write("foreign.xclbin", bytes) });

    await expect(loadKernel(device, path)).rejects.toMatchObject({
      code: "device",
      message: expect.stringContaining(message),
      hint: expect.any(String),
    });
  },
);

test("a manifest whose xclbin is cut off, and one whose xclbin is text, are refused as a format error", async () => {
  const whole = loopbackXclbin();
  const damaged: readonly [Uint8Array, string][] = [
    [whole.subarray(0, 500), `damaged.xclbin: header: file of ${whole.length} bytes`],
    [new TextEncoder().encode("no xclbin"), "damaged.xclbin: expected an xclbin"],
  ];
  for (const [bytes, message] of damaged) {
    const path = await build([await loop(1)], { xclbin: await write("damaged.xclbin", bytes) });

    await expect(loadKernel(device, path)).rejects.toMatchObject({
      code: "format",
      message: expect.stringContaining(message),
    });
  }
});

test("a manifest for hardware is refused on the simulator with the command that builds the right one", async () => {
  const path = await build([await loop(1)], { target: "npu1" });

  await expect(loadKernel(device, path)).rejects.toMatchObject({
    message: expect.stringContaining("built for target npu1, the device is sim"),
    hint: "build it for this device: aiekit build loopback --target sim",
  });
});

test("a manifest that names a kernel that the xclbin lacks gives its context back", async () => {
  const path = await build([await loop(1)], { xclbinKernel: "OTHER" });

  for (let i = 0; i < 8; i++) await expect(loadKernel(device, path)).rejects.toThrow("no such kernel 'OTHER'");
});

test("inputs of a wrong shape and an unknown sequence are refused", async () => {
  const kernel = await loadKernel(device, await build([await loop(2)]));

  await expect(kernel.launch("objects_2", { in: ramp(1) })).rejects.toThrow(
    new ShapeError("loopback: input in: expected i32[2, 64], got i32[1, 64]"),
  );
  await expect(kernel.launch("objects_9", { in: ramp(2) })).rejects.toThrow("no sequence named objects_9");
});

test("progress counts wanted units up to the total", async () => {
  const kernel = await loadKernel(device, await build([await loop(4)]));
  const seen: [number, number][] = [];

  await runOverUnits(kernel, { in: ramp(6) }, { onProgress: (done, total) => seen.push([done, total]) });

  expect(seen).toEqual([
    [4, 6],
    [6, 6],
  ]);
});

test("an array smaller than the host buffer is filled up with zeros on the way in and cut on the way out", async () => {
  const { insts, ...whole } = await loop(2);
  const [rows, words] = [1, objectWords - 5];
  const args = whole.args.map(({ units: _, ...arg }) => ({ ...arg, shape: [rows, words], padded: [2, objectWords] }));
  const kernel = await loadKernel(device, await build([{ ...whole, insts, units: 1, args }]));
  const array = tensor(
    "i32",
    [rows, words],
    Int32Array.from({ length: words }, (_, i) => i + 1),
  );

  const { outputs } = await kernel.launch("objects_2", { in: array });

  expect(outputs.out).toEqual(array);
  const given = tensor("i32", [rows, words]);
  await kernel.launch("objects_2", { in: array }, { outputs: { out: given } });
  expect(given).toEqual(array);
  await expect(kernel.launch("objects_2", { in: tensor("i32", [2, objectWords]) })).rejects.toThrow(
    `expected i32[1, ${words}], got i32[2, ${objectWords}]`,
  );
});

test("a sequence with more arguments than the xclbin's kernel takes is refused when it is loaded, with both numbers", async () => {
  const spec = await loop(1);
  const [, out] = spec.args;
  const path = await build([{ ...spec, args: [...spec.args, { ...out!, name: "more" }] }]);

  await expect(loadKernel(device, path)).rejects.toMatchObject({
    code: "format",
    message:
      "loopback: sequence objects_1 has 3 arguments, kernel MLIR_AIE of loopback.xclbin takes 2 buffers: there is no argument 5 for more",
    hint: expect.stringContaining("--force"),
  });
});
