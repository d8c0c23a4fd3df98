import type { RunState } from "../device.ts";

/** States of a run that did not complete. */
export type FailedState = Extract<RunState, "ERROR" | "ABORT" | "TIMEOUT">;

/** ert.h's ERT_CMD_STATE_* as states of a run; NORESPONSE is what a dead firmware leaves. */
export function runStateOf(ertState: number): "COMPLETED" | FailedState {
  switch (ertState) {
    case 4:
      return "COMPLETED";
    case 6:
      return "ABORT";
    case 8:
      return "TIMEOUT";
    default:
      return "ERROR";
  }
}

/** What to do after a run that the NPU did not complete. */
export const stateHints: Readonly<Record<FailedState, string>> = {
  ERROR: "the firmware refused or failed the command; sudo dmesg | grep amdxdna says more",
  ABORT:
    "the driver dropped the command: an earlier one of the context failed, or the firmware does not fit the driver " +
    "(aiekit doctor)",
  TIMEOUT:
    "the driver stopped the command after its time limit (2 s by default): the design waits for data that never comes, " +
    "or a launch is too long; the simulator says which (--device sim)",
};
