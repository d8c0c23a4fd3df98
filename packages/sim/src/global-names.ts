import { ModuleReader, moduleSections } from "./wasm-sections.ts";

/** Subsection of the name section that names globals.   Source: WebAssembly extended name section proposal. */
const globalNames = 7;

/** Index of the global that the module's name section calls `name`; undefined without one, or without names. */
export function globalNamed(module: Uint8Array, name: string): number | undefined {
  for (const { id, content, end } of moduleSections(module)) {
    if (id !== 0) continue;
    const reader = new ModuleReader(module, content);
    if (reader.name() !== "name") continue;
    while (reader.offset < end) {
      const kind = reader.byte();
      const size = reader.unsigned();
      const next = reader.offset + size;
      if (kind === globalNames) {
        const named = reader.list(() => ({ index: reader.unsigned(), name: reader.name() }));
        return named.find((global) => global.name === name)?.index;
      }
      reader.offset = next;
    }
  }
  return undefined;
}
