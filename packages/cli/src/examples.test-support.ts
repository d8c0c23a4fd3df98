import { readFileSync } from "node:fs";
import { type Bo, type Device, type HwContext, openDevice } from "@aiekit/host";
import { coreMemory, type ExampleName, examples, lowerDesign, type Operation, printModule } from "@aiekit/mlir";
import { corePrograms, npuToBinary } from "@aiekit/tools";
import type { WasmClang } from "@aiekit/wasm-clang";
import { buildXclbin, encodeSimImage, npuKernelArgs } from "@aiekit/xclbin";

const device = "npu1_1col";
const kernelName = "MLIR_AIE";
const kernels = new URL("../../../kernels/examples/", import.meta.url);
const compileArgs = [
  "--target=wasm32-unknown-unknown",
  "-std=c++20",
  "-O2",
  "-ffreestanding",
  "-fno-exceptions",
  "-Wall",
];

/** An example built for the simulator and loaded there; what the array holds lasts from launch to launch. */
export interface LoadedExample {
  readonly lowered: Operation;
  /** Runs a sequence of the design; buffers in the order of its arguments, read and written in place. */
  readonly launch: (sequence: string, ...buffers: readonly Int32Array[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The whole way of a design: lowered, kernels compiled and linked for each core, packed, loaded by the simulated NPU. */
export async function loadExample(name: ExampleName, clang: WasmClang): Promise<LoadedExample> {
  const design = examples[name](device);
  const lowered = lowerDesign(design).module;
  const pdi = encodeSimImage({
    loweredMlir: printModule(lowered),
    device,
    ...(await linkCores(design, lowered, clang)),
  });
  const args = npuKernelArgs(5);
  const xclbin = buildXclbin({ kernelName, instanceName: "MLIRAIE", columns: 1, startColumns: [1], args, pdi });

  const npu = await openDevice("sim");
  const context = await npu.createContext(await npu.registerXclbin(xclbin));
  return {
    lowered,
    launch: (sequence, ...buffers) => launch({ npu, context, insts: npuToBinary(lowered, sequence), buffers }),
    close: () => npu.close(),
  };
}

async function linkCores(design: Operation, lowered: Operation, clang: WasmClang) {
  const modules: Uint8Array[] = [];
  const cores: { col: number; row: number; module: number }[] = [];
  for (const { col, row, functions, objects } of corePrograms(design)) {
    const compiled = await Promise.all(objects.map(async (o) => ({ name: o, bytes: await compileObject(o, clang) })));
    const linked = await clang.link({ objects: compiled, exports: functions, ...coreMemory(lowered, col, row) });
    cores.push({ col, row, module: modules.push(linked.module) - 1 });
  }
  return { modules, cores };
}

const objectsOf = new WeakMap<WasmClang, Map<string, Promise<Uint8Array>>>();

/** `scale.o` from kernels/examples/scale.cc, once for each compiler. */
function compileObject(object: string, clang: WasmClang): Promise<Uint8Array> {
  const known = objectsOf.get(clang) ?? new Map<string, Promise<Uint8Array>>();
  objectsOf.set(clang, known);
  const file = object.replace(/o$/, "cc");
  const text = readFileSync(new URL(file, kernels), "utf8");
  const source = { name: `kernels/examples/${file}`, text };
  const compiled =
    known.get(object) ?? clang.compile({ source, headers: new Map(), args: compileArgs }).then((c) => c.object);
  known.set(object, compiled);
  return compiled;
}

interface Launch {
  readonly npu: Device;
  readonly context: HwContext;
  readonly insts: Uint8Array;
  readonly buffers: readonly Int32Array[];
}

async function launch({ npu, context, insts, buffers }: Launch): Promise<void> {
  const kernel = context.kernel(kernelName);
  const instructions = await npu.allocBo(insts.length, { flags: "cacheable", group: kernel.groupId(1) });
  instructions.write(insts);
  await instructions.sync("toDevice");
  const bos: Bo[] = [];
  for (const [i, buffer] of buffers.entries()) {
    const bo = await npu.allocBo(buffer.byteLength, { flags: "hostOnly", group: kernel.groupId(3 + i) });
    bo.write(new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength));
    await bo.sync("toDevice");
    bos.push(bo);
  }
  await kernel.run(3, instructions, insts.length / 4, ...bos).finish();
  for (const [i, bo] of bos.entries()) {
    await bo.sync("fromDevice");
    buffers[i]?.set(new Int32Array(bo.read().buffer));
  }
}
