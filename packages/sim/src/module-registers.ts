import { type ModuleOutline, numberTypes } from "./wasm-module.ts";
import { unsignedBytes } from "./wasm-sections.ts";

/** Indices of the globals that a kernel may change, the stack pointer left out. Undefined where one is no plain number. */
export function moduleRegisters({ globals, exportedGlobals }: ModuleOutline): readonly number[] | undefined {
  const stack = exportedGlobals.get("__stack_pointer");
  const registers = globals.flatMap(({ mutable }, index) => (mutable && index !== stack ? [index] : []));
  const numbers: readonly number[] = Object.values(numberTypes);
  return registers.some((index) => !numbers.includes(globals[index]!.type)) ? undefined : registers;
}

/** Name by which a register is exported. */
export const registerName = (index: number | string): string => `aiekit:register:${index}`;

/** Index of the global that a name of a register stands for. */
export const registerIndex = (name: string): number => Number(name.slice(registerName("").length));

/** An entry of an export section. */
export function globalExport(name: string, index: number): number[] {
  const bytes = new TextEncoder().encode(name);
  return [...unsignedBytes(bytes.length), ...bytes, 3, ...unsignedBytes(index)];
}
