import { DeviceUnavailableError } from "@aiekit/core";
import { expect, test } from "vitest";
import { type Availability, choosePlacement, type ExecutorKind } from "./choose-placement.ts";

function machine(...kinds: readonly ExecutorKind[]): Record<ExecutorKind, Availability> {
  const of = (kind: ExecutorKind): Availability =>
    kinds.includes(kind) ? { available: true } : { available: false, reason: `no ${kind} here`, hint: `get ${kind}` };
  return { reference: of("reference"), cpu: of("cpu"), sim: of("sim"), xrt: of("xrt") };
}

test("auto takes the NPU, else onnxruntime, else plain TypeScript, never the simulator, and says why", () => {
  const chosen = (...kinds: readonly ExecutorKind[]) => choosePlacement({}, machine("reference", "sim", ...kinds));

  expect(chosen("cpu", "xrt")).toEqual({
    ...{ encoder: "xrt", decoder: "xrt", reasons: ["auto: encoder and decoder on xrt"] },
  });
  expect(chosen("cpu").reasons).toEqual(["auto: encoder and decoder on cpu; xrt: no xrt here"]);
  expect(chosen().reasons).toEqual(["auto: encoder and decoder on reference; xrt: no xrt here; cpu: no cpu here"]);
});

test("a part that is named goes there, the other where the device says; only what was chosen has a reason", () => {
  const available = machine("reference", "sim", "cpu");

  expect(choosePlacement({ device: "reference" }, available)).toEqual({
    ...{ encoder: "reference", decoder: "reference", reasons: [] },
  });
  expect(choosePlacement({ encoder: "sim", decoder: "cpu" }, available)).toEqual({
    ...{ encoder: "sim", decoder: "cpu", reasons: [] },
  });
  expect(choosePlacement({ encoder: "sim" }, available)).toEqual({
    ...{ encoder: "sim", decoder: "cpu", reasons: ["auto: decoder on cpu; xrt: no xrt here"] },
  });
  expect(choosePlacement({ device: "sim", decoder: "reference" }, available)).toMatchObject({
    ...{ encoder: "sim", decoder: "reference" },
  });
});

test("a device that was named and is not there is an error, not another device", () => {
  const available = machine("reference", "cpu");

  expect(() => choosePlacement({ device: "xrt" }, available)).toThrow(DeviceUnavailableError);
  expect(() => choosePlacement({ decoder: "sim" }, available)).toThrow("decoder: sim: no sim here");
});
