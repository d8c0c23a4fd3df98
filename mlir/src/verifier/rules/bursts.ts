import type { Operation } from "../../ir/operation.ts";
import type { Check } from "../check.ts";

/** `burst_length`: one that the device's shim DMAs have; 0 is the longest. */
export function checkBurst(op: Operation, { device, error }: Check): void {
  const burst = op.int("burst_length") ?? 0;
  if (!device || burst === 0 || device.burstBytes.includes(burst)) return;
  const supported = device.burstBytes.join(" ");
  error(`Requested burst length is not supported by the target. Supported burst lengths: ${supported}`);
}
