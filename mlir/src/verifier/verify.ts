import { type DeviceModel, deviceModels } from "../device-model/device-model.ts";
import type { Diagnostic } from "../ir/diagnostic.ts";
import { type Operation, type Value, walk } from "../ir/operation.ts";
import { definitions } from "../ops/table.ts";
import { checkAttributes } from "./attributes.ts";
import type { Check, Finding } from "./check.ts";
import { checkDominance } from "./dominance.ts";
import { checkEqualTypes, checkShape, checkTiles } from "./shape.ts";
import { checkBlocks, checkPlace, checkSymbols } from "./structure.ts";
import { enclosing } from "./surroundings.ts";
import { versalDevice } from "./versal-devices.ts";

/**
 * Checks a module against the rules of its dialects, outermost operations first. Errors are what aie-opt refuses;
 * warnings are what it accepts although the hardware does not do it. An empty list means that nothing was found.
 */
export function verify(op: Operation): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const surroundings = new Surroundings(op);
  walk(op, (inner) => {
    const check = surroundings.check(inner, diagnostics);
    const definition = definitions.any.get(inner.name);
    checkBlocks(inner, definition, check);
    checkSymbols(inner, definition, check);
    if (!definition) return;
    checkPlace(inner, definition, check);
    const before = diagnostics.length;
    checkShape(inner, definition, check);
    checkAttributes(inner, definition, check);
    if (diagnostics.length === before) checkEqualTypes(inner, definition, check);
    if (diagnostics.length === before) checkTiles(inner, definition, check);
    // A rule reads attributes and operands: it runs only on operations that have what their definition says.
    if (diagnostics.length === before) definition.verify?.(inner, check);
  });
  checkDominance(op, (user) => surroundings.check(user, diagnostics));
  return diagnostics;
}

/** Look-ups that rules need, made once for a module. */
class Surroundings {
  readonly #users = new Map<Value, Operation[]>();
  readonly #devices = new Map<string, Operation>();
  readonly #symbols = new Map<Operation, Map<string, Operation>>();

  constructor(root: Operation) {
    walk(root, (op) => {
      const operands = [...op.operands, ...op.successors.flatMap((successor) => successor.args)];
      for (const value of operands) this.#users.set(value, [...(this.#users.get(value) ?? []), op]);
      const name = op.attributes.get("sym_name");
      if (op.name === "aie.device") this.#devices.set(op.text("sym_name") ?? "main", op);
      const table = op.parentOp;
      if (!table || (name?.kind !== "string" && op.name !== "aie.runtime_sequence")) return;
      const symbols = this.#symbols.get(table) ?? new Map<string, Operation>();
      symbols.set(op.text("sym_name") ?? "sequence", op);
      this.#symbols.set(table, symbols);
    });
  }

  check(op: Operation, diagnostics: Diagnostic[]): Check {
    const device = enclosing(op, "aie.device");
    const report = (
      severity: Diagnostic["severity"],
      message: string,
      { hint, at = op, beyondLimit }: Finding = {},
    ): void => {
      // Several operations may point at one: an acquire and its release at their core.
      if (at !== op && diagnostics.some((one) => one.message === message && one.loc === at.loc)) return;
      diagnostics.push({
        ...{ severity, message, loc: at.loc, op: at.name },
        ...(hint !== undefined && { hint }),
        ...(beyondLimit && { beyondLimit }),
      });
    };
    return {
      error: (message, finding) => report("error", message, finding),
      warning: (message, finding) => report("warning", message, finding),
      device: device && modelOf(device),
      symbol: (name) => this.#lookup(op, name),
      deviceNamed: (name) => this.#devices.get(name),
      users: (value) => (value && this.#users.get(value)) ?? [],
    };
  }

  /** The nearest enclosing table that defines the name. */
  #lookup(op: Operation, name: string): Operation | undefined {
    for (let table = op.parentOp; table; table = table.parentOp) {
      const found = this.#symbols.get(table)?.get(name);
      if (found) return found;
    }
    return undefined;
  }
}

/** The AIE2 devices of Versal have the tiles of npu1 in another number. */
function modelOf(device: Operation): DeviceModel | undefined {
  const name = device.text("device");
  const versal = versalDevice(name);
  if (versal?.isAie1) return undefined;
  const [npu1] = deviceModels;
  if (versal && npu1) return { ...npu1, ...versal.model };
  return deviceModels.find((model) => model.name === name);
}
