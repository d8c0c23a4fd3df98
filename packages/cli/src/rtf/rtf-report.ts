import { deviceModel } from "@aiekit/mlir";
import type { WhisperSizes } from "@aiekit/pipeline";
import { formatMs, formatTable } from "../table.ts";
import { arrayPeak, type CeilingType, ceiling } from "./array-ceiling.ts";
import { modelWork } from "./model-work.ts";
import { publishedSizes } from "./published-sizes.ts";
import type { RtfRow } from "./rtf-row.ts";
import { targetCell } from "./targets.ts";

const right = { align: "right" } as const;

/** A line for each phase of each placement. */
export function rtfTable(rows: readonly RtfRow[]): string {
  return formatTable(
    [
      { title: "sound", ...right },
      { title: "placement" },
      { title: "phase" },
      { title: "cold", ...right },
      { title: "median", ...right },
      { title: "least to most", ...right },
      { title: "n", ...right },
      { title: "x real time", ...right },
      { title: "target" },
      { title: "what it is" },
    ],
    rows.map(({ seconds, placement, phase, kind, coldMs, warmMs, timesRealTime }) => [
      `${seconds} s`,
      placement,
      phase,
      coldMs === undefined ? "" : formatMs(coldMs),
      formatMs(warmMs.median),
      `${formatMs(warmMs.least)} to ${formatMs(warmMs.most)}`,
      `${warmMs.n}`,
      timesRealTime >= 100 ? timesRealTime.toFixed(0) : timesRealTime.toPrecision(3),
      kind === "simulator's own" ? "" : targetCell(timesRealTime),
      kind,
    ]),
  );
}

/** What tokens of a window cost is a matter of how many there are; English speech has about 3 a second. */
const tokensPerSecond = 3;

export interface CeilingRow {
  readonly model: string;
  readonly device: string;
  readonly type: CeilingType;
  readonly encoderSeconds: number;
  readonly tokenSeconds: number;
  readonly tokenBound: string;
  readonly timesRealTime: number;
}

/** Arithmetic ceilings of the published models, and of one more, on whole arrays of these devices. */
export function ceilingRows(own: { readonly name: string; readonly sizes: WhisperSizes }, devices: readonly string[]) {
  const models: readonly (readonly [string, WhisperSizes])[] = [
    [own.name, own.sizes],
    ...Object.entries(publishedSizes),
  ];
  return devices.flatMap((device) =>
    models.flatMap(([model, sizes]) =>
      (["bf16", "int8"] as const).map((type): CeilingRow => {
        const windowSeconds = (2 * sizes.audioPositions) / 100;
        const tokens = tokensPerSecond * windowSeconds;
        const work = modelWork(sizes, tokens / 2);
        return {
          model,
          device,
          type,
          ...ceiling(work, arrayPeak(deviceModel(device), type), { type, tokens, windowSeconds }),
        };
      }),
    ),
  );
}

export function ceilingTable(rows: readonly CeilingRow[]): string {
  return formatTable(
    [
      { title: "model" },
      { title: "array" },
      { title: "type" },
      { title: "encoder, window", ...right },
      { title: "token", ...right },
      { title: "a token waits for" },
      { title: "x real time, at most", ...right },
    ],
    rows.map((row) => [
      row.model,
      row.device,
      row.type,
      formatMs(1000 * row.encoderSeconds),
      formatMs(1000 * row.tokenSeconds),
      row.tokenBound,
      row.timesRealTime.toFixed(0),
    ]),
  );
}

/** How the ceilings come about, for whoever reads them beside a modelled figure. */
export const ceilingFormula = [
  "arithmetic ceilings, neither measured nor modelled: no run can be faster on these arrays at their nominal clocks.",
  "window: max(MAC / (cores x MAC a cycle x clock), bytes / (shim channels x 4 B x clock)) of encoder and cross-attention keys;",
  `token: the same of decoder and head; x real time: window / (encoder + ${tokensPerSecond} tokens a second x token).`,
].join("\n");
