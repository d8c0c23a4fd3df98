import type { Target } from "@aiekit/core";
import type { Device } from "./device.ts";

/** Which builds a device executes: `sim` wherever the array is simulated, its generation on an NPU. */
export function targetOf(device: Device): Target {
  return device.target ?? (device.kind === "sim" ? "sim" : device.generation);
}
