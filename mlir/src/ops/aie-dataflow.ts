import { bdDimsAttr } from "../ir/attributes.ts";
import type { Operation } from "../ir/operation.ts";
import { i1, i8, i32, i64, index } from "../ir/types.ts";
import type { Check } from "../verifier/check.ts";
import { verifyDmaBd } from "../verifier/rules/dma-bd.ts";
import { verifyDma, verifyDmaProgram } from "../verifier/rules/dma-programs.ts";
import { verifyLink } from "../verifier/rules/links.ts";
import {
  verifyAccess,
  verifyAllocate,
  verifyExternalBuffers,
  verifyObjectFifo,
  verifySubviewAccess,
} from "../verifier/rules/object-fifos.ts";
import { verifyPacketFlow, warnOfBdPacket } from "../verifier/rules/packets.ts";
import { verifyRegisterProcess } from "../verifier/rules/register-process.ts";
import { verifyCascadeFlow, verifyConfigureCascade } from "../verifier/rules/tiles.ts";
import { nameOfTile } from "./aie-structure.ts";
import { bdRegions, dmaBdTransfer, objectFifoEnds, objectFifoTypeAndValues, signature } from "./aie-syntax.ts";
import { type AttributeRules, defineOp } from "./definition.ts";
import {
  bundles,
  channelDirections,
  flag,
  int,
  keyword,
  optionalBool,
  optionalInt,
  optionalString,
  packetInfo,
  silent,
  string,
  symbol,
} from "./rules.ts";

const ports: AttributeRules = { port: keyword(["Produce", "Consume"]), size: int({ min: 1 }), objFifo_name: symbol };
const dmaPrograms = ["aie.mem", "aie.memtile_dma", "aie.shim_dma"];
/** Numbered as the stream bundles of the same names. */
const cascadeDirections = ["South", "West", "North", "East"];
const bd = { name: "body", multiBlock: true };
const dmaProgram = {
  format: "`(` %tile `)` region(body) attr-dict",
  operands: ["tile"],
  results: ["result"],
  types: { tile: index, result: index },
  regions: [bd],
  verify: verifyDmaProgram,
};

/** objectFifos, flows, and the DMA programs they become. */
export const aieDataflowOps = [
  defineOp("aie.objectfifo", {
    format: "@sym_name custom(ends) attr-dict `:` custom(typeAndValues)",
    custom: { ends: objectFifoEnds, typeAndValues: objectFifoTypeAndValues },
    elided: ["elemNumber", "elemType", "dimensionsToStream", "dimensionsFromStreamPerConsumer", "initValues"],
    implied: (op) => ({
      dimensionsFromStreamPerConsumer: { kind: "array", elements: op.operands.slice(1).map(() => bdDimsAttr([])) },
    }),
    operands: ["producerTile", "consumerTiles*"],
    types: { producerTile: index, consumerTiles: index },
    attributes: {
      sym_name: string,
      elemNumber: { kind: "int", type: i32, min: 0, orArray: true, required: true },
      elemType: { kind: "type", required: true },
      dimensionsToStream: { kind: "bd-dims", default: bdDimsAttr([]) },
      dimensionsFromStreamPerConsumer: { kind: "bd-dims-list" },
      via_DMA: flag,
      plio: flag,
      disable_synchronization: flag,
      padDimensions: { kind: "bd-pads" },
      initValues: { kind: "array" },
      repeat_count: optionalInt({ min: 1 }),
      iter_count: optionalInt(),
      aie_stream: optionalInt({ min: 0, max: 2 }),
      aie_stream_port: optionalInt({ min: 0, max: 1 }),
    },
    parents: ["aie.device"],
    verify: verifyObjectFifo,
  }),
  defineOp("aie.objectfifo.allocate", {
    format: "$objFifo_name `(` %delegateTile `)` attr-dict",
    operands: ["delegateTile"],
    types: { delegateTile: index },
    attributes: { objFifo_name: symbol },
    parents: ["aie.device"],
    verify: verifyAllocate,
  }),
  defineOp("aie.objectfifo.link", {
    format: "$fifoIns `->` $fifoOuts `(` $src_offsets $dst_offsets `)` attr-dict",
    attributes: {
      fifoIns: { kind: "array", required: true },
      fifoOuts: { kind: "array", required: true },
      src_offsets: { kind: "int-array", type: i64, required: true },
      dst_offsets: { kind: "int-array", type: i64, required: true },
    },
    parents: ["aie.device"],
    verify: verifyLink,
  }),
  defineOp("aie.objectfifo.register_external_buffers", {
    format: "attr-dict $objFifo_name `(` %tile `,` `{` %externalBuffers `}` `)` `:` `(` type(externalBuffers) `)`",
    operands: ["tile", "externalBuffers*"],
    types: { tile: index },
    attributes: { objFifo_name: symbol },
    parents: ["aie.device"],
    verify: verifyExternalBuffers,
  }),
  defineOp("aie.objectfifo.acquire", {
    format: "attr-dict $objFifo_name `(` $port `,` $size `)` `:` type(subview)",
    results: ["subview"],
    attributes: ports,
    verify: verifyAccess,
  }),
  defineOp("aie.objectfifo.release", {
    format: "attr-dict $objFifo_name `(` $port `,` $size `)`",
    attributes: ports,
    verify: verifyAccess,
  }),
  defineOp("aie.objectfifo.subview.access", {
    format: "%subview `[` $index `]` attr-dict `:` type(subview) `->` type(output)",
    operands: ["subview"],
    results: ["output"],
    attributes: { index: int({ min: 0 }) },
    verify: verifySubviewAccess,
  }),
  defineOp("aie.objectfifo.register_process", {
    format:
      "attr-dict $objFifo_name `(` $port `,` %acquirePattern `:` type(acquirePattern) `,` %releasePattern `:` type(releasePattern) `,` $callee `,` %length `)`",
    operands: ["acquirePattern", "releasePattern", "length"],
    types: { length: index },
    attributes: { port: keyword(["Produce", "Consume"]), objFifo_name: symbol, callee: symbol },
    verify: verifyRegisterProcess,
  }),
  defineOp("aie.flow", {
    format:
      "`(` %source `,` $source_bundle `:` $source_channel `,` %dest `,` $dest_bundle `:` $dest_channel `)` attr-dict",
    operands: ["source", "dest"],
    types: { source: index, dest: index },
    attributes: {
      source_bundle: keyword(bundles),
      source_channel: int({ min: 0 }),
      dest_bundle: keyword(bundles),
      dest_channel: int({ min: 0 }),
    },
  }),
  defineOp("aie.packet_flow", {
    format: "`(` $ID `)` region(ports) attr-dict",
    attributes: { ID: int({ type: i8 }), keep_pkt_header: optionalBool, priority_route: optionalBool },
    regions: [{ name: "ports", terminator: "aie.end" }],
    verify: verifyPacketFlow,
  }),
  ...["aie.packet_source", "aie.packet_dest"].map((name) =>
    defineOp(name, {
      format: "`<` %tile `,` $bundle `:` $channel `>` attr-dict",
      operands: ["tile"],
      types: { tile: index },
      attributes: { bundle: keyword(bundles), channel: int({ min: 0 }) },
      parents: ["aie.packet_flow"],
    }),
  ),
  defineOp("aie.cascade_flow", {
    format: "`(` %source_tile `,` %dest_tile `)` attr-dict",
    operands: ["source_tile", "dest_tile"],
    types: { source_tile: index, dest_tile: index },
    verify: verifyCascadeFlow,
  }),
  defineOp("aie.configure_cascade", {
    format: "`(` %tile `,` $inputDir `,` $outputDir `)` attr-dict",
    operands: ["tile"],
    types: { tile: index },
    attributes: {
      inputDir: keyword(cascadeDirections, { first: 3 }),
      outputDir: keyword(cascadeDirections, { first: 3 }),
    },
    parents: ["aie.device"],
    verify: verifyConfigureCascade,
  }),
  defineOp("aie.mem", { ...dmaProgram, resultName: (op) => nameOfTile("mem", op.operands[0]) }),
  defineOp("aie.memtile_dma", { ...dmaProgram, resultName: (op) => nameOfTile("memtile_dma", op.operands[0]) }),
  defineOp("aie.shim_dma", { ...dmaProgram, resultName: (op) => nameOfTile("shim_dma", op.operands[0]) }),
  defineOp("aie.dma_start", {
    format:
      "`(` $channel_dir `,` $channel_index `,` ^dest `,` ^chain ( `,` `repeat_count` `=` $repeat_count )? `)` attr-dict",
    results: ["valid"],
    types: { valid: i1 },
    attributes: {
      channel_dir: keyword(channelDirections),
      channel_index: int({ min: 0 }),
      repeat_count: int({ default: 0 }),
    },
    parents: [...dmaPrograms, "func.func"],
    isTerminator: true,
    verify: (op, check) => verifySuccessors(op, check, 2),
  }),
  defineOp("aie.next_bd", {
    format: "^dest attr-dict",
    isTerminator: true,
    verify: (op, check) => verifySuccessors(op, check, 1),
  }),
  defineOp("aie.dma", {
    format: "`(` $channel_dir `,` $channel_index `)` attr-dict custom(regions)",
    custom: { regions: bdRegions },
    results: ["valid"],
    types: { valid: i1 },
    attributes: {
      channel_dir: keyword(channelDirections),
      channel_index: int({ min: 0 }),
      loop: { kind: "bool", default: { kind: "bool", value: true } },
      repeat_count: int({ default: 0 }),
      sym_name: optionalString,
    },
    regions: [{ name: "bds*", needsTerminator: false }],
    parents: dmaPrograms,
    resultName: (op) => op.text("sym_name"),
    verify: verifyDma,
  }),
  defineOp("aie.dma_bd_packet", {
    format: "`(` $packet_type `,` $packet_id `)` attr-dict",
    attributes: { packet_type: int(), packet_id: int() },
    verify: warnOfBdPacket,
  }),
  defineOp("aie.dma_bd", {
    format: "custom(transfer) attr-dict",
    custom: { transfer: dmaBdTransfer },
    elided: ["offset", "len", "dimensions", "pad_dimensions", "pad_value"],
    operands: ["buffer"],
    attributes: {
      offset: int({ default: 0 }),
      len: optionalInt(),
      dimensions: { kind: "bd-dims" },
      pad_dimensions: { kind: "bd-pads" },
      pad_value: silent(int({ default: 0 })),
      bd_id: optionalInt(),
      packet: packetInfo,
      next_bd_id: optionalInt(),
      burst_length: optionalInt(),
    },
    verify: verifyDmaBd,
  }),
  defineOp("aie.bd_chain", {
    format: "custom(signature) attr-dict",
    custom: { signature: signature("body") },
    elided: ["sym_name"],
    attributes: { sym_name: string },
    regions: [bd],
  }),
  defineOp("aie.runtime_sequence", {
    format: "custom(signature) attr-dict",
    custom: { signature: signature("body", "sequence") },
    elided: ["sym_name"],
    attributes: { sym_name: { kind: "string", default: { kind: "string", value: "sequence" } } },
    regions: [{ name: "body", needsTerminator: false }],
    parents: ["aie.device"],
  }),
];

/** The generic form can leave them out. */
function verifySuccessors(op: Operation, check: Check, count: number): void {
  const { length } = op.successors;
  if (length !== count) check.error(`requires ${count} successor${count === 1 ? "" : "s"} but found ${length}`);
}
