import type { ConfiguredArray } from "./array.ts";
import type { Core } from "./core.ts";
import { SimFault } from "./fault.ts";
import { endlessHint } from "./kernel-fault.ts";

/** Of faults of kernels that were under way together, the one that comes first on one thread. */
export function firstFault(cores: readonly Core[], error: unknown): unknown {
  const began = cores.filter((core) => core.underWay !== undefined);
  began.sort((a, b) => a.underWay!.order - b.underWay!.order);
  for (const core of began) {
    try {
      core.settle();
    } catch (first) {
      return first;
    }
  }
  return error;
}

/** A turn was ended by the clock: its kernel has no budget for its loops, and did not return. */
export function endlessKernel({ clock, cores, threads }: ConfiguredArray, limitMs: number): SimFault {
  const working = threads?.working;
  const core = cores.find((one) => (working ? one.threads?.core === working : one === clock.current));
  const who = core?.kernel === undefined ? "a core" : `kernel ${core.kernel} on ${core.agentName}`;
  return new SimFault(
    `${who} did not return within ${limitMs} ms`,
    { kind: "kernel-endless", cycle: core?.underWay?.since ?? clock.now, ...(core && { tile: core.tile }) },
    { hint: endlessHint },
  );
}
