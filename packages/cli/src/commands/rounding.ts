import { type RoundingMode, roundingModes } from "@aiekit/core";
import { type Bias, bias, type SuiteRun } from "@aiekit/validate";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { type KernelOnDevice, withOpenKernel } from "../kernel-on-device.ts";
import { requireSuite } from "../kernel-suites.ts";
import { formatTable } from "../table.ts";

export interface RoundingOptions extends KernelOnDevice {
  readonly clips: number | undefined;
}

/** `aiekit rounding`: a kernel's suite with each rounding mode that its sources could set, and what each does to the error. */
export const rounding: Command<RoundingOptions> = async (context, { clips, ...request }) => {
  const suite = requireSuite(request.kernel);
  const rows: ModeReport[] = [];
  const modes = Object.keys(roundingModes) as RoundingMode[];
  for (const mode of modes) {
    const task = context.progress.start(`${request.kernel} with ${mode}`);
    task.update({ doneCount: rows.length, totalCount: modes.length });
    const run = await withOpenKernel(context, { ...request, params: { ...request.params, rounding: mode } }, (open) =>
      suite({ open, clips, signal: context.signal }),
    ).finally(() => task.done());
    rows.push(modeReport(mode, run));
  }
  if (context.json) context.stdout.write(`${JSON.stringify({ kernel: request.kernel, modes: rows }, null, 2)}\n`);
  else print(context, request.kernel, rows);
  return exitCodes.ok;
};

interface ModeReport extends Bias {
  readonly mode: RoundingMode;
  readonly pass: boolean;
}

/** The cases of a suite as one: their elements side by side. */
function modeReport(mode: RoundingMode, { result, evidence }: SuiteRun): ModeReport {
  const comparable = evidence.filter((one) => one.reference.length === one.actual.length);
  const together = bias(join(comparable.map((one) => one.reference)), join(comparable.map((one) => one.actual)));
  return { mode, pass: result.pass, ...together };
}

function join(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function print({ stdout, colors }: CommandContext, kernel: string, rows: readonly ModeReport[]): void {
  const columns = [
    { title: "rounding" },
    { title: "suite" },
    { title: "bias", align: "right" },
    { title: "of magnitude", align: "right" },
    { title: "rms error", align: "right" },
    { title: "errors below 0", align: "right" },
  ] as const;
  const relative = (x: number) => (Number.isFinite(x) ? x.toExponential(1) : "-");
  const table = rows.map((row) => [
    row.mode,
    row.pass ? colors.green("pass") : colors.red("FAIL"),
    relative(row.towardsInfinity),
    relative(row.magnitude),
    relative(row.rms),
    Number.isFinite(row.belowZero) ? `${(100 * row.belowZero).toFixed(1)} %` : "-",
  ]);
  stdout.write(
    `${kernel}: each rounding mode in place of the kernel's own, ${rows[0]?.compared ?? 0} values, simulated\n\n`,
  );
  stdout.write(`${formatTable(columns, table)}\n\n`);
  stdout.write(
    "bias: sum of errors over sum of |reference|; of magnitude: the same of |result|; rms error: over rms of reference\n",
  );
}
