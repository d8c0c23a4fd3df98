import { basename } from "node:path";
import { FormatError, type Manifest, parseManifest } from "@aiekit/core";
import {
  decodeTxn,
  describePdi,
  describeXclbin,
  describeXclbinText,
  explainXclbin,
  readXclbin,
  type Xclbin,
} from "@aiekit/xclbin";
import type { Command, CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import { readInput } from "../read-input.ts";
import { formatBytes, formatTable } from "../table.ts";
import { txnLines } from "../txn-lines.ts";

export interface InspectOptions {
  readonly file: string;
  readonly explain: boolean;
}

/** `aiekit inspect`: what a build product holds. With --explain, exit code 1 when XRT would refuse the xclbin. */
export const inspect: Command<InspectOptions> = async (context, { file, explain }) => {
  const bytes = await readInput(file, context.cwd);
  const kind = kindOf(file, bytes);
  if (explain && kind !== "xclbin") {
    throw new FormatError(`${file}: --explain expects an xclbin, got ${kind === "txn" ? "no xclbin" : "a manifest"}`);
  }
  switch (kind) {
    case "xclbin": {
      const xclbin = readXclbin(bytes, basename(file));
      if (explain) return printProblems(context, xclbin);
      print(context, describeXclbin(xclbin), describeXclbinText(xclbin));
      return exitCodes.ok;
    }
    case "manifest": {
      const manifest = parseManifest(new TextDecoder().decode(bytes), file);
      print(context, manifest, manifestLines(manifest));
      return exitCodes.ok;
    }
    case "txn": {
      const stream = decodeTxn(bytes, basename(file));
      print(context, { name: basename(file), ...stream }, txnLines(stream, basename(file)));
      return exitCodes.ok;
    }
  }
};

/**
 * By content, since names vary. A damaged file is refused by the reader of what its ending claims.
 * @throws FormatError for a file that is nothing known by content and by ending.
 */
function kindOf(file: string, bytes: Uint8Array): "xclbin" | "manifest" | "txn" {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 64));
  if (start.startsWith("xclbin2")) return "xclbin";
  if (start.trimStart().startsWith("{")) return "manifest";
  if (file.endsWith(".xclbin")) return "xclbin";
  if (file.endsWith(".json")) return "manifest";
  const hexWords = /^\s*[0-9a-f]{8}\b/i;
  const streamEnding = /\.(bin|txt|insts|hex)$/;
  // A stream begins with its version, 0.1 or 1.0; one from before June 2024 with 0x11.
  if (hexWords.test(start) || [0x00, 0x01, 0x11].includes(bytes[0] ?? -1) || streamEnding.test(file)) return "txn";
  const found = bytes.length === 0 ? "an empty file" : `something else (first bytes ${hex(bytes.subarray(0, 4))})`;
  throw new FormatError(`${file}: expected an xclbin, an instruction stream or a manifest.json, got ${found}`);
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

function printProblems(context: CommandContext, xclbin: Xclbin) {
  const { name } = xclbin;
  const problems = explainXclbin(xclbin);
  const lines = problems.flatMap(({ section, what, xrtSays, hint }, i) => [
    `${i + 1}. ${context.colors.bold(section)}: ${what}`,
    `   XRT says: ${xrtSays}`,
    `   ${context.colors.cyan("hint:")} ${hint}`,
  ]);
  const none = `${name}: XRT finds everything that it looks for`;
  const forSimulator =
    xclbin.partition?.pdis.some(({ image }) => describePdi(image).kind === "simulator image") === true;
  const note = forSimulator ? ["note: its PDI is an image for the simulator; no NPU starts from it"] : [];
  print(context, { name, problems, forSimulator }, [
    ...(problems.length === 0 ? [none] : [`${name}: in XRT's order`, ...lines]),
    ...note,
  ]);
  return problems.length === 0 ? exitCodes.ok : exitCodes.failed;
}

function manifestLines(manifest: Manifest): string[] {
  const { kernel, about, target, device, params, xclbin, sequences, inputs, tools } = manifest;
  const choices = Object.entries(params).map(([name, value]) => `${name}=${value}`);
  return [
    `${kernel}: ${about}`,
    `target ${target}, device ${device}${choices.length === 0 ? "" : `, ${choices.join(" ")}`}`,
    `xclbin ${xclbin.path}, ${formatBytes(xclbin.bytes)}, kernel ${manifest.xclbinKernel}`,
    ...sequences.flatMap((sequence) => [
      `sequence ${sequence.name}: ${sequence.units} unit(s) a launch, ${sequence.insts.path}, ${formatBytes(sequence.insts.bytes)}`,
      indent(
        formatTable(
          [
            { title: "argument" },
            { title: "direction" },
            { title: "type" },
            { title: "bytes", align: "right" },
            { title: "meaning" },
          ],
          sequence.args.map((arg) => [
            arg.name,
            arg.direction,
            `${arg.dtype}[${arg.shape.join(", ")}]`,
            `${arg.bytes}`,
            arg.meaning ?? "",
          ]),
        ),
      ),
    ]),
    `made from ${inputs.map((input) => input.path).join(", ")}`,
    `with ${tools.map((tool) => `${tool.name} ${tool.version}`).join(", ")}`,
  ];
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}

function print(context: CommandContext, value: unknown, lines: readonly string[]): void {
  const text = context.json
    ? JSON.stringify(value, (_, v) => (typeof v === "bigint" ? `0x${v.toString(16)}` : v), 2)
    : lines.join("\n");
  context.stdout.write(`${text}\n`);
}
