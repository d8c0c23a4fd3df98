import { formatBytes, formatTable } from "../table.ts";
import type { KernelWork } from "./kernel-work.ts";
import type { WhereTimeWent } from "./where-time-went.ts";

const waitsShown = 5;
const stepsShown = 8;
const right = (title: string) => ({ title, align: "right" }) as const;

/** Where the time of a run went, as text. Every figure is modelled, and the text says so. */
export function timeLines(time: WhereTimeWent): string[] {
  const { cycles, path, critical, next, cores, waits } = time;
  const share = (part: number): string => (cycles === 0 ? "" : `${Math.round((100 * part) / cycles)} %`);
  const short = (who: string): string => who.replaceAll("DMA ", "").replaceAll("of tile (", "of (");
  const lines = [`where the time went (modelled, not measured): ${whole(cycles)} cycles`];
  if (path !== undefined) {
    const shown = path.slice(0, stepsShown);
    const rest = path.slice(stepsShown);
    const rows = shown.map(({ who, what, times, cycles: own }) => [
      ...[whole(own), share(own), `${short(who)}: ${what}`, `x ${times}`],
    ]);
    const restCycles = rest.reduce((sum, step) => sum + step.cycles, 0);
    if (rest.length > 0) rows.push([whole(restCycles), share(restCycles), `${rest.length} more`, ""]);
    rows.push([whole(cycles), share(cycles), "the run", ""]);
    lines.push(
      "",
      "the longest way through the run, each of its cycles once:",
      formatTable([right("cycles"), right(""), { title: "by" }, right("")], rows),
    );
  }
  if (critical !== undefined) {
    lines.push("", `critical: ${short(critical.who)}, ${share(critical.cycles)} of the longest way`);
    if (next !== undefined) {
      lines.push(
        `next: if that took no time, the run would still take ${whole(next.cycles)} cycles or more (${share(next.cycles)}), in which ${short(next.who)} works`,
      );
    }
  }
  if (cores.length > 0) lines.push("", "cores, in cycles:", coreTable(time));
  const longest = waits.slice(0, waitsShown);
  if (longest.length > 0) {
    lines.push("", "longest waits:");
    for (const { who, cause, times, cycles: waited } of longest) {
      const often = times === 0 ? "" : `, ${times} time${times === 1 ? "" : "s"}`;
      lines.push(`${short(who)} waits ${whole(waited)} cycles (${share(waited)})${often}, ${short(cause)}`);
    }
    if (waits.length > longest.length) lines.push(`${waits.length - longest.length} more: --json has all`);
  }
  return lines;
}

function coreTable({ cores, cycles }: WhereTimeWent): string {
  const rows = cores.map((core) => {
    const { tile, kernels, ownCode, waitsIn, waitsOut, waitsStream, waitsLock, ended } = core;
    const parts = [kernels, ownCode, waitsIn, waitsOut, waitsStream, waitsLock, ended];
    const busy = cycles === 0 ? "" : `${Math.round((100 * (kernels + ownCode)) / cycles)} %`;
    return [`(${tile.col},${tile.row})`, busy, ...parts.map(whole), whole(parts.reduce((sum, part) => sum + part, 0))];
  });
  const titles = ["busy", "kernels", "own code", "for input", "for room", "streams", "own locks", "ended", "sum"];
  return formatTable([{ title: "core" }, ...titles.map(right)], rows);
}

/** Occupancy and roofline of each kernel, as text. */
export function kernelLines(kernels: readonly KernelWork[]): string[] {
  if (kernels.length === 0) return [];
  const rows = kernels.map(({ kernel, cores, calls, cycles, busyShare, streamInBytes, streamOutBytes, counted }) => {
    const about = [kernel, String(cores), String(calls), `${counted ? "" : "at least "}${whole(cycles)}`];
    const streams = [formatBytes(streamInBytes), formatBytes(streamOutBytes)];
    const busy = `${Math.round(100 * busyShare)} %`;
    if (counted === undefined) return [...about, busy, "", "", "", "", "", "", ...streams, "", "", "counts no work"];
    const { issuesPerCycle, issuesPerRunCycle, loadBytes, storeBytes } = counted;
    const intensities = [counted.memoryIntensity, counted.streamIntensity].map(perByte);
    const issues = `${issuesPerCycle.toFixed(2)}, ${issuesPerRunCycle.toFixed(2)}`;
    const byUnit = [counted.macIssues, counted.vectorIssues, counted.shuffleIssues].map((n) => String(n ?? ""));
    return [
      ...[...about, busy, issues, ...byUnit, formatBytes(loadBytes), formatBytes(storeBytes), ...streams],
      ...[...intensities, counted.roof],
    ];
  });
  const titles = [
    ...[
      "cores",
      "calls",
      "cycles",
      "busy",
      "issues/cycle",
      "MAC",
      "vector",
      "shuffle",
      "loaded",
      "stored",
      "DMA in",
      "DMA out",
    ],
    ...["issues/B", "issues/B DMA"],
  ];
  return [
    "kernels (modelled):",
    formatTable([{ title: "kernel" }, ...titles.map(right), { title: "bound by" }], rows),
    "busy: of the cycles of its cores; issues: of the busier vector unit, per cycle of the kernel and of the run, 1 at most;",
    "MAC, vector: issues of the multiplier and of the other vector units; shuffle: those of the latter that only move elements;",
    "DMA: of its tiles, for all kernels there; issues/B: per byte loaded and stored, and per byte of the busiest channel",
  ];
}

function perByte(intensity: number): string {
  return Number.isFinite(intensity) ? intensity.toPrecision(2) : "";
}

const whole = (cycles: number): string => String(Math.round(cycles));
