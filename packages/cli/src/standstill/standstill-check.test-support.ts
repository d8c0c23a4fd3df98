import { SimFault } from "@aiekit/host";
import { readOwnDesign } from "@aiekit/tools";
import { expect } from "vitest";
import { runOnArray } from "../array-runs.ts";
import { withCureOfDeadlock } from "../deadlock-cure.ts";
import * as core from "./core-standstills.test-support.ts";
import * as host from "./host-standstills.test-support.ts";
import * as memtile from "./memtile-standstills.test-support.ts";
import type { StandstillCase } from "./standstill-case.test-support.ts";
import * as stream from "./stream-standstills.test-support.ts";

/** Every kind of standstill by its name. */
export const kinds: Readonly<Record<string, (seed: number) => StandstillCase>> = {
  ...memtile,
  ...host,
  ...core,
  ...stream,
};

/** Holds one seeded standstill against what has to be said of it, and a legal design of its kind against its end. */
export async function expectExplained(kind: string, seed: number): Promise<void> {
  const { stands, sequence, legal, legalSequence, says, hint, circle, cure } = kinds[kind]!(seed);
  const about = `${kind}, seed ${seed}`;
  const failed = await runner(sequence)(stands).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failed, about).toBeInstanceOf(SimFault);

  const run = runner(sequence);
  const cured = await withCureOfDeadlock(failed, { file: "design.mlir", text: stands, sequence, run, runsMax: 100 });

  const { fault, message } = cured as SimFault;
  expect((cured as SimFault).hint, about).toContain(hint);
  expect(fault.kind, about).toBe("deadlock");
  for (const part of [...says, cure]) expect(message, about).toContain(part);
  const cores = fault.waitCycle?.filter(
    (agent) => circle?.some((name) => name.startsWith("DMA")) || !agent.startsWith("DMA"),
  );
  expect(cores?.toSorted(), `${about}: circle of\n${message}`).toEqual(circle?.toSorted());
  await expect(runner(legalSequence ?? sequence)(legal), about).resolves.toBeUndefined();
}

function runner(sequence: string | undefined) {
  return async (text: string, { checked = false } = {}): Promise<void> => {
    const design = readOwnDesign({
      file: "design.mlir",
      text,
      sequence,
      lowered: false,
      deviceName: undefined,
      strict: false,
    });
    const { signal } = new AbortController();
    await runOnArray({ design, modules: new Map(), inputs: [], runs: 1, checked, signal });
  };
}
