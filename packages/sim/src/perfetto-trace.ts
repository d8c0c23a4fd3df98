import type { TraceRecorder } from "./trace-recorder.ts";

export interface PerfettoOptions {
  /** What the trace is of, for its title. */
  readonly title: string;
  /** Cycles in a second. */
  readonly clockHz: number;
  /** `packets`: what trace units sent, and not what the simulator modelled. */
  readonly source?: "simulator" | "packets";
}

/**
 * The trace as Chrome's JSON trace events, which ui.perfetto.dev opens: a track for each core and DMA channel, a counter for
 * each lock, or for each event of a trace unit. Source: Trace Event Format (Google, 2016).
 */
export function perfettoTrace(trace: TraceRecorder, { title, clockHz, source = "simulator" }: PerfettoOptions): string {
  const microseconds = (cycles: number): number => (cycles * 1e6) / clockHz;
  const tracks = [...new Set(trace.slices.map(({ track }) => track))].sort();
  const threads = new Map(tracks.map((track, tid) => [track, tid]));
  const pid = 1;
  const names = tracks.flatMap((name, tid) => [
    { ph: "M", pid, tid, name: "thread_name", args: { name } },
    { ph: "M", pid, tid, name: "thread_sort_index", args: { sort_index: tid } },
  ]);
  const slices = trace.slices.map(({ track, name, start, end, stall }) => ({
    ...{ ph: "X", pid, tid: threads.get(track), name, cat: stall ? "stall" : "work" },
    ...{ ts: microseconds(start), dur: microseconds(end - start), args: { cycles: end - start } },
    ...(stall && { cname: "terrible" }),
  }));
  const counters = trace.values.map(({ track, at, value }) => ({
    ...{ ph: "C", pid, name: `lock ${track}`, ts: microseconds(at), args: { value } },
  }));
  const from = source === "simulator" ? "simulated, times modelled" : "from trace packets";
  const process = { ph: "M", pid, name: "process_name", args: { name: `${title} (${from})` } };
  return JSON.stringify({ traceEvents: [process, ...names, ...slices, ...counters], displayTimeUnit: "ns" });
}
