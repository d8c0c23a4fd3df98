import type { ModelledTime, ParameterValues } from "@aiekit/host";

/** What a launch is for. `cross`: keys and values of the encoded window for the decoder, once a window. */
export const deviceParts = ["mel", "encoder", "cross", "decoder", "head"] as const;
export type DevicePart = (typeof deviceParts)[number];

/** One launch that completed. */
export interface LaunchEvent {
  readonly part: DevicePart;
  /** Name in the part: `0.qkv`. */
  readonly step: string;
  /** Name in the registry of kernels. */
  readonly kernel: string;
  readonly sequence: string;
  readonly parameters: ParameterValues;
  /** Between host memory and the array, from the instruction stream. */
  readonly bytesToArray: number;
  readonly bytesFromArray: number;
  /** On the simulator its own speed. */
  readonly wallMs: number;
  /** A model's answer, null on a device that measures instead. */
  readonly modelled: ModelledTime | null;
}

/** A hardware context was opened for a kernel, or closed because another needed its place. */
export interface ContextEvent {
  readonly action: "open" | "close";
  readonly kernel: string;
  /** Contexts that are open now. */
  readonly open: number;
  readonly wallMs: number;
}

/** Hears of what an executor does on its device. */
export interface DeviceTracer {
  onLaunch?(event: LaunchEvent): void;
  onContext?(event: ContextEvent): void;
}

/** Sums of launches; `modelledCycles` is null where one of them was not modelled. */
export interface LaunchTally {
  readonly launches: number;
  readonly bytesToArray: number;
  readonly bytesFromArray: number;
  readonly wallMs: number;
  readonly modelledCycles: number | null;
  /** Of the array alone, without what launches and switches of contexts cost. */
  readonly modelledSeconds: number | null;
  readonly modelledLaunchSeconds: number | null;
  readonly modelledSwitchSeconds: number | null;
}

export interface DeviceTrace {
  readonly parts: Readonly<Partial<Record<DevicePart, LaunchTally>>>;
  readonly kernels: Readonly<Record<string, LaunchTally>>;
  readonly total: LaunchTally;
  readonly contextsOpened: number;
  readonly mostContexts: number;
}

const nothing: LaunchTally = {
  launches: 0,
  bytesToArray: 0,
  bytesFromArray: 0,
  wallMs: 0,
  modelledCycles: 0,
  modelledSeconds: 0,
  modelledLaunchSeconds: 0,
  modelledSwitchSeconds: 0,
};

/** A tracer that counts; `trace` says what it has heard until now. */
export function tallyTracer(): DeviceTracer & { trace(): DeviceTrace } {
  const parts: Partial<Record<DevicePart, LaunchTally>> = {};
  const kernels: Record<string, LaunchTally> = {};
  let [total, contextsOpened, mostContexts] = [nothing, 0, 0];
  return {
    onLaunch(event) {
      parts[event.part] = added(parts[event.part] ?? nothing, event);
      kernels[event.kernel] = added(kernels[event.kernel] ?? nothing, event);
      total = added(total, event);
    },
    onContext({ action, open }) {
      if (action === "open") contextsOpened++;
      mostContexts = Math.max(mostContexts, open);
    },
    trace: () => ({ parts: { ...parts }, kernels: { ...kernels }, total, contextsOpened, mostContexts }),
  };
}

function added(tally: LaunchTally, event: LaunchEvent): LaunchTally {
  const { modelled } = event;
  const sum = (known: number | null, more: number | undefined) =>
    known === null || more === undefined ? null : known + more;
  return {
    launches: tally.launches + 1,
    bytesToArray: tally.bytesToArray + event.bytesToArray,
    bytesFromArray: tally.bytesFromArray + event.bytesFromArray,
    wallMs: tally.wallMs + event.wallMs,
    modelledCycles: sum(tally.modelledCycles, modelled?.cycles),
    modelledSeconds: sum(tally.modelledSeconds, modelled?.seconds),
    modelledLaunchSeconds: sum(tally.modelledLaunchSeconds, modelled?.launchSeconds),
    modelledSwitchSeconds: sum(tally.modelledSwitchSeconds, modelled?.switchSeconds),
  };
}
