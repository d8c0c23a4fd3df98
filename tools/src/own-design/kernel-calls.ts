import { DesignError } from "@aiekit/core";
import { type Location, type Operation, type Type, walk } from "@aiekit/mlir";
import type { WasmType } from "./wasm-object.ts";

/** One `func.call` in a core of a function that the design declares and does not define. */
export interface KernelCall {
  readonly col: number;
  readonly row: number;
  /** C name. */
  readonly name: string;
  /** As `link_with` of the declaration or of the core gives it; undefined where neither does. */
  readonly object: string | undefined;
  readonly loc: Location | undefined;
  /** What a core passes and takes back, as C++ compiled to WebAssembly names it: a memref is a pointer, i32. */
  readonly params: readonly WasmType[];
  readonly results: readonly WasmType[];
}

/**
 * Calls of C++ functions in the cores of a lowered module, in program order; functions with a body in the module may call
 * such functions too. @throws DesignError for a call of something that is not declared.
 */
export function kernelCalls(lowered: Operation): readonly KernelCall[] {
  const declarations = new Map<string, Operation>();
  const cores: Operation[] = [];
  walk(lowered, (op) => {
    if (op.name === "func.func") declarations.set(op.text("sym_name") ?? "", op);
    if (op.name === "aie.core") cores.push(op);
  });
  return cores.flatMap((core) => callsOf(core, declarations));
}

function callsOf(core: Operation, declarations: ReadonlyMap<string, Operation>): KernelCall[] {
  const tile = core.operands[0]?.definingOp;
  const place = { col: tile?.int("col") ?? 0, row: tile?.int("row") ?? 0 };
  const calls: KernelCall[] = [];
  const entered = new Set<Operation>();
  const visit = (root: Operation): void =>
    walk(root, (op) => {
      if (op.name !== "func.call") return;
      const name = op.text("callee") ?? "";
      const callee = declarations.get(name);
      if (callee === undefined) {
        throw new DesignError(`core (${place.col},${place.row}): calls @${name}${at(op.loc)}, which is not declared`, {
          hint: `declare it: func.func private @${name}(...)`,
        });
      }
      if (callee.regions.some((region) => region.blocks.length > 0)) {
        if (!entered.has(callee)) visit(callee);
        entered.add(callee);
        return;
      }
      const object = callee.text("link_with") ?? core.text("link_with");
      const params = op.operands.map((value) => wasmType(value.type));
      const results = op.results.map((value) => wasmType(value.type));
      calls.push({ ...place, name, object, loc: op.loc, params, results });
    });
  visit(core);
  return calls;
}

/** How C++ compiled to WebAssembly takes a value of a type; integers below 32 bits and `index` are i32. */
function wasmType(type: Type): WasmType {
  if (type.kind === "integer") return type.width > 32 ? "i64" : "i32";
  if (type.kind === "float") return type.name === "f64" ? "f64" : "f32";
  return "i32";
}

/** ` at design.mlir:12:7`, or nothing where the place is not known. */
export function at(loc: Location | undefined): string {
  return loc === undefined ? "" : ` at ${loc.file}:${loc.line}:${loc.column}`;
}
