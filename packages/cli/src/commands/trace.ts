import { FormatError, readNpy, UsageError } from "@aiekit/core";
import {
  type HardwareTrace,
  hardwareTrace,
  perfettoTrace,
  type TracedUnit,
  type TraceUnitSettings,
  traceUnitSettings,
} from "@aiekit/host";
import { type OwnDesign, readOwnDesign } from "@aiekit/tools";
import { decodeTxn } from "@aiekit/xclbin";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { printValue } from "../print-value.ts";
import { readDesignText, readInput } from "../read-input.ts";
import { formatTable } from "../table.ts";
import { tamedText } from "../terminal.ts";
import { expectWritable, writeOutput } from "../write-output.ts";

export interface TraceOptions {
  readonly file: string;
  readonly design: string;
  readonly out: string | undefined;
  readonly sequence: string | undefined;
  readonly deviceName: string | undefined;
  readonly lowered: boolean;
  readonly insts: string | undefined;
  readonly columnShift: number | undefined;
}

/** `aiekit trace`: trace packets by the names of the design. What could not be read is told, with exit code 1. */
export const trace: Command<TraceOptions> = async (context, options) => {
  const { file, out, columnShift } = options;
  if (out !== undefined) await expectWritable(out, context.cwd);
  const design = await readDesign(context, options);
  const units = unitsOf(design);
  const words = await readWords(file, context.cwd);
  const found = hardwareTrace(words, units, columnShift);
  if (out !== undefined) {
    const title = `${file}, ${design.file}`;
    const text = perfettoTrace(found.trace, { title, clockHz: design.device.clockHz, source: "packets" });
    await writeOutput(out, context.cwd, text);
  }
  for (const { offset, message } of found.problems) {
    context.stderr.write(tamedText(`warning: ${file}: word ${offset}: ${message}\n`));
  }
  const { units: read, silent, columnShift: shift, problems } = found;
  const value = { file, design: design.file, columnShift: shift, units: read, silent, problems, out };
  printValue(context, value, lines({ options, design, found }));
  return problems.length > 0 ? exitCodes.failed : exitCodes.ok;
};

async function readDesign({ cwd }: CommandContext, options: TraceOptions): Promise<OwnDesign> {
  const { design: file, insts, lowered, deviceName, sequence } = options;
  const text = await readDesignText(file, cwd);
  const stream = insts === undefined ? undefined : { file: insts, bytes: await readInput(insts, cwd) };
  return readOwnDesign({ file, text, lowered, deviceName, sequence, insts: stream });
}

function unitsOf({ device, insts, file, sequence }: OwnDesign): readonly TraceUnitSettings[] {
  const units = traceUnitSettings(device, decodeTxn(insts).ops);
  if (units.length > 0) return units;
  throw new UsageError(`${file}: sequence @${sequence} sets no trace unit, so that events have no names`, {
    hint: "start a trace in it with aie.trace.start_config, or write the events to Trace_Event0; or give another --sequence",
  });
}

/** Bytes of words, little-endian; an .npy of them; or text with a word a line. */
async function readWords(file: string, cwd: string): Promise<Uint32Array> {
  const bytes = await readInput(file, cwd);
  if (file.toLowerCase().endsWith(".npy")) {
    const { data } = readNpy(bytes, file);
    return wordsOf(file, new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength));
  }
  const isText = bytes.length > 0 && bytes.every((byte) => byte >= 0x20 || byte === 0x0a || byte === 0x0d);
  const text = isText ? new TextDecoder().decode(bytes).trim() : "";
  if (!/^(0x)?[0-9a-f]{1,8}(\s|$)/i.test(text)) return wordsOf(file, bytes);
  return Uint32Array.from(
    text.split(/\s+/).map((word, i) => {
      if (/^(0x)?[0-9a-f]{1,8}$/i.test(word)) return Number.parseInt(word, 16);
      throw new FormatError(`${file}: word ${i}: expected up to 8 hexadecimal digits, got ${word.slice(0, 20)}`);
    }),
  );
}

function wordsOf(file: string, bytes: Uint8Array): Uint32Array {
  if (bytes.length % 4 !== 0) {
    throw new FormatError(`${file}: expected 32-bit words, got ${bytes.length} bytes, ${bytes.length % 4} too many`, {
      offset: bytes.length - (bytes.length % 4),
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
}

interface Printed {
  readonly options: TraceOptions;
  readonly design: OwnDesign;
  readonly found: HardwareTrace;
}

function lines({ options: { file, out }, design, found: { units, silent, columnShift, problems } }: Printed): string[] {
  const packets = units.reduce((sum, unit) => sum + unit.packets, 0);
  const shifted = columnShift === 0 ? "" : `, columns shifted by ${columnShift}`;
  const place = ({ module, tile }: Pick<TracedUnit, "module" | "tile">): string =>
    `${module} of (${tile.col},${tile.row})`;
  const kernels = units.flatMap(({ kernel, ...unit }) =>
    kernel === undefined
      ? []
      : [
          `${place(unit)}: from INSTR_EVENT_0 to INSTR_EVENT_1 ${kernel.calls} times, ${kernel.least} / ${kernel.median} / ${kernel.most} cycles (least, median, most)`,
        ],
  );
  return [
    `${file}: ${packets} packets of ${units.length} trace units of ${design.file}${shifted}`,
    eventTable(units, place),
    ...kernels,
    ...silent.map((unit) => `${place(unit)}: sent nothing`),
    ...(problems.length > 0 ? [`${problems.length} place${problems.length === 1 ? "" : "s"} could not be read`] : []),
    ...(out === undefined ? [] : [`${out}: tracks for ui.perfetto.dev`]),
  ];
}

function eventTable(units: readonly TracedUnit[], place: (unit: TracedUnit) => string): string {
  const rows = units.flatMap((unit) =>
    unit.events.map(({ name, times, cycles, first, last }) => [
      ...[place(unit), name, String(times), String(cycles)],
      ...[first === undefined ? "" : String(first), last === undefined ? "" : String(last)],
    ]),
  );
  const right = (title: string) => ({ title, align: "right" }) as const;
  return formatTable(
    [{ title: "unit" }, { title: "event" }, right("times"), right("cycles"), right("first at"), right("last at")],
    rows,
  );
}
