import { DeviceUnavailableError } from "@aiekit/core";
import type { WhisperPart } from "../trace.ts";

/** What a part can run on: plain TypeScript, onnxruntime, the simulated array, an NPU. */
export const executorKinds = ["reference", "cpu", "sim", "xrt"] as const;
export type ExecutorKind = (typeof executorKinds)[number];

/** Whether a kind is on this machine, and why not; `hint` says what gets it. */
export type Availability =
  | { readonly available: true }
  | { readonly available: false; readonly reason: string; readonly hint?: string | undefined };

export interface PlacementRequest {
  /** For the whole model; auto where left out. */
  readonly device?: ExecutorKind | "auto" | undefined;
  readonly encoder?: ExecutorKind | "auto" | undefined;
  readonly decoder?: ExecutorKind | "auto" | undefined;
}

export interface Placement {
  readonly encoder: ExecutorKind;
  readonly decoder: ExecutorKind;
  /** What was chosen and why, a line each; empty where everything was named. */
  readonly reasons: readonly string[];
}

// The simulator is never chosen: it is for correctness, and slower than the CPU by orders of magnitude.
const autoOrder = ["xrt", "cpu", "reference"] as const;

/**
 * Where the parts run. Only `auto` chooses: an NPU where one is, else onnxruntime where it is installed, else plain TypeScript.
 * @throws DeviceUnavailableError for a kind that was named and is not there.
 */
export function choosePlacement(
  { device = "auto", encoder = device, decoder = device }: PlacementRequest,
  available: Readonly<Record<ExecutorKind, Availability>>,
): Placement {
  const automatic = autoOrder.find((kind) => available[kind].available)!;
  const of = (part: WhisperPart, kind: ExecutorKind | "auto"): ExecutorKind => {
    if (kind === "auto") return automatic;
    const found = available[kind];
    if (found.available) return kind;
    throw new DeviceUnavailableError(`${part}: ${kind}: ${found.reason}`, {
      hint: found.hint ?? "--device auto takes what is there; a device that is named is never replaced",
    });
  };
  const placement = { encoder: of("encoder", encoder), decoder: of("decoder", decoder) };
  if (encoder !== "auto" && decoder !== "auto") return { ...placement, reasons: [] };
  const parts = encoder === decoder ? "encoder and decoder" : encoder === "auto" ? "encoder" : "decoder";
  const passed = autoOrder.slice(0, autoOrder.indexOf(automatic)).flatMap((kind) => {
    const found = available[kind];
    return found.available ? [] : [`${kind}: ${found.reason}`];
  });
  return { ...placement, reasons: [[`auto: ${parts} on ${automatic}`, ...passed].join("; ")] };
}
