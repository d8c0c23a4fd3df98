import type { Block, Operation, Value } from "../ir/operation.ts";
import { walk } from "../ir/operation.ts";

export interface StructureOptions {
  /** False: buffers without address and bank. */
  readonly addresses: boolean;
}

/**
 * What a lowered module configures, as sorted lines that do not depend on the order or the names of its values: tiles,
 * buffers, locks, flows, shim allocations, DMA programs BD by BD, and for each core its lock operations, calls and
 * memory accesses in program order.
 */
export function structureOf(module: Operation, options: StructureOptions): string[] {
  const devices = topLevel(module).filter((op) => op.name === "aie.device");
  return devices.flatMap((device) => topLevel(device).flatMap((op) => describe(op, options))).sort();
}

function topLevel(op: Operation): readonly Operation[] {
  return op.regions[0]?.entry.ops ?? [];
}

function describe(op: Operation, options: StructureOptions): string[] {
  const name = op.text("sym_name");
  switch (op.name) {
    case "aie.tile":
      return [`tile ${op.int("col")},${op.int("row")} ${text(op, "controller_id")}`];
    case "aie.buffer": {
      const at = options.addresses ? `at ${op.int("address")} bank ${op.int("mem_bank")}` : "";
      return [`buffer ${name} ${place(op)} ${at} ${json(op.result.type)} ${text(op, "initial_value")}`];
    }
    case "aie.lock":
      return [`lock ${lockName(op.result)} ${place(op)} id ${op.int("lockID")} init ${op.int("init")}`];
    case "aie.flow": {
      const [from, to] = op.operands.map(placeOf);
      const ends = ["source", "dest"].map((e) => `${op.text(`${e}_bundle`)}${op.int(`${e}_channel`)}`);
      return [`flow ${from} ${ends[0]} -> ${to} ${ends[1]}`];
    }
    case "aie.shim_dma_allocation":
      return [`allocation ${name} ${place(op)} ${op.text("channel_dir")}${op.int("channel_index")}`];
    case "aie.packet_flow": {
      const ports = topLevel(op).filter((o) => o.operands.length > 0);
      const list = ports.map((o) => `${o.name} ${place(o)} ${o.text("bundle")}${o.int("channel")}`);
      return [`packet flow ${op.int("ID")}: ${list.join(", ")}`];
    }
    case "aie.configure_cascade":
      return [`cascade ${place(op)} ${op.text("inputDir")} ${op.text("outputDir")}`];
    case "aie.mem":
    case "aie.memtile_dma":
    case "aie.shim_dma":
      return dmaPrograms(op);
    case "aie.core":
      return [`core ${place(op)}: ${coreTrace(op).join("; ")}`];
    case "aie.runtime_sequence":
      return sequenceSymbols(op);
    default:
      return [];
  }
}

function dmaPrograms(program: Operation): string[] {
  const lines: string[] = [];
  walk(program, (op) => {
    const channel = `${program.name} ${place(program)} ${op.text("channel_dir")}${op.int("channel_index")}`;
    if (op.name === "aie.dma_start") {
      lines.push(`${channel} repeat ${op.int("repeat_count") ?? 0}: ${chain(op.successors[0]?.block).join(" -> ")}`);
    } else if (op.name === "aie.dma") {
      lines.push(`${channel}: ${op.regions.map((r) => bdText(r.entry)).join(" -> ")}`);
    }
  });
  return lines;
}

function chain(first: Block | undefined): string[] {
  const seen = new Set<Block>();
  const lines: string[] = [];
  for (let block = first; block && !seen.has(block); block = block.ops.at(-1)?.successors[0]?.block) {
    seen.add(block);
    lines.push(bdText(block));
  }
  return lines;
}

function bdText(block: Block): string {
  return block.ops
    .map((op) => {
      if (op.name === "aie.use_lock") return `${op.text("action")} ${lockName(op.operands[0])} ${op.int("value") ?? 1}`;
      if (op.name !== "aie.dma_bd") return op.name;
      const ids = `id ${op.int("bd_id")} next ${op.int("next_bd_id")}`;
      const extent = `${op.int("offset") ?? 0}+${op.int("len")}`;
      const shape = `${text(op, "dimensions")} ${text(op, "pad_dimensions")} ${text(op, "packet")}`;
      return `bd ${op.operands[0]?.definingOp?.text("sym_name")} ${extent} ${shape} ${ids}`;
    })
    .join(" ");
}

function coreTrace(core: Operation): string[] {
  const trace: string[] = [];
  const buffers = (op: Operation) =>
    op.operands.flatMap((v) => (v.definingOp?.name === "aie.buffer" ? v.definingOp.text("sym_name") : []));
  walk(core, (op) => {
    if (op.name === "aie.use_lock") {
      trace.push(`${op.text("action")} ${lockName(op.operands[0])} ${op.int("value") ?? 1}`);
    } else if (op.name === "func.call") trace.push(`call ${op.text("callee")} ${buffers(op).join(" ")}`);
    else if (op.name === "memref.load" || op.name === "memref.store") trace.push(`${op.name} ${buffers(op).join(" ")}`);
  });
  return trace;
}

function sequenceSymbols(sequence: Operation): string[] {
  const names: string[] = [];
  walk(sequence, (op) => {
    const symbol = op.text("metadata") ?? op.text("symbol") ?? op.text("alloc");
    if (op !== sequence && op.name.startsWith("aiex.")) names.push(`${op.name} ${symbol}`);
  });
  return [`sequence ${sequence.text("sym_name") ?? "sequence"}: ${names.join(", ")}`];
}

function lockName(value: Value | undefined): string {
  const lock = value?.definingOp;
  return lock ? (lock.text("sym_name") ?? `${lock.int("lockID")}@${place(lock)}`) : "?";
}

function place(op: Operation): string {
  return placeOf(op.operands[0]);
}

function placeOf(tile: Value | undefined): string {
  return `(${tile?.definingOp?.int("col")},${tile?.definingOp?.int("row")})`;
}

function text(op: Operation, key: string): string {
  const attr = op.attributes.get(key);
  return attr === undefined ? "" : json(attr);
}

function json(value: unknown): string {
  return JSON.stringify(value, (_, v) => (typeof v === "bigint" ? String(v) : v));
}
