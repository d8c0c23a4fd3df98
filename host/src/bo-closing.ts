import { DeviceError } from "@aiekit/core";

interface BoUse {
  readonly sizeBytes: number;
  /** Runs in flight that use it. */
  readonly users: number;
  /** Parts of it that are open. */
  readonly parts: number;
  /** What a part that outlives its BO does there. */
  readonly hint: string;
}

/** @throws DeviceError for a BO that runs or parts of it still need. */
export function checkClosable({ sizeBytes, users, parts, hint }: BoUse): void {
  if (users > 0) {
    throw new DeviceError(`BO of ${sizeBytes} bytes: close while ${users} run(s) in flight use it`, {
      hint: "wait for the run first: await run.wait()",
    });
  }
  if (parts > 0) {
    throw new DeviceError(`BO of ${sizeBytes} bytes: close while ${parts} part(s) of it are open`, { hint });
  }
}
