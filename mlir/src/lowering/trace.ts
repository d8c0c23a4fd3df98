import { DesignError } from "@aiekit/core";
import { regionOf } from "../builder/aie-ops.ts";
import { write32Op } from "../builder/npu-ops.ts";
import { enumAttr, integerAttr, stringAttr } from "../ir/attributes.ts";
import type { Diagnostic } from "../ir/diagnostic.ts";
import { Operation, walk } from "../ir/operation.ts";
import { i32 } from "../ir/types.ts";
import { coordOf, type Device, opsNamed, symbolName, tileModelOf, tileOperand } from "./device-ops.ts";
import { withLocation } from "./location.ts";
import { traceField, traceRegisterOffset } from "./trace-registers.ts";
import { type TraceSetting, type TraceUnit, traceSettings } from "./trace-settings.ts";

/**
 * Turns every `aie.trace` into an `aie.trace.config` with the words of its unit's registers, and every
 * `aie.trace.start_config` into the `aiex.npu.write32` of those words. Returns a warning for each value that is wider than
 * its field and loses its upper bits. Source: AIETraceToConfig, AIETraceRegPackWrites, AIEXInlineTraceConfig; measured.
 * @throws DesignError for unknown events and traces, and for what the tile's trace unit does not have.
 */
export function lowerTraces(device: Device): Diagnostic[] {
  const warnings: Diagnostic[] = [];
  const renamed = new Map<string, string>();
  for (const trace of opsNamed(device, "aie.trace")) {
    withLocation(trace, () => {
      const config = configOf(trace, device, warnings);
      renamed.set(symbolName(trace), symbolName(config));
      device.block.insertBefore(trace, config);
      device.block.remove(trace);
    });
  }
  const starts: Operation[] = [];
  walk(device.op, (op) => {
    if (op.name === "aie.trace.start_config") starts.push(op);
  });
  for (const start of starts) withLocation(start, () => inlineConfig(start, device, renamed));
  return warnings;
}

function configOf(trace: Operation, device: Device, warnings: Diagnostic[]): Operation {
  const ops = trace.regions[0]?.entry.ops ?? [];
  const packetType = ops.find((op) => op.name === "aie.trace.packet")?.text("type") ?? "core";
  const unit = unitOf(trace, device, packetType);
  const words = packWords(traceSettings(ops, unit), unit, warnings);
  const regs = words.map(
    ({ register, value, mask, comment }) =>
      new Operation("aie.trace.reg", {
        attributes: {
          reg_name: stringAttr(register),
          value: integerAttr(value, i32),
          mask: integerAttr(mask, i32),
          comment: stringAttr(comment),
        },
        loc: trace.loc,
      }),
  );
  return new Operation("aie.trace.config", {
    operands: [tileOperand(trace)],
    attributes: { sym_name: stringAttr(`${symbolName(trace)}_config`), packet_type: enumAttr(packetType) },
    regions: [regionOf([...regs, new Operation("aie.end")])],
    loc: trace.loc,
  });
}

/** The trace unit on an operation's tile. A compute tile has two, and the type of the packets says which. */
function unitOf(op: Operation, device: Device, packetType: string | undefined): TraceUnit {
  const { kind } = tileModelOf(device, tileOperand(op));
  if (kind !== "computeTile") return { kind, module: kind };
  return { kind, module: packetType === "mem" ? "memory" : "core" };
}

/** A register's signed 32-bit value, and which of its bits it stands for. */
interface RegisterWord {
  readonly register: string;
  value: number;
  mask: number;
  comment: string;
}

/** One word for each register, where its first field stood. */
function packWords(settings: readonly TraceSetting[], unit: TraceUnit, warnings: Diagnostic[]): RegisterWord[] {
  const words = new Map<string, RegisterWord>();
  for (const setting of settings) {
    const { register, field, op, comment } = setting;
    const { shift, width } = withLocation(op, () => traceField(unit.module, register, field));
    const valueMax = 2 ** width - 1;
    if (setting.value > valueMax) warnings.push(tooWide(setting, width));
    const value = (setting.value & valueMax) << shift;
    const mask = valueMax << shift;
    const word = words.get(register);
    if (word === undefined) {
      words.set(register, { register, value, mask, comment });
      continue;
    }
    if ((word.mask & mask) !== 0) {
      withLocation(op, () => {
        throw new DesignError(`Overlapping masks for register ${register}: ${comment} is set twice in one trace`);
      });
    }
    word.value |= value;
    word.mask |= mask;
    word.comment += ` + ${comment}`;
  }
  return [...words.values()];
}

function tooWide({ op, value, comment }: TraceSetting, width: number): Diagnostic {
  return {
    severity: "warning",
    message: `trace ${comment}: value ${value} exceeds field width ${width}, its upper bits are lost`,
    op: op.name,
    ...(op.loc && { loc: op.loc }),
  };
}

/** Writes the words of the configuration in place of the operation that starts it. */
function inlineConfig(start: Operation, device: Device, renamed: ReadonlyMap<string, string>): void {
  const wanted = start.text("trace_config") ?? "";
  const name = renamed.get(wanted) ?? wanted;
  const configs = opsNamed(device, "aie.trace.config");
  const config = configs.find((op) => symbolName(op) === name);
  if (config === undefined) {
    throw new DesignError(`trace config symbol '${wanted}' not found`, {
      hint: `traces of the device: ${configs.map((op) => `@${symbolName(op).replace(/_config$/, "")}`).join(", ") || "none"}`,
    });
  }
  const { module } = unitOf(config, device, config.text("packet_type"));
  const place = coordOf(tileOperand(config));
  for (const reg of config.regions[0]?.entry.ops ?? []) {
    if (reg.name !== "aie.trace.reg") continue;
    const address = withLocation(reg, () => addressOf(reg, module));
    start.parent?.insertBefore(start, write32Op({ address, value: reg.int("value") ?? 0, ...place, loc: reg.loc }));
  }
  start.parent?.remove(start);
}

function addressOf(reg: Operation, module: TraceUnit["module"]): number {
  const register = reg.text("reg_name") ?? "";
  if (!reg.attributes.has("field")) return traceRegisterOffset(module, register);
  throw new DesignError(
    `aie.trace.reg of ${register}: expected the register's whole word, got field ${reg.text("field")}`,
    {
      hint: "declare the trace with aie.trace, which puts fields together",
    },
  );
}
