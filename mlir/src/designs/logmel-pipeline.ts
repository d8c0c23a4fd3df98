import type { CoreBuilder } from "../builder/core-builder.ts";
import type { DesignBuilder } from "../builder/design-builder.ts";
import type { BufferHandle, FifoHandle, KernelHandle, LockHandle, TileHandle } from "../builder/handles.ts";
import type { Value } from "../ir/operation.ts";
import { f32, i16, i32, index, type MemRefType, memref } from "../ir/types.ts";
import { batchFrames, batchSamples } from "./logmel-windows.ts";

/** One column of the array: sound in, features out, features back in and out again. */
export interface LogmelPipeline {
  readonly pcm: FifoHandle;
  readonly features: FifoHandle;
  readonly back: FifoHandle;
  /** The cores of the spectrum's parts, and the core of the bands. */
  readonly spectrum: readonly CoreStart[];
  readonly bands: CoreStart;
}

/** What a core waits for: a sequence writes `parameters`, then sets `lock` to 1. */
export interface CoreStart {
  readonly parameters: BufferHandle;
  readonly lock: LockHandle;
}

/** Words of the parameters. Spectrum: as in kernels/logmel/fold.h. Bands: batches, then objects to clamp. */
export const spectrumParameters = { batches: 0, lead: 1, tail: 2 } as const;
export const bandsParameters = { batches: 0, objects: 1 } as const;
const parameterWords = memref([8], i32);

/** Rows of a part of the spectrum: bins 0..100, and zeros up to whole tiles of the matrix unit. */
const partRows = 104;
const stackBytes = 6144;

interface LogmelTypes {
  readonly pcm: MemRefType;
  readonly odd: MemRefType;
  readonly even: MemRefType;
  readonly features: MemRefType;
}

interface LogmelKernels {
  readonly types: LogmelTypes;
  readonly odd: KernelHandle;
  readonly cos: KernelHandle;
  readonly sin: KernelHandle;
  readonly bands: KernelHandle;
  readonly loudest: KernelHandle;
  readonly join: KernelHandle;
  readonly clamp: KernelHandle;
}

export function logmelKernels(d: DesignBuilder, mels: number, dtype: "i16" | "f32"): LogmelKernels {
  const types = {
    pcm: memref([batchSamples], dtype === "f32" ? f32 : i16),
    odd: memref([2, partRows, batchFrames], f32),
    even: memref([partRows, batchFrames], f32),
    features: memref([mels, batchFrames], f32),
  };
  const { pcm, odd, even, features } = types;
  const spectrum = (part: string, out: MemRefType) =>
    d.kernel(`logmel_${part}_${dtype}`, [pcm, out, parameterWords, i32], { object: `logmel_${part}.o` });
  const object = { object: "logmel_bands.o" };
  return {
    types,
    odd: spectrum("odd", odd),
    cos: spectrum("cos", even),
    sin: spectrum("sin", even),
    bands: d.kernel(`logmel_bands${mels}_f32`, [odd, even, even, features, i32], object),
    loudest: d.kernel("logmel_loudest_f32", [features, i32], object),
    join: d.kernel("logmel_join_f32", [features, i32], object),
    clamp: d.kernel("logmel_clamp_f32", [features, features, i32], object),
  };
}

/**
 * Column `col` of `columns`. The core of the bands is a neighbour of those of the odd samples and of the cosine: their
 * results lie in its memory, for the basis fills 43 KB of each of theirs. Those of the sine come by DMA.
 */
export function logmelPipeline(
  d: DesignBuilder,
  { col, columns, kernels }: { readonly col: number; readonly columns: number; readonly kernels: LogmelKernels },
): LogmelPipeline {
  const { types } = kernels;
  const shim = d.tile(col, 0);
  const tileOf = (row: number) => d.tile(col, row, { allocationScheme: "basic-sequential" });
  const [sinTile, oddTile, bandsTile, cosTile] = [tileOf(2), tileOf(3), tileOf(4), tileOf(5)];
  const pcm = d.objectFifo({
    name: `pcm_${col}`,
    producer: shim,
    consumers: [oddTile, cosTile, sinTile],
    // The even parts take half as long as the odd one: they need no second object to keep it busy.
    depth: [2, 2, 1, 1],
    element: types.pcm,
  });
  const toBands = { consumers: [bandsTile], depth: 2, allocateOn: bandsTile };
  const odd = d.objectFifo({ ...toBands, name: `odd_${col}`, producer: oddTile, element: types.odd });
  const cos = d.objectFifo({ ...toBands, name: `cos_${col}`, producer: cosTile, element: types.even });
  const sin = d.objectFifo({
    name: `sin_${col}`,
    producer: sinTile,
    consumers: [bandsTile],
    depth: [1, 2],
    element: types.even,
  });
  const host = { depth: 2, element: types.features };
  const features = d.objectFifo({ ...host, name: `features_${col}`, producer: bandsTile, consumers: [shim] });
  const back = d.objectFifo({ ...host, name: `back_${col}`, producer: shim, consumers: [bandsTile] });

  const spectrum = [
    { tile: oddTile, kernel: kernels.odd, output: odd },
    { tile: cosTile, kernel: kernels.cos, output: cos },
    { tile: sinTile, kernel: kernels.sin, output: sin },
  ].map((part) => spectrumCore(d, { ...part, input: pcm }));
  const bands = bandsCore(d, { tile: bandsTile, columns, kernels, parts: [odd, cos, sin], features, back });
  return { pcm, features, back, spectrum, bands };
}

interface SpectrumCore {
  readonly tile: TileHandle;
  readonly kernel: KernelHandle;
  readonly input: FifoHandle;
  readonly output: FifoHandle;
}

function spectrumCore(d: DesignBuilder, { tile, kernel, input, output }: SpectrumCore): CoreStart {
  const start = coreStart(d, tile);
  d.core(tile, { stackBytes, choosesObjectsAtRunTime: true }, (core) => {
    core.forever(() => {
      core.useLock(start.lock, "AcquireGreaterEqual");
      core.repeatTimes(parameter(core, start, spectrumParameters.batches), (i) => {
        const from = core.acquire(input, "Consume");
        const to = core.acquire(output, "Produce");
        core.call(kernel, [from, to, start.parameters.value, core.cast(i, i32)]);
        core.release(input, "Consume");
        core.release(output, "Produce");
      });
    });
  });
  return start;
}

interface BandsCore {
  readonly tile: TileHandle;
  readonly columns: number;
  readonly kernels: LogmelKernels;
  readonly parts: readonly FifoHandle[];
  readonly features: FifoHandle;
  readonly back: FifoHandle;
}

function bandsCore(d: DesignBuilder, { tile, columns, kernels, parts, features, back }: BandsCore): CoreStart {
  const start = coreStart(d, tile);
  const [mels, frames] = kernels.types.features.shape as [number, number];
  d.core(tile, { stackBytes, choosesObjectsAtRunTime: true }, (core) => {
    const elements = core.constant(mels * frames, i32);
    core.forever(() => {
      core.useLock(start.lock, "AcquireGreaterEqual");
      core.repeatTimes(parameter(core, start, bandsParameters.batches), (i) => {
        const from = parts.map((part) => core.acquire(part, "Consume"));
        const to = core.acquire(features, "Produce");
        core.call(kernels.bands, [...from, to, core.cast(i, i32)]);
        for (const part of parts) core.release(part, "Consume");
        core.release(features, "Produce");
      });

      core.call(kernels.loudest, [core.acquire(features, "Produce"), elements]);
      core.release(features, "Produce");
      core.repeat(columns, (i) => {
        core.call(kernels.join, [core.acquire(back, "Consume"), core.cast(i, i32)]);
        core.release(back, "Consume");
      });

      core.repeatTimes(parameter(core, start, bandsParameters.objects), () => {
        const from = core.acquire(back, "Consume");
        const to = core.acquire(features, "Produce");
        core.call(kernels.clamp, [from, to, elements]);
        core.release(back, "Consume");
        core.release(features, "Produce");
      });
    });
  });
  return start;
}

function coreStart(d: DesignBuilder, tile: TileHandle): CoreStart {
  const { col, row } = tile;
  return {
    parameters: d.buffer({ tile, name: `parameters_${col}_${row}`, type: parameterWords, initialValues: 0 }),
    lock: d.lock({ tile, name: `start_${col}_${row}`, init: 0 }),
  };
}

function parameter(core: CoreBuilder, { parameters }: CoreStart, word: number): Value {
  return core.load(parameters.value, [core.constant(word, index)]);
}
