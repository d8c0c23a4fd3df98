import { FormatError } from "@aiekit/core";
import { ModuleReader } from "./wasm-sections.ts";

/** Pages that a module asks of the memory it imports. `maximum` is undefined where it sets no limit. */
interface MemoryLimits {
  readonly minimum: number;
  readonly maximum: number | undefined;
  /** Where in the module the maximum stands, and on how many bytes. */
  readonly maximumAt: { readonly offset: number; readonly bytes: number } | undefined;
  /** Where in the module the flags stand. */
  readonly flagsAt: number;
}

/** Flags of limits: a maximum is given; threads may share the memory (WebAssembly threads proposal, 2023). */
const hasMaximum = 1;
const isShared = 2;

const importSection = 2;

/**
 * Limits of the first memory that a WebAssembly module imports; undefined when it imports none.
 * @throws FormatError when the bytes are no module.   Source: WebAssembly Core Specification 2.0, 5.5.5 Import Section.
 */
export function importedMemoryLimits(module: Uint8Array): MemoryLimits | undefined {
  const reader = new ModuleReader(module);
  reader.skip(8);
  while (!reader.atEnd) {
    const section = reader.byte();
    const end = reader.unsigned() + reader.offset;
    if (section === importSection) return readImports(reader);
    reader.offset = end;
  }
  return undefined;
}

/**
 * The module with a memory of up to `pages` allowed. Only the number changes, in place, so that code offsets stay what they
 * were. @throws FormatError when the new number needs more bytes than the old one.
 */
export function withMemoryMaximum(module: Uint8Array, pages: number): Uint8Array {
  const limits = importedMemoryLimits(module);
  if (limits?.maximum === undefined || limits.maximum >= pages || limits.maximumAt === undefined) return module;
  const { offset, bytes } = limits.maximumAt;
  if (pages >= 2 ** (7 * bytes)) {
    throw new FormatError(`wasm module: no room to raise its memory from ${limits.maximum} to ${pages} pages`, {
      offset,
    });
  }
  const raised = module.slice();
  for (let i = 0; i < bytes; i++) raised[offset + i] = ((pages >>> (7 * i)) & 0x7f) | (i < bytes - 1 ? 0x80 : 0);
  return raised;
}

/**
 * The module with a memory that threads share. Only a flag changes, in place. Undefined when it imports none, or one without
 * a maximum, which shared memory must have.
 */
export function withSharedMemory(module: Uint8Array): Uint8Array | undefined {
  const limits = importedMemoryLimits(module);
  if (limits?.maximum === undefined) return undefined;
  const shared = module.slice();
  shared[limits.flagsAt] = hasMaximum | isShared;
  return shared;
}

function readImports(reader: ModuleReader): MemoryLimits | undefined {
  for (let left = reader.unsigned(); left > 0; left--) {
    reader.skip(reader.unsigned());
    reader.skip(reader.unsigned());
    const kind = reader.byte();
    if (kind === 2) return readLimits(reader);
    if (kind === 0) reader.unsigned();
    else if (kind === 3) reader.skip(2);
    else if (kind === 1) {
      reader.skip(1);
      readLimits(reader);
    } else {
      throw new FormatError(`wasm module: import of unknown kind ${kind}`, { offset: reader.offset - 1 });
    }
  }
  return undefined;
}

function readLimits(reader: ModuleReader): MemoryLimits {
  const flagsAt = reader.offset;
  const flags = reader.byte();
  const minimum = reader.unsigned();
  if ((flags & hasMaximum) === 0) return { minimum, maximum: undefined, maximumAt: undefined, flagsAt };
  const { offset } = reader;
  const maximum = reader.unsigned();
  return { minimum, maximum, maximumAt: { offset, bytes: reader.offset - offset }, flagsAt };
}
