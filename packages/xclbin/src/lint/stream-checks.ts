import { AiekitError } from "@aiekit/core";
import { isLegacyStream, type LegacyStream, readLegacyStream } from "../legacy-stream.ts";
import { registerAt } from "../registers/register-at.ts";
import { readTxn, type TxnOp, type TxnStream } from "../txn.ts";
import { instructionWords } from "../txn-words.ts";
import { type UnawaitedOutput, unawaitedOutputs, unawaitedText } from "../unawaited-outputs.ts";
import type { Xclbin } from "../xclbin.ts";
import type { LintDevice } from "./partition-checks.ts";
import type { Finding } from "./rules.ts";

const where = "instruction stream";

interface Setting {
  readonly xclbin: Xclbin | undefined;
  readonly device: LintDevice | undefined;
}

/** What is wrong with an instruction stream by itself, and with the xclbin it is to run on. */
export function checkStream(bytes: Uint8Array, name: string, setting: Setting): Finding[] {
  try {
    const words = instructionWords(bytes, name);
    if (isLegacyStream(words)) return checkLegacy(readLegacyStream(bytes, name), setting);
    const { stream, complaints, rest } = readTxn(bytes, name);
    const message = (error: AiekitError) => error.message.replace(`${name}: `, "");
    const damage = complaints.map((error): Finding => {
      return { code: "stream-damaged", where, cause: message(error), offset: error.offset ?? 0 };
    });
    const isTold = complaints.some((error) => error === rest?.why);
    const unknown: Finding[] =
      rest === undefined || isTold
        ? []
        : [{ code: codeOf(message(rest.why)), where, cause: message(rest.why), offset: rest.offset }];
    return [...damage, ...unknown, ...checkTxn(stream, { ...setting, isWhole: rest === undefined })];
  } catch (error) {
    if (!(error instanceof AiekitError)) throw error;
    const offset = (error as { readonly offset?: number }).offset ?? 0;
    return [{ code: "stream-damaged", where, cause: error.message.replace(`${name}: `, ""), offset }];
  }
}

function codeOf(message: string): "stream-unknown-op" | "stream-damaged" {
  return message.includes("expected a TXN operation") ? "stream-unknown-op" : "stream-damaged";
}

function checkLegacy({ ops, rest }: LegacyStream, { xclbin }: Setting): Finding[] {
  const findings: Finding[] = [];
  if (xclbin?.kernels.some(({ hasOpcode }) => hasOpcode)) {
    const cause = "a stream of before June 2024, and the kernel takes an opcode: it expects a TXN stream";
    findings.push({ code: "stream-kind", where, cause });
  }
  if (rest !== undefined)
    findings.push({ code: "stream-damaged", where, cause: rest.why.message, offset: rest.offset });
  if (ops.length === 0) findings.push({ code: "stream-empty", where, cause: "it has no operation" });
  const width = xclbin?.partition?.columnWidth;
  const outside = ops.find(({ col }) => width !== undefined && col >= width);
  if (outside !== undefined) findings.push(columnFinding(outside.col, width!));
  return findings;
}

function checkTxn(stream: TxnStream, setting: Setting & { readonly isWhole: boolean }): Finding[] {
  const { xclbin, isWhole } = setting;
  if (stream.ops.length === 0 && !isWhole) return [];
  if (stream.ops.length === 0)
    return [{ code: "stream-empty", where, cause: "it has no operation: 16 bytes of header alone" }];
  return [
    ...kindFindings(xclbin),
    ...deviceFindings(stream, setting),
    ...columnFindings(stream.ops, xclbin?.partition?.columnWidth),
    ...argumentFindings(stream.ops, xclbin),
    ...transferFindings({ ops: stream.ops, isWhole }),
  ];
}

function kindFindings(xclbin: Xclbin | undefined): Finding[] {
  const old = xclbin?.kernels.find(({ hasOpcode }) => !hasOpcode);
  if (old === undefined) return [];
  const cause = `a TXN stream, and kernel ${old.name} has no opcode argument: it expects a stream of before June 2024`;
  return [{ code: "stream-kind", where, cause }];
}

function deviceFindings({ deviceGeneration }: TxnStream, { xclbin, device }: Setting): Finding[] {
  const made = ({ 3: "npu1", 4: "npu2" } as const)[deviceGeneration];
  if (made === undefined) {
    const cause = `device generation ${deviceGeneration}: 3 (npu1) and 4 (npu2) are known`;
    return [{ code: "stream-device-unsure", where, cause, offset: 2 }];
  }
  const width = xclbin?.partition?.columnWidth ?? 0;
  const wanted = device ?? (width > 5 ? "npu2" : made);
  if (made === wanted) return [];
  const cause = `made for ${made} (device generation ${deviceGeneration}), ${device === undefined ? `the partition has ${width} columns` : `the device is ${device}`}`;
  // mlir-aie up to July 2025 wrote generation 3 for partitions of npu2.
  return [{ code: wanted === "npu2" ? "stream-device-unsure" : "stream-device", where, cause, offset: 2 }];
}

function columnFindings(ops: readonly TxnOp[], width: number | undefined): Finding[] {
  if (width === undefined) return [];
  const columns = ops.map((op): number => {
    if (op.op === "sync") return op.col + Math.max(op.cols, 1) - 1;
    return "address" in op && op.op !== "loadPdi" ? registerAt(op.address).col : 0;
  });
  const furthest = columns.reduce((most, column) => Math.max(most, column), 0);
  return furthest < width ? [] : [columnFinding(furthest, width)];
}

function columnFinding(column: number, width: number): Finding {
  return { code: "stream-column", where, cause: `it uses column ${column}, the partition has ${width}, from 0 on` };
}

function argumentFindings(ops: readonly TxnOp[], xclbin: Xclbin | undefined): Finding[] {
  const kernel = xclbin?.kernels.find(({ hasOpcode }) => hasOpcode);
  const patches = ops.flatMap((op) => (op.op === "addressPatch" ? [op] : []));
  const findings: Finding[] = [];
  const stray = patches.find(({ address }) => {
    const { kind, register } = registerAt(address);
    return kind === "shim" && !(register?.row.role === "bd" && register.inside === 4);
  });
  if (stray !== undefined) {
    const cause = `a patch of address 0x${stray.address.toString(16)}, which is no address word of a shim BD`;
    findings.push({ code: "stream-patch", where, cause });
  }
  if (kernel === undefined) return findings;
  const buffers = kernel.args.filter(({ qualifier, index }) => qualifier === "GLOBAL" && index > 1).length;
  const beyond = patches.filter(({ argIndex }) => argIndex >= buffers).map(({ argIndex }) => argIndex);
  if (beyond.length === 0) return findings;
  const cause = `it uses bo${Math.max(...beyond)}, kernel ${kernel.name} declares ${buffers} buffer(s)`;
  return [...findings, { code: "stream-argument", where, cause }];
}

/** Follows pushes, tokens and waits through the stream; columns, rows and channels apart. */
function transferFindings({ ops, isWhole }: { readonly ops: readonly TxnOp[]; readonly isWhole: boolean }): Finding[] {
  const written = new Set<number>();
  const patched = new Set<number>();
  const tokens = new Map<string, number>();
  const findings: Finding[] = [];
  let waits = 0;
  let pushes = 0;
  const push = (address: number, value: number): void => {
    const { col, row, kind, register } = registerAt(address);
    if (register?.row.role !== "taskQueue") return;
    pushes++;
    const channel = `(${col},${row}) ${register.name.includes("S2MM") ? 0 : 1} ${register.index}`;
    if (value >>> 31 === 1) tokens.set(channel, (tokens.get(channel) ?? 0) + 1);
    // Memtiles and compute tiles have their BDs from the configuration.
    if (kind !== "shim") return;
    const bd = address - (address % 2 ** 20) + 0x1d000 + (value & 0xf) * 0x20;
    const named = `BD ${value & 0xf} of column ${col}, which ${register.name} starts,`;
    if (!written.has(bd))
      findings.push({ code: "stream-bd-unwritten", where, cause: `${named} is not written before` });
    else if (!patched.has(bd))
      findings.push({ code: "stream-bd-unpatched", where, cause: `${named} has no host address` });
  };
  for (const op of ops) {
    if (op.op === "write32") {
      push(op.address, op.value);
      if (registerAt(op.address).register?.row.role === "bd") written.add(op.address - (op.address % 0x20));
    } else if (op.op === "blockwrite") {
      for (let at = 0; at < op.words.length; at += 8) written.add(op.address + at * 4 - ((op.address + at * 4) % 0x20));
    } else if (op.op === "addressPatch") {
      patched.add(op.address - 4);
    } else if (op.op === "sync") {
      waits++;
      const channel = `(${op.col},${op.row}) ${op.direction} ${op.channel}`;
      const left = tokens.get(channel) ?? 0;
      tokens.set(channel, left - 1);
      if (left < 1) {
        const direction = op.direction === 0 ? "S2MM" : "MM2S";
        const cause = `it waits for a token of tile (${op.col},${op.row}) ${direction} ${op.channel}, which no push before issues`;
        findings.push({ code: "stream-no-token", where, cause });
      }
    }
  }
  if (isWhole && pushes > 0 && waits === 0)
    findings.push({ code: "stream-no-sync", where, cause: "it starts transfers and waits for none" });
  else if (isWhole) findings.push(...unawaitedOutputs(ops).map(unawaited));
  return findings;
}

function unawaited(output: UnawaitedOutput): Finding {
  return { code: "stream-unawaited", where, cause: unawaitedText(output) };
}
