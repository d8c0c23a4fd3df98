import { deviceModel } from "@aiekit/mlir";
import { costModel } from "../cost-model.ts";
import type { RowWork } from "./measurement.ts";
import type { SiliconModel } from "./silicon-model.ts";
import { numberOf, type SiliconRow, textOf } from "./silicon-row.ts";

/**
 * What host memory may give an array. A guess between 20 and 40 GB/s: dual-channel memory has 90, shared with the CPU, and no
 * published row reaches beyond what matrix products take.
 */
const hostBytesPerSecond = 28e9;

/** Bytes in a time over shim, memtile or core channels: channels side by side, each at the rate of its stream. */
export function dmaWork(row: SiliconRow, model: SiliconModel): RowWork {
  const what = `${row.id} ${textOf(row, "what")}`.toLowerCase();
  const { generation, clockHz: usualHz, columns: allColumns } = deviceModel(row.device);
  const cost = costModel(generation);
  const clockHz = (numberOf(row, "clock_mhz") ?? usualHz / 1e6) * 1e6;
  const direction = directionOf(row, what);
  const whole = /aggregate|total|whole array|all columns/.test(what);
  const columns = numberOf(row, "columns") ?? numberIn(/(\d+)[ -]columns?/, what) ?? (whole ? allColumns : 1);
  if (columns > allColumns) return `${row.device} has ${allColumns} columns, not ${columns}`;
  const perColumn = numberOf(row, "channels") ?? numberIn(/(\d+)[ -]channels?/, what) ?? (whole ? 2 : 1);
  const inside = /memtile|mem tile|core/.test(what) && !/shim|host|ddr|dram/.test(what);
  const most = inside ? 6 : 2;
  if (perColumn > most) return `a column has ${most} channels each way, not ${perColumn}`;
  const ways = direction === "both" ? 2 : 1;
  const streams = 4 * cost.streamWordsPerCycle * clockHz * columns * perColumn * ways;
  const rate = inside ? streams : Math.min(streams, hostBytesPerSecond);
  const notes = [
    `${count(columns, "column")}, ${count(perColumn, "channel")} each${ways === 2 ? " way, bytes of both" : `, ${direction}`}`,
    rate < streams
      ? `assumes ${hostBytesPerSecond / 1e9} GB/s of host memory, a guess between 20 and 40`
      : "bound by streams, of the rate in AM020",
  ];
  const words = numberOf(row, "words");
  const bytes = numberOf(row, "bytes") ?? (words === undefined ? undefined : 4 * words);
  const cold = /cold|start/.test(what);
  if (bytes === undefined && !cold) return { work: { seconds: 1, bytes: rate, steady: true }, notes };
  const coldCycles = direction === "S2MM" ? model.coldS2mmCycles : model.coldMm2sCycles;
  const startSeconds = (cold ? coldCycles : cost.bdStartCycles) / clockHz;
  const size = bytes === undefined ? {} : { bytes };
  return { work: { seconds: startSeconds + (bytes ?? 0) / rate, ...size }, notes };
}

function directionOf(row: SiliconRow, what: string): "MM2S" | "S2MM" | "both" {
  const given = textOf(row, "direction");
  if (given !== "") return given as "MM2S" | "S2MM" | "both";
  if (/both (ways|directions)|bidirectional|duplex|round trip/.test(what)) return "both";
  return /s2mm|to (the )?host|array to host|device to host|\bwrites?\b/.test(what) ? "S2MM" : "MM2S";
}

function numberIn(pattern: RegExp, text: string): number | undefined {
  const [, digits] = pattern.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
