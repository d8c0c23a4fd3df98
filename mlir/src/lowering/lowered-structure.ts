import type { Attribute } from "../ir/attributes.ts";
import { type Block, type Operation, type Value, walk } from "../ir/operation.ts";
import { attributeText, typeText } from "../printer/attributes.ts";

/** Parts of a lowered module, in the order in which they depend on each other. */
const structureKinds = [
  "tile",
  "buffer",
  "lock",
  "flow",
  "switch",
  "cascade",
  "allocation",
  "dma",
  "core",
  "sequence",
] as const;
export type StructureKind = (typeof structureKinds)[number];

/** One thing that a lowered module configures, in the design's own names. */
export interface StructureFact {
  readonly kind: StructureKind;
  /** For example `lock @in_prod_lock_0` or `BD 1 of aie.mem (0,2) S2MM 0`; unique in a module. */
  readonly subject: string;
  /** What is said of it, for example `init` -> `2`; what is not given is left out. */
  readonly properties: ReadonlyMap<string, string>;
}

export interface StructureOptions {
  /** False: buffers without address and bank. */
  readonly addresses: boolean;
}

/**
 * What a lowered module configures, sorted, in a form that does not depend on the order of operations or the names of
 * values: tiles, buffers, locks, flows, switch connections, shim allocations, DMA programs BD by BD, for each core its lock
 * operations, calls and memory accesses in program order, and the symbols that runtime sequences use. Cores that choose
 * their objects at run time are named only: how they count is theirs.
 */
export function structureOf(module: Operation, options: StructureOptions): readonly StructureFact[] {
  const devices = bodyOf(module).filter((op) => op.name === "aie.device");
  const found = devices.flatMap((device) => {
    const prefix = devices.length > 1 ? `device @${device.text("sym_name") ?? "main"}: ` : "";
    return bodyOf(device)
      .flatMap((op) => describe(op, options))
      .map((fact) => ({ ...fact, subject: `${prefix}${fact.subject}` }));
  });
  return withUniqueSubjects(found.sort(compareFacts));
}

type Properties = Readonly<Record<string, string | number | undefined>>;

function fact(kind: StructureKind, subject: string, properties: Properties): StructureFact {
  const given = Object.entries(properties).flatMap(([key, value]) =>
    value === undefined || value === "" ? [] : [[key, `${value}`] as const],
  );
  return { kind, subject, properties: new Map(given) };
}

function describe(op: Operation, options: StructureOptions): StructureFact[] {
  const name = op.text("sym_name");
  switch (op.name) {
    case "aie.tile":
      return [
        fact("tile", `tile (${op.int("col")},${op.int("row")})`, { "controller id": attribute(op, "controller_id") }),
      ];
    case "aie.buffer": {
      const at = options.addresses ? { address: op.int("address"), bank: op.int("mem_bank") } : {};
      const content = { type: typeText(op.result.type), "initial value": attribute(op, "initial_value") };
      return [fact("buffer", `buffer @${name}`, { tile: place(op), ...content, ...at })];
    }
    case "aie.lock":
      return [
        fact("lock", `lock ${lockName(op.result)}`, { tile: place(op), id: op.int("lockID"), init: op.int("init") }),
      ];
    case "aie.flow":
      return [
        fact("flow", `flow into ${placeOf(op.operands[1])} ${op.text("dest_bundle")} ${op.int("dest_channel")}`, {
          source: `${place(op)} ${op.text("source_bundle")} ${op.int("source_channel")}`,
        }),
      ];
    case "aie.packet_flow": {
      const ends = bodyOf(op).filter((end) => end.operands.length > 0);
      const ports = (end: string) =>
        ends
          .filter((port) => port.name === end)
          .map((port) => `${place(port)} ${port.text("bundle")} ${port.int("channel")}`)
          .join(", ");
      const [from, to] = [ports("aie.packet_source"), ports("aie.packet_dest")];
      return [
        fact("flow", `packet flow ${op.int("ID")} from ${from}`, {
          destinations: to,
          "keeps header": attribute(op, "keep_pkt_header"),
          priority: attribute(op, "priority_route"),
        }),
      ];
    }
    case "aie.switchbox":
    case "aie.shim_mux":
      return bodyOf(op).flatMap((inner) => switchFacts(op, inner));
    case "aie.configure_cascade":
      return [fact("cascade", `cascade of ${place(op)}`, { input: op.text("inputDir"), output: op.text("outputDir") })];
    case "aie.shim_dma_allocation":
      return [
        fact("allocation", `shim DMA allocation @${name}`, {
          tile: place(op),
          channel: `${op.text("channel_dir")} ${op.int("channel_index")}`,
        }),
      ];
    case "aie.mem":
    case "aie.memtile_dma":
    case "aie.shim_dma":
      return dmaFacts(op);
    case "aie.core":
      return [
        fact("core", `core ${place(op)}`, {
          ...(op.flag("dynamic_objfifo_lowering") ? { objects: "chosen at run time" } : numbered(coreSteps(op))),
        }),
      ];
    case "aie.runtime_sequence":
      return [fact("sequence", `runtime sequence @${name ?? "sequence"}`, numbered(sequenceSymbols(op)))];
    default:
      return [];
  }
}

function switchFacts(owner: Operation, op: Operation): StructureFact[] {
  if (op.name !== "aie.connect") return [];
  const target = `${op.text("dest_bundle")} ${op.int("dest_channel")}`;
  const source = `${op.text("source_bundle")} ${op.int("source_channel")}`;
  return [fact("switch", `${owner.name} ${place(owner)} connection to ${target}`, { source })];
}

function dmaFacts(program: Operation): StructureFact[] {
  const facts: StructureFact[] = [];
  walk(program, (op) => {
    if (op.name !== "aie.dma_start" && op.name !== "aie.dma") return;
    const subject = `${program.name} ${place(program)} ${op.text("channel_dir")} ${op.int("channel_index")}`;
    const blocks = op.name === "aie.dma" ? op.regions.map((region) => region.entry) : chain(op.successors[0]?.block);
    const repeat = op.name === "aie.dma_start" ? (op.int("repeat_count") ?? 0) : undefined;
    facts.push(fact("dma", subject, { "repeat count": repeat, BDs: blocks.length }));
    blocks.forEach((block, i) => {
      facts.push(fact("dma", `BD ${i} of ${subject}`, bdProperties(block, blocks)));
    });
  });
  return facts;
}

function chain(first: Block | undefined): Block[] {
  const blocks = new Set<Block>();
  for (let block = first; block && !blocks.has(block); block = block.ops.at(-1)?.successors[0]?.block)
    blocks.add(block);
  // The block that ends a chain moves nothing.
  return [...blocks].filter((block) => block.ops.length > 1 || block.ops[0]?.name !== "aie.end");
}

function bdProperties(block: Block, blocks: readonly Block[]): Properties {
  const at = block.ops.findIndex((op) => op.name === "aie.dma_bd");
  const locks = (ops: readonly Operation[]) =>
    ops.flatMap((op) => (op.name === "aie.use_lock" ? [useLockText(op)] : [])).join(", ");
  const bd = block.ops[at];
  const next = block.ops.at(-1)?.successors[0]?.block;
  const followedBy = next === undefined ? -1 : blocks.indexOf(next);
  const order = {
    "locks before": locks(block.ops.slice(0, Math.max(at, 0))),
    "locks after": locks(block.ops.slice(at + 1)),
    "next in chain": followedBy < 0 ? undefined : `BD ${followedBy}`,
  };
  if (bd === undefined) return { transfer: "none", ...order };
  return {
    buffer: `@${bd.operands[0]?.definingOp?.text("sym_name")}`,
    offset: bd.int("offset") ?? 0,
    length: bd.int("len"),
    dimensions: attribute(bd, "dimensions"),
    padding: attribute(bd, "pad_dimensions"),
    packet: attribute(bd, "packet"),
    id: bd.int("bd_id"),
    "next id": bd.int("next_bd_id"),
    ...order,
  };
}

function coreSteps(core: Operation): string[] {
  const steps: string[] = [];
  const buffers = (op: Operation) =>
    op.operands.flatMap((v) => (v.definingOp?.name === "aie.buffer" ? [`@${v.definingOp.text("sym_name")}`] : []));
  walk(core, (op) => {
    if (op.name === "aie.use_lock") steps.push(useLockText(op));
    else if (op.name === "func.call") steps.push(`call @${op.text("callee")}(${buffers(op).join(", ")})`);
    else if (op.name === "memref.load" || op.name === "memref.store")
      steps.push(`${op.name} ${buffers(op).join(" ")}`.trim());
  });
  return steps;
}

function sequenceSymbols(sequence: Operation): string[] {
  const steps: string[] = [];
  walk(sequence, (op) => {
    const symbol = op.text("metadata") ?? op.text("symbol") ?? op.text("alloc");
    if (op !== sequence && op.name.startsWith("aiex.")) steps.push(symbol ? `${op.name} @${symbol}` : op.name);
  });
  return steps;
}

function numbered(steps: readonly string[]): Properties {
  return Object.fromEntries(steps.map((step, i) => [`step ${i + 1}`, step]));
}

function useLockText(op: Operation): string {
  return `${op.text("action")} ${lockName(op.operands[0])} by ${op.int("value") ?? 1}`;
}

function lockName(value: Value | undefined): string {
  const lock = value?.definingOp;
  if (lock === undefined) return "?";
  const symbol = lock.text("sym_name");
  return symbol === undefined ? `${lock.int("lockID")} of ${place(lock)}` : `@${symbol}`;
}

function place(op: Operation): string {
  return placeOf(op.operands[0]);
}

function placeOf(tile: Value | undefined): string {
  return `(${tile?.definingOp?.int("col")},${tile?.definingOp?.int("row")})`;
}

function attribute(op: Operation, key: string): string | undefined {
  const attr: Attribute | undefined = op.attributes.get(key);
  return attr === undefined ? undefined : attributeText(attr);
}

function bodyOf(op: Operation): readonly Operation[] {
  return op.regions[0]?.blocks[0]?.ops ?? [];
}

function compareFacts(a: StructureFact, b: StructureFact): number {
  const byKind = structureKinds.indexOf(a.kind) - structureKinds.indexOf(b.kind);
  if (byKind !== 0) return byKind;
  return compareTexts(a.subject, b.subject) || compareTexts(contentOf(a), contentOf(b));
}

function contentOf({ properties }: StructureFact): string {
  return [...properties].flat().join("\n");
}

/** With numbers by value: `BD 2` comes before `BD 10`. */
const collator = new Intl.Collator("en", { numeric: true });

function compareTexts(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

/** Things that share a subject, such as two DMA programs of one tile, are told apart by a number. */
function withUniqueSubjects(facts: readonly StructureFact[]): StructureFact[] {
  const seen = new Map<string, number>();
  return facts.map((entry) => {
    const count = (seen.get(entry.subject) ?? 0) + 1;
    seen.set(entry.subject, count);
    return count === 1 ? entry : { ...entry, subject: `${entry.subject} (no. ${count})` };
  });
}
