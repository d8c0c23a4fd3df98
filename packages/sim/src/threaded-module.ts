import { globalExport, moduleRegisters, registerName } from "./module-registers.ts";
import { withSharedMemory } from "./wasm-memory-import.ts";
import { type ModuleOutline, outlineModule } from "./wasm-module.ts";
import { ModuleReader, sectionIds, unsignedBytes } from "./wasm-sections.ts";

/** A core's module made fit for instances in several threads on one memory. */
interface ThreadedModule {
  /** The module on a shared memory. One instance of it writes the statics, and is not used any more. */
  readonly first: Uint8Array;
  /** The same without statics and start function, for the instances that run kernels. */
  readonly further: Uint8Array;
  /**
   * Exports of both: globals that a kernel may change, the stack pointer left out. What they hold belongs to an instance and
   * has to go with the core from thread to thread.
   */
  readonly registers: readonly string[];
  /** Bytes by which code lies further behind in `further` than in the module as it was built. */
  readonly shift: number;
}

/** Undefined for a module whose state cannot go from one instance to another. */
export function threadedModule(bytes: Uint8Array): ThreadedModule | undefined {
  const shared = withSharedMemory(bytes);
  if (shared === undefined) return undefined;
  const outline = outlineModule(shared);
  // Passive data is written by instructions, at any time.
  if (outline.sections.some(({ id }) => id === sectionIds.dataCount)) return undefined;
  const registers = moduleRegisters(outline);
  if (registers === undefined) return undefined;
  const further = withExports(outline, registers, [sectionIds.start, sectionIds.data]);
  const shift = codeStart(outlineModule(further)) - codeStart(outline);
  return { first: withExports(outline, registers, []), further, registers: registers.map(registerName), shift };
}

function codeStart({ sections }: ModuleOutline): number {
  return sections.find(({ id }) => id === sectionIds.code)?.start ?? 0;
}

/** The module with globals exported, and without the sections `left`. */
function withExports(
  { bytes, sections }: ModuleOutline,
  globals: readonly number[],
  left: readonly number[],
): Uint8Array {
  const parts = sections.flatMap((section) => {
    if (left.includes(section.id)) return [];
    const whole = bytes.subarray(section.start, section.end);
    if (section.id !== sectionIds.export) return [whole];
    const reader = new ModuleReader(bytes, section.content);
    const count = reader.unsigned();
    const content = [
      ...unsignedBytes(count + globals.length),
      ...bytes.subarray(reader.offset, section.end),
      ...globals.flatMap((index) => globalExport(registerName(index), index)),
    ];
    return [Uint8Array.from([sectionIds.export, ...unsignedBytes(content.length), ...content])];
  });
  const all = [bytes.subarray(0, 8), ...parts];
  const module = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of all) {
    module.set(part, at);
    at += part.length;
  }
  return module;
}
