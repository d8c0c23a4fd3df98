import { i8, i32, index } from "../ir/types.ts";
import { verifySwitchbox } from "../verifier/rules/switches.ts";
import { nameOfTile } from "./aie-structure.ts";
import { defineOp } from "./definition.ts";
import { bundles, int, keyword, optional, optionalBool, optionalInt, optionalString, string, symbol } from "./rules.ts";

const switchRegion = {
  format: "`(` %tile `)` region(connections) attr-dict",
  operands: ["tile"],
  results: ["result"],
  types: { tile: index, result: index },
  regions: [{ name: "connections", terminator: "aie.end" }],
};
const tracePackets = ["core", "mem", "shimtile", "memtile"];
const traceEvent = { kind: "opaque", prefix: "aie.trace_event" } as const;
const startOrStop = {
  format: "( `broadcast` `=` $broadcast )? ( `event` `=` $event )? attr-dict",
  attributes: { broadcast: optionalInt(), event: traceEvent },
};

/** Stream switches after routing, and tracing. */
export const aieSwitchOps = [
  defineOp("aie.switchbox", {
    ...switchRegion,
    resultName: (op) => nameOfTile("switchbox", op.operands[0]),
    verify: verifySwitchbox,
  }),
  defineOp("aie.shim_mux", { ...switchRegion, resultName: (op) => nameOfTile("shim_mux", op.operands[0]) }),
  defineOp("aie.connect", {
    format: "`<` $source_bundle `:` $source_channel `,` $dest_bundle `:` $dest_channel `>` attr-dict",
    attributes: {
      source_bundle: keyword(bundles),
      source_channel: int({ min: 0 }),
      dest_bundle: keyword(bundles),
      dest_channel: int({ min: 0 }),
    },
  }),
  defineOp("aie.amsel", {
    format: "`<` $arbiterID `>` `(` $msel `)` attr-dict",
    results: ["result"],
    types: { result: index },
    attributes: { arbiterID: int({ type: i8, min: 0, max: 5 }), msel: int({ type: i8, min: 0, max: 3 }) },
  }),
  defineOp("aie.masterset", {
    format: "`(` $dest_bundle `:` $dest_channel `,` %amsels `)` attr-dict",
    operands: ["amsels*"],
    results: ["result"],
    types: { amsels: index, result: index },
    attributes: { dest_bundle: keyword(bundles), dest_channel: int({ min: 0 }), keep_pkt_header: optionalBool },
  }),
  defineOp("aie.packet_rules", {
    format: "`(` $source_bundle `:` $source_channel `)` region(rules) attr-dict",
    attributes: { source_bundle: keyword(bundles), source_channel: int({ min: 0 }) },
    regions: [{ name: "rules", terminator: "aie.end" }],
  }),
  defineOp("aie.rule", {
    format: "`(` $mask `,` $value `,` %amsel `)` attr-dict",
    operands: ["amsel"],
    types: { amsel: index },
    attributes: { mask: int({ type: i8 }), value: int({ type: i8 }) },
  }),
  defineOp("aie.wire", {
    format: "`(` %source `:` $source_bundle `,` %dest `:` $dest_bundle `)` attr-dict",
    operands: ["source", "dest"],
    types: { source: index, dest: index },
    attributes: { source_bundle: keyword(bundles), dest_bundle: keyword(bundles) },
  }),
  defineOp("aie.trace", {
    format: "@sym_name `(` %tile `)` region(body) attr-dict",
    operands: ["tile"],
    types: { tile: index },
    attributes: { sym_name: string },
    regions: [{ name: "body", terminator: "aie.end" }],
  }),
  defineOp("aie.trace.mode", {
    format: "$mode attr-dict",
    attributes: { mode: { kind: "enum", names: ["Event-Time", "Event-PC", "Execution"], type: i32, quoted: true } },
  }),
  defineOp("aie.trace.packet", {
    format: "`id` `=` $id `type` `=` $type attr-dict",
    attributes: { id: int({ min: 1, max: 31 }), type: keyword(tracePackets) },
  }),
  defineOp("aie.trace.event", { format: "$event attr-dict", attributes: { event: traceEvent } }),
  defineOp("aie.trace.port", {
    format: "`<` $slot `>` `port` `=` $port `channel` `=` $channel `direction` `=` $direction attr-dict",
    attributes: { slot: int(), port: keyword(bundles), channel: int(), direction: keyword(["S2MM", "MM2S"]) },
  }),
  defineOp("aie.trace.start", startOrStop),
  defineOp("aie.trace.stop", startOrStop),
  defineOp("aie.trace.start_config", { format: "$trace_config attr-dict", attributes: { trace_config: symbol } }),
  defineOp("aie.trace.host_config", {
    format: "`buffer_size` `=` $buffer_size ( `arg_idx` `=` $arg_idx )? attr-dict",
    attributes: { buffer_size: int(), arg_idx: int({ default: 4 }) },
  }),
  defineOp("aie.trace.config", {
    format: "@sym_name `(` %tile `)` ( `packet_type` `=` $packet_type )? region(body) attr-dict",
    operands: ["tile"],
    types: { tile: index },
    attributes: { sym_name: string, packet_type: optional(keyword(tracePackets)) },
    regions: [{ name: "body", terminator: "aie.end" }],
  }),
  defineOp("aie.trace.reg", {
    format:
      "`register` `=` $reg_name ( `field` `=` $field )? `value` `=` $value ( `mask` `=` $mask )? ( `comment` `=` $comment )? attr-dict",
    attributes: {
      reg_name: string,
      field: optionalString,
      value: int(),
      mask: optionalInt(),
      comment: optionalString,
    },
  }),
];
