import { dtypeBytes, elementCount, type UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import { walk } from "../ir/operation.ts";
import { memrefBytes } from "../ir/types.ts";
import { coreMemory } from "../lowering/core-memory.ts";
import { lowerDesign } from "../lowering/lower-design.ts";
import { lowerSequence } from "../lowering/sequence/lower-sequence.ts";
import { findKernel, registry } from "../registry.ts";
import { verify } from "../verifier/verify.ts";

const builds = registry.flatMap((kernel) => {
  const defaults = Object.fromEntries(kernel.params.map((p) => [p.name, p.default]));
  const tiles = kernel.params.find((p) => p.name === "tiles")?.choices ?? [1];
  return tiles.map((choice) => ({
    name: kernel.name,
    tiles: choice,
    design: kernel.design({ device: kernel.device, params: { ...defaults, tiles: choice } }),
  }));
});

test.each(builds)(
  "$name with tiles = $tiles verifies, lowers without warnings, and every sequence lowers",
  ({ design }) => {
    expect(verify(design.module)).toEqual([]);

    const lowered = lowerDesign(design.module);

    expect(lowered.warnings).toEqual([]);
    expect(verify(lowered.module)).toEqual([]);
    for (const { name } of design.sequences) {
      const ops = lowerSequence(lowered.module, name).regions[0]?.entry.ops.map((op) => op.name) ?? [];
      expect(ops.at(-1)).toBe("aiex.npu.sync");
    }
  },
);

test.each(builds)(
  "$name with tiles = $tiles: the manifest's arguments are the sequence's, byte for byte",
  ({ design }) => {
    for (const { name, args } of design.sequences) {
      const types = sequenceArguments(design.module, name);
      const declared = args.map((a) => elementCount(a.padded ?? a.shape) * dtypeBytes(a.dtype));
      expect(types).toEqual(declared);
    }
  },
);

test.each(builds)("$name with tiles = $tiles: units, hop and window give the shape of every argument", ({ design }) => {
  for (const { units, args } of design.sequences) {
    for (const { shape, units: span } of args.filter((arg) => arg.units !== undefined)) {
      expect(shape[span?.axis ?? 0]).toBe((units - 1) * (span?.hop ?? 0) + (span?.window ?? 0));
    }
  }
});

test.each(["npu1", "npu1_2col", "npu2", "npu2_1col"])("every kernel lowers for %s", (device) => {
  for (const { name, params, design } of registry) {
    const defaults = Object.fromEntries(params.map((p) => [p.name, p.default]));
    const { module, sequences } = design({ device, params: defaults });
    const lowered = lowerDesign(module).module;
    for (const sequence of sequences)
      expect(lowerSequence(lowered, sequence.name).name, name).toBe("aie.runtime_sequence");
  }
});

test("mel: 1024 frames of 400 samples overlap by 240: the last one ends with the last sample", () => {
  const { module } = findKernel("mel").design({ device: "npu1_1col", params: { tiles: 1 } });
  const transfer = transfersOf(module, "frames_1024")[0];

  expect(transfer).toEqual({ sizes: [1, 2, 512, 400], strides: [0, 512 * 160, 160, 1] });
  // Frame 1023 starts at 1023 · 160.
  expect(1 * 512 * 160 + 511 * 160).toBe(1023 * 160);
});

test("mel leaves more than half of a tile to the kernel's tables", () => {
  const { module } = lowerDesign(findKernel("mel").design({ device: "npu1_1col", params: { tiles: 1 } }).module);

  const { stackBytes, dataBase } = coreMemory(module, 0, 2);

  // Two frames of 400 and two rows of 80 16-bit numbers behind the stack.
  expect(dataBase).toBe(stackBytes + 2 * (800 + 160));
  expect(65536 - dataBase).toBeGreaterThan(32768);
});

test("mel over three tiles keeps power and band sums in memory that both neighbours reach: two flows only", () => {
  const { module } = lowerDesign(findKernel("mel").design({ device: "npu1_1col", params: { tiles: 3 } }).module);
  let flows = 0;
  walk(module, (op) => {
    if (op.name === "aie.flow") flows++;
  });

  expect(flows).toBe(2);
});

test("an unknown kernel is an error with the names that are near it", () => {
  expect(() => findKernel("fftt")).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(/^did you mean fft\?$/) }) as UsageError,
  );
});

function sequenceArguments(module: (typeof builds)[number]["design"]["module"], name: string): number[] {
  let bytes: number[] = [];
  walk(module, (op) => {
    if (op.name !== "aie.runtime_sequence" || op.text("sym_name") !== name) return;
    bytes = op.regions[0]?.entry.args.map((a) => (a.type.kind === "memref" ? memrefBytes(a.type) : 0)) ?? [];
  });
  return bytes;
}

function transfersOf(module: (typeof builds)[number]["design"]["module"], name: string) {
  const transfers: { sizes: number[]; strides: number[] }[] = [];
  walk(module, (op) => {
    if (op.name !== "aie.runtime_sequence" || op.text("sym_name") !== name) return;
    walk(op, (inner) => {
      const [sizes, strides] = ["static_sizes", "static_strides"].map((key) => {
        const attr = inner.attributes.get(key);
        return attr?.kind === "dense-array" ? attr.values.map(Number) : [];
      });
      if (inner.name === "aiex.npu.dma_memcpy_nd") transfers.push({ sizes: sizes ?? [], strides: strides ?? [] });
    });
  });
  return transfers;
}
