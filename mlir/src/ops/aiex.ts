import { i64, index, ui8, ui32 } from "../ir/types.ts";
import { parsePacketInfo } from "../parser/attributes.ts";
import { attributeText } from "../printer/attributes.ts";
import { verifyMemcpy } from "../verifier/rules/host-transfers.ts";
import {
  verifyConfigure,
  verifyConfigureTask,
  verifyDmaWait,
  verifyPushQueue,
  verifyRun,
  verifySetLock,
  verifyStartBdChain,
  verifyWriteBd,
  warnOfBufferWrite,
  warnOfTaskFor,
  warnOfTaskRepeats,
} from "../verifier/rules/runtime.ts";
import { type AttributeRules, defineOp } from "./definition.ts";
import { dynamicCount, dynamicLists } from "./dynamic-lists.ts";
import { flag, int, keyword, optionalInt, packetInfo, silent, symbol } from "./rules.ts";

const address = int({ type: ui32 });
const ui64 = { kind: "integer", width: 64, sign: "unsigned" } as const;
const inSequence = { parents: ["aie.runtime_sequence"] };
const task = { format: "`(` %task `)` attr-dict", operands: ["task"], types: { task: index }, ...inSequence };
const taskAttributes: AttributeRules = { issue_token: silent(flag), repeat_count: silent(int({ default: 0 })) };
const directions = ["S2MM", "MM2S"];
const writebdFields = [
  ...["column", "bd_id", "buffer_length", "buffer_offset", "enable_packet", "out_of_order_id", "packet_id"],
  ...["packet_type", "d0_size", "d0_stride", "d1_size", "d1_stride", "d2_size", "d2_stride", "iteration_current"],
  ...["iteration_size", "iteration_stride", "next_bd", "row", "use_next_bd", "valid_bd", "lock_rel_val", "lock_rel_id"],
  ...["lock_acq_enable", "lock_acq_val", "lock_acq_id", "d0_zero_before", "d1_zero_before", "d2_zero_before"],
  ...["d0_zero_after", "d1_zero_after", "d2_zero_after"],
];
const zeroPads = [
  "d0_zero_before",
  "d1_zero_before",
  "d2_zero_before",
  "d0_zero_after",
  "d1_zero_after",
  "d2_zero_after",
];
const i64Default = silent(int({ type: i64, default: 0 }));

/** The NPU's runtime: the instruction stream, and DMA tasks. */
export const aiexOps = [
  defineOp("aiex.npu.dma_memcpy_nd", {
    format: "custom(transfer) attr-dict `:` type(memref)",
    custom: {
      transfer: {
        parse: (parser, draft) => {
          parser.scanner.expect("(");
          draft.operands.set("memref", [parser.operand()]);
          for (const name of ["offsets", "sizes", "strides"]) dynamicLists.parse(parser, draft, name);
          if (parser.scanner.accept(",")) {
            parser.scanner.expect("packet");
            parser.scanner.expect("=");
            draft.attributes.set("packet", parsePacketInfo(parser.source));
          }
          parser.scanner.expect(")");
        },
        print: (printer, op) => {
          const [memref] = op.operands;
          printer.write(`(${memref ? printer.value(memref) : ""}`);
          printer.write(dynamicLists.texts(printer, op, ["offsets", "sizes", "strides"], 1).join(""));
          const packet = op.attributes.get("packet");
          if (packet) printer.write(`, packet = ${attributeText(packet).replace("#aie.packet_info", "")}`);
          printer.write(")");
        },
      },
    },
    elided: ["static_offsets", "static_sizes", "static_strides", "packet"],
    operands: ["memref", "offsets*", "sizes*", "strides*"],
    types: { offsets: i64, sizes: i64, strides: i64 },
    segments: (op) => [1, dynamicCount(op, "offsets"), dynamicCount(op, "sizes"), dynamicCount(op, "strides")],
    attributes: {
      static_offsets: { kind: "dense-array", required: true },
      static_sizes: { kind: "dense-array", required: true },
      static_strides: { kind: "dense-array", required: true },
      packet: packetInfo,
      metadata: symbol,
      id: int({ type: i64 }),
      issue_token: silent(flag),
      ...Object.fromEntries(zeroPads.map((name) => [name, i64Default])),
      burst_length: i64Default,
    },
    verify: verifyMemcpy,
  }),
  defineOp("aiex.npu.dma_wait", { format: "attr-dict", attributes: { symbol }, verify: verifyDmaWait }),
  defineOp("aiex.npu.sync", {
    format: "attr-dict",
    attributes: {
      column: int(),
      row: int(),
      direction: int(),
      channel: int(),
      column_num: int(),
      row_num: int(),
    },
  }),
  defineOp("aiex.npu.write32", {
    format: "attr-dict",
    attributes: {
      address,
      value: int({ type: ui32 }),
      buffer: { kind: "symbol" },
      column: optionalInt(),
      row: optionalInt(),
    },
    verify: warnOfBufferWrite,
  }),
  defineOp("aiex.npu.maskwrite32", {
    format: "attr-dict",
    attributes: {
      address,
      value: int({ type: ui32 }),
      mask: int({ type: ui32 }),
      buffer: { kind: "symbol" },
      column: optionalInt(),
      row: optionalInt(),
    },
    verify: warnOfBufferWrite,
  }),
  defineOp("aiex.npu.blockwrite", {
    format: "`(` %data `)` attr-dict `:` type(data)",
    operands: ["data"],
    attributes: { address, buffer: { kind: "symbol" }, column: optionalInt(), row: optionalInt() },
    verify: warnOfBufferWrite,
  }),
  defineOp("aiex.npu.rtp_write", {
    format: "`(` $buffer `,` $index `,` $value `)` attr-dict",
    attributes: { buffer: symbol, index: int({ type: ui32 }), value: int() },
    verify: warnOfBufferWrite,
  }),
  defineOp("aiex.npu.push_queue", {
    format: "`(` $column `,` $row `,` $direction `:` $channel `)` attr-dict",
    attributes: {
      column: int(),
      row: int(),
      direction: keyword(directions),
      channel: int(),
      issue_token: { kind: "bool", required: true },
      repeat_count: int(),
      bd_id: int(),
    },
    verify: verifyPushQueue,
  }),
  defineOp("aiex.npu.writebd", {
    format: "attr-dict",
    attributes: {
      ...Object.fromEntries(writebdFields.map((name) => [name, int()])),
      burst_length: silent(int({ default: 0 })),
    },
    verify: verifyWriteBd,
  }),
  defineOp("aiex.npu.address_patch", {
    format: "attr-dict",
    attributes: { addr: int({ type: ui32 }), arg_idx: int(), arg_plus: int() },
  }),
  defineOp("aiex.npu.load_pdi", {
    format: "attr-dict",
    attributes: {
      device_ref: { kind: "symbol" },
      id: silent(int({ default: 0 })),
      size: silent(int({ default: 0 })),
      address: silent(int({ type: ui64, default: 0 })),
    },
  }),
  defineOp("aiex.control_packet", {
    format: "attr-dict",
    attributes: {
      address,
      length: optionalInt(),
      opcode: int(),
      stream_id: int(),
      data: { kind: "dense-array" },
    },
  }),
  defineOp("aiex.npu.preempt", { format: "attr-dict", attributes: { level: int({ type: ui8 }) } }),
  defineOp("aiex.set_lock", {
    format: "`(` %lock `,` $value `)` attr-dict",
    operands: ["lock"],
    types: { lock: index },
    attributes: { value: int() },
    ...inSequence,
    verify: verifySetLock,
  }),
  defineOp("aiex.configure", {
    format: "$symbol region(body) attr-dict",
    attributes: { symbol },
    regions: [{ name: "body", needsTerminator: false }],
    ...inSequence,
    verify: verifyConfigure,
  }),
  defineOp("aiex.run", {
    format: "$runtime_sequence_symbol `(` %args `)` `:` `(` type(args) `)` attr-dict",
    parents: ["aiex.configure"],
    operands: ["args*"],
    attributes: { runtime_sequence_symbol: symbol },
    verify: verifyRun,
  }),
  defineOp("aiex.dma_configure_task", {
    format: "`(` %tile `,` $direction `,` $channel ( `,` $packet )? `)` region(body) attr-dict",
    operands: ["tile"],
    results: ["result"],
    types: { tile: index, result: index },
    attributes: { direction: keyword(directions), channel: int(), packet: packetInfo, ...taskAttributes },
    regions: [{ name: "body", multiBlock: true }],
    ...inSequence,
    verify: verifyConfigureTask,
  }),
  defineOp("aiex.dma_configure_task_for", {
    format: "$alloc region(body) attr-dict",
    results: ["result"],
    types: { result: index },
    attributes: { alloc: symbol, ...taskAttributes },
    verify: warnOfTaskFor,
    ...inSequence,
    regions: [{ name: "body", multiBlock: true }],
  }),
  defineOp("aiex.dma_start_task", task),
  defineOp("aiex.dma_await_task", task),
  defineOp("aiex.dma_free_task", task),
  defineOp("aiex.dma_start_bd_chain", {
    ...inSequence,
    format: "$symbol `(` %args `)` `:` `(` type(args) `)` `on` `_` `(` %tile `,` $direction `,` $channel `)` attr-dict",
    operands: ["args*", "tile"],
    results: ["result"],
    types: { tile: index, result: index },
    attributes: { symbol, direction: keyword(directions), channel: int(), ...taskAttributes },
    verify: verifyStartBdChain,
  }),
  defineOp("aiex.dma_start_bd_chain_for", {
    ...inSequence,
    format: "$symbol `(` %args `)` `:` `(` type(args) `)` `for` `_` `_` $alloc attr-dict",
    operands: ["args*"],
    results: ["result"],
    types: { result: index },
    attributes: { symbol, alloc: symbol, ...taskAttributes },
    verify: warnOfTaskRepeats,
  }),
];
