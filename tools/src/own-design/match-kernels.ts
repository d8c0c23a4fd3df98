import { basename, extname } from "node:path";
import { DesignError } from "@aiekit/core";
import type { CoreProgram } from "../build/core-programs.ts";
import { at, type KernelCall } from "./kernel-calls.ts";
import type { ObjectFunction, ObjectSymbols } from "./wasm-object.ts";

/** A compiled kernel file. */
export interface KernelObject {
  /** As `link_with` names it: `scale.o`. */
  readonly name: string;
  /** The source, as the user named it. */
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly symbols: ObjectSymbols;
}

/**
 * Finds the object that defines each called function: the one that `link_with` names where it was given, any otherwise.
 * Returns the programs of the cores that call something, with the objects that each needs.
 * @throws DesignError for a function that no object, or more than one, defines, and for a call whose arguments are not
 * those of the C++ function: hardware would run it and compute nonsense.
 */
export function matchKernels(calls: readonly KernelCall[], objects: readonly KernelObject[]): readonly CoreProgram[] {
  const programs = new Map<string, { col: number; row: number; functions: Set<string>; used: Set<KernelObject> }>();
  for (const call of calls) {
    const object = definingObject(call, objects);
    checkSignature(call, object);
    const { col, row } = call;
    const key = `${col},${row}`;
    const program = programs.get(key) ?? { col, row, functions: new Set(), used: new Set() };
    programs.set(key, program);
    program.functions.add(call.name);
    addWithNeeds(object, objects, program.used);
  }
  return [...programs.values()].map(({ col, row, functions, used }) => ({
    col,
    row,
    functions: [...functions].sort(),
    objects: [...used].map((object) => object.name).sort(),
  }));
}

function definingObject(call: KernelCall, objects: readonly KernelObject[]): KernelObject {
  const wanted = call.object;
  const named = wanted === undefined ? undefined : objects.find((object) => stem(object.name) === stem(wanted));
  const defining = objects.filter((object) => object.symbols.defined.has(call.name));
  if (named !== undefined) {
    if (defining.includes(named)) return named;
    const elsewhere = defining.map((object) => object.file).join(", ");
    throw new DesignError(`${describe(call)}: link_with says ${wanted}, and ${describeObject(named)}`, {
      hint:
        elsewhere === ""
          ? definitionHint(call, [named])
          : `${elsewhere} defines it: name that object in link_with, or give it as ${wanted}=FILE`,
    });
  }
  const [only, ...more] = defining;
  if (only === undefined) {
    const given = objects.length === 0 ? "no kernel file was given" : objects.map(describeObject).join("; ");
    throw new DesignError(`${describe(call)}, which no kernel file defines: ${given}`, {
      hint: definitionHint(call, objects),
    });
  }
  if (more.length > 0) {
    throw new DesignError(`${describe(call)}, which ${defining.map((object) => object.file).join(" and ")} define`, {
      hint: `say which with link_with = "${only.name}" on the function, or leave the other file out`,
    });
  }
  return only;
}

function definitionHint(call: KernelCall, objects: readonly KernelObject[]): string {
  const mangled = objects.find((object) =>
    [...object.symbols.defined.keys()].some((name) => isMangled(name, call.name)),
  );
  if (mangled !== undefined) return `${mangled.file} defines ${call.name} as a C++ function: put extern "C" before it`;
  if (objects.length > 0)
    return `give the file that defines it: --kernel FILE.cc with extern "C" ... ${call.name}(...)`;
  return `give the file that defines it: --kernel ${call.object === undefined ? "FILE" : stem(call.object)}.cc`;
}

function checkSignature(call: KernelCall, object: KernelObject): void {
  const defined = object.symbols.defined.get(call.name);
  if (defined === undefined) return;
  const passed: ObjectFunction = call;
  if (call.params.length !== defined.params.length) {
    throw new DesignError(
      `${describe(call)} with ${call.params.length} arguments, the function of ${object.file} takes ${defined.params.length}`,
      { hint: "compare the func.func declaration with the C++ function; hardware would run this and not complain" },
    );
  }
  const wrong = call.params.findIndex((type, i) => type !== defined.params[i]);
  if (wrong >= 0) {
    throw new DesignError(
      `${describe(call)} with ${call.params[wrong]} as argument ${wrong}, the function of ${object.file} takes ${defined.params[wrong]}`,
      { hint: `the design passes ${signature(passed)}, the function is ${signature(defined)}; pointers are i32` },
    );
  }
  const [takes, returns] = [call.results[0], defined.results[0]];
  // A result that nobody takes is no harm; one that the function does not give is.
  if (takes !== undefined && takes !== returns) {
    throw new DesignError(
      `${describe(call)} for a result ${takes}, the function of ${object.file} returns ${returns ?? "none"}`,
      { hint: `the design passes ${signature(passed)}, the function is ${signature(defined)}` },
    );
  }
}

/** An object that a kernel's object takes functions from is linked too, when it was given. */
function addWithNeeds(object: KernelObject, objects: readonly KernelObject[], used: Set<KernelObject>): void {
  if (used.has(object)) return;
  used.add(object);
  for (const name of object.symbols.undefined) {
    const provider = objects.find((other) => other.symbols.defined.has(name));
    if (provider !== undefined) addWithNeeds(provider, objects, used);
  }
}

function describe(call: KernelCall): string {
  return `core (${call.col},${call.row}): calls @${call.name}${at(call.loc)}`;
}

function describeObject({ file, symbols }: KernelObject): string {
  const names = [...symbols.defined.keys()].filter((name) => !name.startsWith("aiekit_"));
  return `${file} defines ${names.join(", ") || "no function"}`;
}

function signature({ params, results }: ObjectFunction): string {
  return `(${params.join(", ")}) -> ${results[0] ?? "nothing"}`;
}

/** Whether a mangled name is that of a free function `name`. Source: Itanium C++ ABI, 5.1.3 (<source-name>). */
function isMangled(mangled: string, name: string): boolean {
  return mangled.startsWith(`_Z${name.length}${name}`);
}

function stem(object: string): string {
  return basename(object, extname(object));
}
