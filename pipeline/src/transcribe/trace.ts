/** The halves of a model, which may run in different places. */
export type WhisperPart = "encoder" | "decoder";

/** What a launch is for. `cross`: keys and values of the encoded window, once a window; `head`: logits. */
export type LaunchPart = "mel" | "encoder" | "cross" | "decoder" | "head";

/** Something that happened on the way from sound to text. */
export type TraceEvent =
  /** A window went through the encoder. */
  | { readonly kind: "window"; readonly part: "encoder"; readonly executor: string; readonly ms: number }
  /** The decoder took tokens: a prompt, or one for each of its rows. */
  | {
      readonly kind: "tokens";
      readonly part: "decoder";
      readonly executor: string;
      readonly tokens: number;
      readonly ms: number;
    }
  /** A kernel ran on a device; cycles are the simulator's model, undefined on a device that is measured. */
  | {
      readonly kind: "launch";
      readonly part: LaunchPart;
      readonly kernel: string;
      readonly count: number;
      readonly modelledCycles?: number | undefined;
      /** Of the array alone. */
      readonly modelledSeconds?: number | undefined;
      /** Outside of the array: for launches, and for columns that another context held. */
      readonly modelledLaunchSeconds?: number | undefined;
      readonly modelledSwitchSeconds?: number | undefined;
    }
  /** An executor failed, and another one goes on. */
  | { readonly kind: "fallback"; readonly from: string; readonly to: string; readonly reason: string };

/** Takes events; passed to whatever runs a part. */
export type Tracer = (event: TraceEvent) => void;

/** What an executor did of a part. */
export interface PartTrace {
  readonly part: WhisperPart;
  readonly executor: string;
  /** Windows of the encoder, calls of the decoder. */
  readonly calls: number;
  /** Tokens that went into the decoder, those of prompts and of all rows; 0 for the encoder. */
  readonly tokens: number;
  readonly ms: number;
}

export interface LaunchTrace {
  readonly part: LaunchPart;
  readonly kernel: string;
  readonly count: number;
  /** Sums; undefined where no launch was modelled. */
  readonly modelledCycles: number | undefined;
  readonly modelledSeconds: number | undefined;
  readonly modelledLaunchSeconds: number | undefined;
  readonly modelledSwitchSeconds: number | undefined;
}

export interface TraceSummary {
  readonly parts: readonly PartTrace[];
  readonly launches: readonly LaunchTrace[];
  readonly fallbacks: readonly Extract<TraceEvent, { readonly kind: "fallback" }>[];
}

/** Sums of events, in the order in which each sort of them came first. */
export class TraceLog {
  readonly #parts = new Map<string, PartTrace>();
  readonly #launches = new Map<string, LaunchTrace>();
  readonly #fallbacks: TraceSummary["fallbacks"][number][] = [];

  readonly record: Tracer = (event) => {
    if (event.kind === "fallback") this.#fallbacks.push(event);
    else if (event.kind === "launch") this.#addLaunch(event);
    else this.#addCall(event);
  };

  summary(): TraceSummary {
    return {
      parts: [...this.#parts.values()],
      launches: [...this.#launches.values()],
      fallbacks: [...this.#fallbacks],
    };
  }

  clear(): void {
    this.#parts.clear();
    this.#launches.clear();
    this.#fallbacks.length = 0;
  }

  /** Wall time of a part, on all executors. */
  partMs(part: WhisperPart): number {
    return [...this.#parts.values()].reduce((sum, one) => sum + (one.part === part ? one.ms : 0), 0);
  }

  /** Sums that another log made. */
  addPart({ part, executor, calls, tokens, ms }: PartTrace): void {
    const key = `${part} ${executor}`;
    const before = this.#parts.get(key) ?? { calls: 0, tokens: 0, ms: 0 };
    const sums = { calls: before.calls + calls, tokens: before.tokens + tokens, ms: before.ms + ms };
    this.#parts.set(key, { part, executor, ...sums });
  }

  #addCall({ part, executor, ms, ...event }: Extract<TraceEvent, { readonly kind: "window" | "tokens" }>): void {
    this.addPart({ part, executor, calls: 1, tokens: event.kind === "tokens" ? event.tokens : 0, ms });
  }

  #addLaunch({ part, kernel, ...event }: Extract<TraceEvent, { readonly kind: "launch" }>): void {
    const key = `${part} ${kernel}`;
    const before = this.#launches.get(key);
    this.#launches.set(key, {
      part,
      kernel,
      count: (before?.count ?? 0) + event.count,
      modelledCycles: sum(before?.modelledCycles, event.modelledCycles),
      modelledSeconds: sum(before?.modelledSeconds, event.modelledSeconds),
      modelledLaunchSeconds: sum(before?.modelledLaunchSeconds, event.modelledLaunchSeconds),
      modelledSwitchSeconds: sum(before?.modelledSwitchSeconds, event.modelledSwitchSeconds),
    });
  }
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : a + (b ?? 0);
}
