import { elementCount, type Tensor, tensor } from "@aiekit/core";
import { loadKernel, openDevice } from "@aiekit/host";
import { findKernel } from "@aiekit/mlir";
import { buildKernel } from "@aiekit/tools";
import { decodeTxn, hostTraffic } from "@aiekit/xclbin";
import { expect } from "vitest";

/** Parameters of a build of matmul, or of conv1d, which has no types to choose. */
export interface MatmulPlanCase {
  readonly kernel?: "matmul" | "conv1d";
  readonly npu: "npu1" | "npu2";
  readonly dtype?: string;
  readonly array: "tile" | "column" | "whole";
  readonly shapes: string;
  readonly plan?: "outputs" | "weights";
}

/** The estimate follows one core and one stream of each kind; the simulator has all of them. */
const share = 0.03;
/** A column's last core is told what to do 3 x 8 or 9 words of 20 cycles after its first, and the estimate waits for the last. */
const startCycles = 500;

/** Holds the plan of a build against its launches: estimated cycles against those of the simulator, bytes against the stream's. */
export async function expectPlanHolds({ kernel = "matmul", npu, ...params }: MatmulPlanCase): Promise<void> {
  const all = { tile: "auto", ...params };
  // Not the manifest's estimates: a build whose design is the same stays as it is when the model changes.
  const { sequences } = findKernel(kernel).design({ device: npu, params: all });
  const { manifestPath } = await buildKernel({ kernel, target: "sim", device: npu, params: all });
  const device = await openDevice("sim", { generation: npu });
  try {
    const loaded = await loadKernel(device, manifestPath);
    for (const { name, args, estimate } of sequences) {
      const { cycles: estimated, bytesToArray, bytesFromArray } = estimate!;
      const inputs = args.filter((arg) => arg.direction === "in").map((arg) => [arg.name, ones(arg)] as const);

      const { report } = await loaded.launch(name, Object.fromEntries(inputs));

      const { cycles } = report.run.modelled!;
      const traffic = hostTraffic(decodeTxn(loaded.insts(name)));
      const sum = (of: "bytesToArray" | "bytesFromArray") => traffic.reduce((total, one) => total + one[of], 0);
      expect.soft({ name, bytesToArray, bytesFromArray }).toEqual({
        name,
        bytesToArray: sum("bytesToArray"),
        bytesFromArray: sum("bytesFromArray"),
      });
      const allowed = Math.max(share * cycles, startCycles);
      const what = `${kernel} ${npu} ${params.dtype ?? ""} ${name}: estimated ${estimated} cycles, the simulator ${cycles}`;
      expect.soft(Math.abs(estimated - cycles), what).toBeLessThan(allowed);
    }
  } finally {
    await device.close();
  }
}

function ones({ dtype, shape }: { readonly dtype: string; readonly shape: readonly number[] }): Tensor {
  const length = elementCount(shape);
  if (dtype === "i16") return tensor("i16", shape, new Int16Array(length).fill(1));
  if (dtype === "f32") return tensor("f32", shape, new Float32Array(length).fill(1));
  if (dtype === "i8") return tensor("i8", shape, new Int8Array(length).fill(1));
  if (dtype === "i32") return tensor("i32", shape, new Int32Array(length).fill(1));
  return tensor("bf16", shape, new Uint16Array(length).fill(0x3f80));
}
