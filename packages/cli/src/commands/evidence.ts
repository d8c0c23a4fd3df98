import { join } from "node:path";
import { AbortedError } from "@aiekit/core";
import { openDevice, targetOf } from "@aiekit/host";
import { registry } from "@aiekit/mlir";
import type { Command, CommandContext } from "../command-context.ts";
import { numericsProbes } from "../evidence/numerics-probes.ts";
import { encoderLayerEvidence, melProbe } from "../evidence/phase-probes.ts";
import type { EvidencePart, ProbeEvidence } from "../evidence/probe.ts";
import { runProbe } from "../evidence/run-probe.ts";
import { speedProbes } from "../evidence/speed-probes.ts";
import {
  type Evidence,
  evidenceColumns,
  evidenceHolds,
  evidenceHtml,
  evidenceLines,
  evidenceNotes,
  type KernelEvidence,
} from "../evidence-report.ts";
import { exitCodes } from "../exit-codes.ts";
import { withOpenKernel } from "../kernel-on-device.ts";
import { hasSuite, requireSuite } from "../kernel-suites.ts";
import { describeMachine } from "../machine.ts";
import { type MirroredRun, mirroredKernel } from "../mirrored-kernel.ts";
import { summarize } from "../statistics.ts";
import { formatTable } from "../table.ts";
import { writeOutput } from "../write-output.ts";

export interface EvidenceOptions {
  readonly device: "xrt" | "sim";
  /** All where empty, or the kernels that are named alone. */
  readonly parts: readonly EvidencePart[];
  /** All that have a suite where empty. */
  readonly kernels: readonly string[];
  readonly cases: number;
  /** Folder of the report. */
  readonly out: string;
}

/** `aiekit evidence`: exit code 1 where a case fails or an output differs from the simulator's. */
export const evidence: Command<EvidenceOptions> = async (context, options) => {
  const device = await openDevice(options.device, { xrtAddon: context.environment.xrtAddon });
  const { name, generation } = device;
  const origin = targetOf(device) === "sim" ? "simulated" : "measured";
  await device.close();

  for (const kernel of options.kernels) requireSuite(kernel);
  const { parts, kernels: only } = options;
  const wanted = (part: EvidencePart) =>
    parts.length > 0 ? parts.includes(part) : only.length === 0 || part === "kernels";
  const names = only.length > 0 ? only : registry.map((entry) => entry.name).filter(hasSuite);
  const kernels: KernelEvidence[] = [];
  if (wanted("kernels"))
    for (const kernel of names) kernels.push(await examine(context, { ...options, kernel, npu: generation }));
  const probes: ProbeEvidence[] = [];
  const request = { device: options.device, npu: generation };
  const asked = [...numericsProbes(), ...speedProbes(), melProbe].filter(({ part }) => wanted(part));
  for (const probe of asked) probes.push(await runProbe(context, probe, request));
  if (wanted("phases")) probes.push(await encoderLayerEvidence(context, request));

  const found: Evidence = {
    ...{ format: "aiekit-evidence", version: 2, createdAt: new Date().toISOString(), device: name, origin },
    machine: await describeMachine(),
    ...{ kernels, probes },
  };
  const files = { "evidence.json": `${JSON.stringify(found, null, 2)}\n`, "evidence.html": evidenceHtml(found) };
  for (const [file, text] of Object.entries(files)) await writeOutput(join(options.out, file), context.cwd, text);
  if (context.json) context.stdout.write(files["evidence.json"]);
  else {
    const table = formatTable(
      evidenceColumns.map((title) => ({ title })),
      evidenceLines(found).map((line) => [...line]),
    );
    const notes = evidenceNotes(found).map((note) => `note: ${note}\n`);
    context.stdout.write(
      `${table}\n${notes.join("")}${Object.keys(files)
        .map((file) => join(options.out, file))
        .join("\n")}\n`,
    );
  }
  return evidenceHolds(found) ? exitCodes.ok : exitCodes.failed;
};

interface ExamineRequest extends EvidenceOptions {
  readonly kernel: string;
  readonly npu: string;
}

async function examine(context: CommandContext, request: ExamineRequest): Promise<KernelEvidence> {
  const { kernel, npu, cases } = request;
  const runs: MirroredRun[] = [];
  const on = (device: "xrt" | "sim") => ({ kernel, params: {}, device, npu });
  const task = context.progress.start(`evidence ${kernel}`);
  const summary = () => ({
    kernel,
    values: sum(runs.map((run) => run.values)),
    differing: sum(runs.map((run) => run.differing)),
    launchMs: runs.length === 0 ? null : summarize(runs.flatMap((run) => run.launchMs)),
  });
  try {
    const { result } = await withOpenKernel(context, on(request.device), (open) =>
      withOpenKernel(context, on("sim"), (simulator) =>
        requireSuite(kernel)({
          open: mirroredKernel(open, simulator, (run) => runs.push(run)),
          clips: cases,
          signal: context.signal,
          onCase: (_, doneCount, totalCount) => task.update({ doneCount, totalCount }),
        }),
      ),
    );
    const passed = result.cases.filter((one) => one.pass).length;
    return { ...summary(), cases: result.cases.length, passed, error: null };
  } catch (error) {
    if (error instanceof AbortedError || context.signal.aborted) throw error;
    // One kernel that fails is part of the evidence; the others are looked at all the same.
    return { ...summary(), cases: 0, passed: 0, error: (error as Error).message.split("\n")[0]! };
  } finally {
    task.done();
  }
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
