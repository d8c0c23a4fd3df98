import { DesignError } from "@aiekit/core";
import { type Operation, walk } from "@aiekit/mlir";

/** What one core of a design takes from C++: the functions it calls and the objects that define them. */
export interface CoreProgram {
  readonly col: number;
  readonly row: number;
  /** C names, sorted. */
  readonly functions: readonly string[];
  /** Object names as in `link_with`, sorted. */
  readonly objects: readonly string[];
}

/**
 * What each of a design's cores that calls something takes.
 * @throws DesignError for a call of something that is neither declared nor linked with an object.
 */
export function corePrograms(module: Operation): readonly CoreProgram[] {
  return everyCore(module).filter((program) => program.functions.length > 0);
}

/** As `corePrograms`, with the cores that call nothing: on hardware these have a program too. */
export function everyCore(module: Operation): readonly CoreProgram[] {
  const declarations = new Map<string, Operation>();
  const cores: Operation[] = [];
  walk(module, (op) => {
    if (op.name === "func.func") declarations.set(op.text("sym_name") ?? "", op);
    if (op.name === "aie.core") cores.push(op);
  });
  return cores.map((core) => programOf(core, declarations));
}

function programOf(core: Operation, declarations: ReadonlyMap<string, Operation>): CoreProgram {
  const tile = core.operands[0]?.definingOp;
  const [col, row] = [tile?.int("col"), tile?.int("row")];
  if (col === undefined || row === undefined) throw new DesignError("aie.core: expected a tile with col and row");
  const functions = new Set<string>();
  const objects = new Set<string>();
  walk(core, (op) => {
    if (op.name !== "func.call") return;
    const name = op.text("callee") ?? "";
    const declaration = declarations.get(name);
    if (declaration === undefined) throw new DesignError(`core (${col},${row}): calls @${name}, which is not declared`);
    if (declaration.regions.some((region) => region.blocks.length > 0)) return;
    const object = declaration.text("link_with") ?? core.text("link_with");
    if (object === undefined) {
      throw new DesignError(`core (${col},${row}): calls @${name}, and neither it nor the core has link_with`, {
        hint: `declare @${name} with the object that defines it: {link_with = "NAME.o"}`,
      });
    }
    functions.add(name);
    objects.add(object);
  });
  return { col, row, functions: [...functions].sort(), objects: [...objects].sort() };
}
