import type { ArrayReport, ChannelReport, CoreReport, KernelReport, PathReport, WaitReport } from "@aiekit/host";

/** A core of a run of 1,000 cycles, of which it waits for what the other parts leave. */
export function coreReport(kernels: readonly KernelReport[], given: Partial<CoreReport> = {}): CoreReport {
  const busyCycles = given.busyCycles ?? kernels.reduce((sum, { cycles }) => sum + cycles, 0);
  const lockCycles = 1000 - busyCycles - (given.endedCycles ?? 0);
  return { endedCycles: 0, waits: [], ...given, busyCycles, lockCycles, kernels };
}

export function channelReport(
  direction: "S2MM" | "MM2S",
  words: number,
  given: Partial<ChannelReport> = {},
): ChannelReport {
  const parts = { busyCycles: words, startCycles: 0, lockCycles: 0, peerCycles: 0, idleCycles: 1000 - words };
  return { direction, channel: 0, name: undefined, peers: [], words, waits: [], ...parts, ...given };
}

export function wait(name: string, cycles: number, given: Partial<WaitReport> = {}): WaitReport {
  return { kind: "fifo", flow: "in", name, times: 1, cycles, ...given };
}

export function step(who: string, cycles: number, given: Partial<PathReport> = {}): PathReport {
  return { kind: "core", tile: undefined, ends: [], who, what: "k", times: 1, cycles, ...given };
}

export function runReport(tiles: ArrayReport["tiles"], path?: readonly PathReport[]): ArrayReport {
  return {
    cycles: 1000,
    instructions: 1,
    wordsMoved: 0,
    tiles,
    openTransfers: [],
    warnings: [],
    ...(path && { path }),
  };
}
