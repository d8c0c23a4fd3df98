import { readFileSync } from "node:fs";

/** A design of `fixtures/conformance` and what the real compiler said of it. */
interface ConformanceDesign {
  readonly name: string;
  /** Tags, for example `objectfifo`; `quirk-address-moved` marks addresses that are not to be copied. */
  readonly shows: readonly string[];
  readonly stages: readonly string[];
  readonly rejectedAt: string | null;
}

interface ConformanceStage {
  readonly ok: boolean;
  readonly error?: string;
  readonly sequences?: readonly { readonly device: string; readonly sequence: string; readonly file: string }[];
}

const folder = new URL("../../fixtures/conformance/", import.meta.url);

export function conformanceDesigns(): readonly ConformanceDesign[] {
  return (JSON.parse(conformanceText("index.json")) as { designs: ConformanceDesign[] }).designs;
}

export function conformanceText(file: string): string {
  return readFileSync(new URL(file, folder), "utf8");
}

export function conformanceStage(name: string, stage: string): ConformanceStage {
  const stages = (JSON.parse(conformanceText(`${name}.json`)) as { stages: Record<string, ConformanceStage> }).stages;
  return stages[stage] ?? { ok: false };
}
