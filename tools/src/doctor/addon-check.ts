import type { Check } from "./check.ts";
import type { DoctorEnvironment } from "./environment.ts";

/** The addon over XRT: whether it is built and loads, and whether the NPU opens through it. */
export async function checkAddon({ addon }: DoctorEnvironment): Promise<Check> {
  const base = { group: "npu", name: "XRT addon", about: "how programs here call XRT", lookedIn: [] } as const;
  const state = await addon();
  // Built, and does not load: something is wrong. Not built: it was not wanted yet.
  if (!state.loads) {
    const status = state.reason.includes("is not built") ? "absent" : "warn";
    return { ...base, status, found: state.reason, cure: state.cure };
  }
  const versions = `built against XRT ${state.builtAgainst}, runs with ${state.runtime}`;
  const found = { ...base, version: state.runtime };
  const opened = state.npus.filter((npu) => npu.available);
  if (opened.length > 0) {
    const names = opened.map(({ name, detail }) => `${name} at ${detail}`);
    const emulated = names.some((name) => name.includes("emulated"));
    const note = emulated ? "; the other lines are of this machine itself" : "";
    return { ...found, status: "ok", found: `${versions}; opens ${names.join(", ")}${note}` };
  }
  const [refused] = state.npus;
  const cure = refused?.hint ?? "the first failing check above is the reason";
  return { ...found, status: "warn", found: `${versions}; ${refused?.detail ?? "XRT lists no NPU"}`, cure };
}
