import { expect, test } from "vitest";
import { type LaunchEvent, tallyTracer } from "./launch-trace.ts";

const launch = (event: Partial<LaunchEvent>): LaunchEvent => ({
  ...{ part: "encoder", step: "0.qkv", kernel: "matmul", sequence: "8x8x8", parameters: {} },
  ...{ bytesToArray: 10, bytesFromArray: 4, wallMs: 1.5 },
  modelled: { cycles: 1000, clockHz: 1e9, seconds: 1e-6, launchSeconds: 5e-5, switchSeconds: 1e-3 },
  ...event,
});

test("launches are summed by part and by kernel, contexts are counted", () => {
  const tracer = tallyTracer();
  tracer.onContext?.({ action: "open", kernel: "a", open: 1, wallMs: 0 });
  tracer.onContext?.({ action: "open", kernel: "b", open: 2, wallMs: 0 });
  tracer.onContext?.({ action: "close", kernel: "a", open: 1, wallMs: 0 });
  tracer.onContext?.({ action: "open", kernel: "c", open: 2, wallMs: 0 });
  for (const part of ["encoder", "encoder", "head"] as const) {
    tracer.onLaunch?.(launch({ part, kernel: part === "head" ? "gemv" : "matmul" }));
  }

  const { parts, kernels, total, contextsOpened, mostContexts } = tracer.trace();

  expect([contextsOpened, mostContexts]).toEqual([3, 2]);
  expect(parts.encoder).toEqual({
    ...{ launches: 2, bytesToArray: 20, bytesFromArray: 8, wallMs: 3 },
    ...{ modelledCycles: 2000, modelledSeconds: 2e-6, modelledLaunchSeconds: 1e-4, modelledSwitchSeconds: 2e-3 },
  });
  expect(Object.keys(kernels)).toEqual(["matmul", "gemv"]);
  expect(total.launches).toBe(3);
});

test("one launch without a model leaves the sum without one", () => {
  const tracer = tallyTracer();
  for (const modelled of [launch({}).modelled, null, launch({}).modelled]) tracer.onLaunch?.(launch({ modelled }));

  expect(tracer.trace().total).toMatchObject({ launches: 3, modelledCycles: null, modelledSeconds: null });
});
