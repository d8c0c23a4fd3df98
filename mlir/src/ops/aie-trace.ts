import { enumAttr } from "../ir/attributes.ts";
import { index } from "../ir/types.ts";
import {
  verifyComboEvent,
  verifyEdgeEvent,
  verifyStartOrStop,
  verifyTrace,
  verifyTraceEvent,
  verifyTracePort,
} from "../verifier/rules/trace.ts";
import { type Attributed, defineOp } from "./definition.ts";
import {
  bundles,
  channelDirections,
  int,
  keyword,
  optional,
  optionalInt,
  optionalString,
  string,
  symbol,
} from "./rules.ts";

const packetTypes = ["core", "mem", "shimtile", "memtile"];
const event: Attributed = { kind: "opaque", prefix: "aie.trace_event" };
const requiredEvent: Attributed = { ...event, required: true };
const inTrace = { parents: ["aie.trace"] };
const startOrStop = {
  format: "( `broadcast` `=` $broadcast )? ( `event` `=` $event )? attr-dict",
  attributes: { broadcast: optionalInt(), event },
  verify: verifyStartOrStop,
};

/** Traces as a design declares them, and the registers they become. */
export const aieTraceOps = [
  defineOp("aie.trace", {
    format: "@sym_name `(` %tile `)` ( `buffer_size` `=` $buffer_size )? region(body) attr-dict",
    operands: ["tile"],
    types: { tile: index },
    attributes: { sym_name: string, buffer_size: optionalInt() },
    regions: [{ name: "body", terminator: "aie.end" }],
    parents: ["aie.device"],
    verify: verifyTrace,
  }),
  defineOp("aie.trace.mode", {
    ...inTrace,
    format: "$mode attr-dict",
    attributes: { mode: { ...keyword(["Event-Time", "Event-PC", "Execution"]), quoted: true } as Attributed },
  }),
  defineOp("aie.trace.packet", {
    ...inTrace,
    format: "`id` `=` $id `type` `=` $type attr-dict",
    attributes: { id: int({ min: 1, max: 31 }), type: keyword(packetTypes) },
  }),
  defineOp("aie.trace.event", {
    ...inTrace,
    format: "$event ( `label` `=` $label )? attr-dict",
    attributes: { event: requiredEvent, label: optionalString },
    verify: verifyTraceEvent,
  }),
  defineOp("aie.trace.combo_event", {
    ...inTrace,
    format: "`<` $slot `>` $eventA $logic $eventB attr-dict",
    attributes: {
      slot: int(),
      eventA: requiredEvent,
      logic: keyword(["AND", "AND_NOT", "OR", "OR_NOT"]),
      eventB: requiredEvent,
    },
    verify: verifyComboEvent,
  }),
  defineOp("aie.trace.edge_event", {
    ...inTrace,
    format: "`~` `<` $slot `>` `event` `=` $event `trigger` `=` $trigger attr-dict",
    attributes: { slot: int(), event: requiredEvent, trigger: keyword(["RISING", "FALLING", "BOTH"], { first: 1 }) },
    verify: verifyEdgeEvent,
  }),
  defineOp("aie.trace.port", {
    ...inTrace,
    format: "`<` $slot `>` `port` `=` $port `channel` `=` $channel `direction` `=` $direction attr-dict",
    attributes: {
      slot: int({ min: 0, max: 7 }),
      port: keyword(bundles),
      channel: int(),
      direction: keyword(channelDirections),
    },
    verify: verifyTracePort,
  }),
  defineOp("aie.trace.start", { ...inTrace, ...startOrStop }),
  defineOp("aie.trace.stop", { ...inTrace, ...startOrStop }),
  defineOp("aie.trace.start_config", { format: "$trace_config attr-dict", attributes: { trace_config: symbol } }),
  defineOp("aie.trace.host_config", {
    format: "`buffer_size` `=` $buffer_size ( `arg_idx` `=` $arg_idx )? ( `routing` `=` $routing )? attr-dict",
    attributes: {
      buffer_size: int({ min: 1 }),
      arg_idx: int({ default: 4 }),
      routing: { ...optional(keyword(["single"])), default: enumAttr("single") },
    },
    parents: ["aie.runtime_sequence"],
  }),
  defineOp("aie.trace.config", {
    format: "@sym_name `(` %tile `)` ( `packet_type` `=` $packet_type )? region(body) attr-dict",
    operands: ["tile"],
    types: { tile: index },
    attributes: { sym_name: string, packet_type: optional(keyword(packetTypes)) },
    regions: [{ name: "body", terminator: "aie.end" }],
    parents: ["aie.device"],
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
    parents: ["aie.trace.config"],
  }),
];
