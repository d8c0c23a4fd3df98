import { executorContract } from "../executor-contract.test-support.ts";
import { noOnnxRuntime, testCpuExecutor } from "./cpu-model.test-support.ts";

executorContract({
  name: "cpu",
  open: testCpuExecutor,
  // PyTorch's part, and as much again for the roundings of onnxruntime.
  tolerance: 8e-5,
  // Sums of a batch are taken in another order: 2^-24 of values up to 30, some 20 times.
  batchTolerance: 4e-5,
  skipReason: noOnnxRuntime,
});
