import { TraceLog, type TraceSummary } from "@aiekit/pipeline";

/** What ran where over several recordings. */
export function mergedTraces(traces: readonly TraceSummary[]): TraceSummary {
  const log = new TraceLog();
  for (const { parts, launches, fallbacks } of traces) {
    for (const part of parts) log.addPart(part);
    for (const launch of launches) log.record({ kind: "launch", ...launch });
    for (const fallback of fallbacks) log.record(fallback);
  }
  return log.summary();
}
