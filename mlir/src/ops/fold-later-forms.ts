import { type Attribute, bdDimsAttr, integerAttr } from "../ir/attributes.ts";
import { type Operation, type Value, walk } from "../ir/operation.ts";
import { i8, i32, memref } from "../ir/types.ts";
import type { OpDefinition } from "./definition.ts";
import { ownArgumentKey } from "./spelling-2026-07.ts";

/** Makes the error that an operation is refused with. */
type Refuse = (op: Operation, message: string, hint: string) => Error;

/** Names of the operands that were attributes until June 2026, in their order; other operands stand before them. */
const valueOperands: Readonly<Record<string, readonly string[]>> = {
  "aie.use_lock": ["value"],
  "aiex.npu.write32": ["address", "value"],
  "aiex.npu.maskwrite32": ["address", "value", "mask"],
  "aiex.npu.sync": ["column", "row", "direction", "channel", "column_num", "row_num"],
  "aiex.npu.rtp_write": ["value"],
  "aiex.npu.push_queue": ["repeat_count", "bd_id"],
  "aiex.npu.address_patch": ["arg_plus"],
};

/** What v1.4 brought and nothing here does yet: leaving it out in silence would change what the design does. */
const unknownMeanings: Readonly<Record<string, readonly string[]>> = {
  "aie.dma_bd": ["iteration", "offset_parameter"],
  "aie.objectfifo": ["consumerElemType", "prod_dma_channel", "cons_dma_channels", "padValue"],
  "aie.dma_start": ["pad_value"],
  "aie.dma": ["pad_value"],
  "aiex.npu.dma_memcpy_nd": ["offset_parameter"],
};

const tracePacketIdMax = 31;

/**
 * Turns what `laterSpellings` read, and the generic form of it, into operations of March 2026: operands that are
 * constants become attributes again, and a trace's set-up names its argument. Constants that nothing else uses go.
 * @throws what `refuse` makes, for a value that is not a constant and for what v1.4 can say and this cannot do.
 */
export function foldLaterForms(module: Operation, table: ReadonlyMap<string, OpDefinition>, refuse: Refuse): void {
  const folded = new Set<Operation>();
  walk(module, (op) => {
    for (const name of unknownMeanings[op.name] ?? []) {
      if (op.attributes.has(name) && op.int(name) !== 0) {
        throw refuse(
          op,
          `'${op.name}' op attribute '${name}' is not supported`,
          "leave it out: designs here go without",
        );
      }
    }
    foldOperands(op, table, folded, refuse);
    if (op.name === "aie.dma_bd") renameBdLists(op, refuse);
    if (op.name === "aie.trace.host_config") nameTraceArgument(op, refuse);
    if (op.name === "aie.device") numberTracePackets(op);
  });
  const used = new Set<Value>();
  walk(module, (op) => {
    for (const value of [...op.operands, ...op.successors.flatMap((to) => to.args)]) used.add(value);
  });
  for (const constant of folded)
    if (!constant.results.some((value) => used.has(value))) constant.parent?.remove(constant);
}

function foldOperands(
  op: Operation,
  table: ReadonlyMap<string, OpDefinition>,
  folded: Set<Operation>,
  refuse: Refuse,
): void {
  const names = valueOperands[op.name];
  const definition = table.get(op.name);
  if (!names || !definition || op.operands.length !== definition.operands.length + names.length) return;
  const values = op.operands.splice(definition.operands.length);
  for (const [i, value] of values.entries()) {
    const name = names[i] ?? "";
    const constant = constantOf(value);
    if (constant === undefined) {
      const what = `'${op.name}' op expected ${name} to be an arith.constant, found %${value.name ?? "value"}`;
      throw refuse(op, what, "only what is known when the design is built is lowered: write the number");
    }
    if (value.definingOp) folded.add(value.definingOp);
    const rule = definition.attributes[name];
    const type = rule?.kind === "int" ? rule.type : i32;
    const isUnsigned = type.kind === "integer" && type.sign === "unsigned";
    op.attributes.set(name, integerAttr(isUnsigned ? BigInt.asUintN(32, constant) : constant, type));
  }
}

function constantOf({ definingOp }: Value): bigint | undefined {
  const value = definingOp?.name === "arith.constant" ? definingOp.attributes.get("value") : undefined;
  return value?.kind === "integer" ? value.value : undefined;
}

/** The generic form's `static_offset`, `static_len`, `static_sizes` and `static_strides`. */
function renameBdLists(op: Operation, refuse: Refuse): void {
  if (!["static_offset", "static_len", "static_sizes"].some((name) => op.attributes.has(name))) return;
  if (op.operands.length > 1) {
    throw refuse(op, "'aie.dma_bd' op expected constant offset, len, sizes and strides", "write the numbers");
  }
  const take = (name: string): Attribute | undefined => {
    const attribute = op.attributes.get(name);
    op.attributes.delete(name);
    return attribute;
  };
  take("operandSegmentSizes");
  for (const name of ["offset", "len"]) {
    const value = take(`static_${name}`);
    if (value) op.attributes.set(name, value);
  }
  const [sizes, strides] = [take("static_sizes"), take("static_strides")];
  if (sizes?.kind !== "dense-array" || strides?.kind !== "dense-array") return;
  const dims = sizes.values.map((size, i) => ({ size: Number(size), stride: Number(strides.values[i] ?? 0) }));
  if (dims.length > 0) op.attributes.set("dimensions", bdDimsAttr(dims));
}

/**
 * A trace without `arg_idx` gets an argument of its own behind the others, or, with `reuse_output_buffer`, the room behind what the
 * last one holds. Source: AIEInsertTraceFlows of mlir-aie v1.4.
 */
function nameTraceArgument(op: Operation, refuse: Refuse): void {
  const laterKeys = [ownArgumentKey, "reuse_output_buffer", "egress_shim_col"];
  if (!laterKeys.some((key) => op.attributes.has(key))) return;
  const column = op.int("egress_shim_col") ?? 0;
  if (column !== 0) {
    const what = `'aie.trace.host_config' op egress_shim_col: expected 0, got ${column}`;
    throw refuse(op, what, "packets of traces leave by shim (0,0)");
  }
  const reuses = op.flag("reuse_output_buffer");
  for (const key of laterKeys) op.attributes.delete(key);
  const entry = op.parentOp?.regions[0]?.entry;
  if (!reuses) entry?.addArg(memref([op.int("buffer_size") ?? 0], i8), "trace");
  const buffers = entry?.args.filter(({ type }) => type.kind === "memref").length ?? 0;
  op.attributes.set("arg_idx", integerAttr(reuses ? -1 : buffers - 1, i32));
}

/** Packets without an id: the least that no other trace of the device has, by column and row. */
function numberTracePackets(device: Operation): void {
  const packets: { readonly packet: Operation; readonly place: number }[] = [];
  walk(device, (op) => {
    const tile = op.parentOp?.operands[0]?.definingOp;
    if (op.name === "aie.trace.packet")
      packets.push({ packet: op, place: (tile?.int("col") ?? 0) * 256 + (tile?.int("row") ?? 0) });
  });
  const taken = new Set(packets.map(({ packet }) => packet.int("id")));
  const open = packets.filter(({ packet }) => !packet.attributes.has("id")).sort((a, b) => a.place - b.place);
  let id = 1;
  for (const { packet } of open) {
    while (taken.has(id)) id++;
    if (id > tracePacketIdMax) return;
    packet.attributes.set("id", integerAttr(id, i32));
    taken.add(id);
  }
}
