import { ops, readInstruction } from "./wasm-instructions.ts";
import { type ModuleOutline, outlineModule } from "./wasm-module.ts";
import { ModuleReader, type Section, sectionIds, signedBytes, unsignedBytes } from "./wasm-sections.ts";

/** Export of the budget: an i64 that loops take from, and that traps below 0. */
export const budgetName = "aiekit:loop-budget";

export interface BudgetedModule {
  readonly bytes: Uint8Array;
  /** Offset in the module as it was of what is at an offset of `bytes`. */
  readonly offsetBefore: (offset: number) => number;
}

/** Where a loop's body begins, and how many instructions one round of it has, inner loops left out. */
interface Loop {
  readonly at: number;
  instructions: number;
}

const i64 = 0x7e;
const [i64Const, i64Sub, i64LessThan, emptyBlock] = [0x42, 0x7d, 0x53, 0x40];

/**
 * The module with a budget for its loops: every round takes the instructions of its body from it, and traps when nothing is
 * left. So a kernel that never returns ends without a clock, without another thread, and in a browser too. What does not loop
 * ends by itself, or by the end of its stack. Undefined for a module with instructions that kernels do not use.
 */
export function withLoopBudget(module: Uint8Array): BudgetedModule | undefined {
  const outline = outlineModule(module);
  const has = (id: number): boolean => outline.sections.some((section) => section.id === id);
  if (!has(sectionIds.global) || !has(sectionIds.export)) return undefined;
  const loops = loopsOf(outline);
  if (loops === undefined) return undefined;
  const budget = outline.globals.length;
  const out = new ModuleCopy(module);
  out.keep(0, 8);
  for (const section of outline.sections) {
    if (section.id === sectionIds.global) {
      out.section(section, (copy) => copy.listWith(section, [i64, 1, i64Const, 0, ops.end]));
    } else if (section.id === sectionIds.export) {
      const name = [...new TextEncoder().encode(budgetName)];
      const entry = [...unsignedBytes(name.length), ...name, 3, ...unsignedBytes(budget)];
      out.section(section, (copy) => copy.listWith(section, entry));
    } else if (section.id === sectionIds.code) {
      out.section(section, (copy) => copyCode(copy, outline, { section, loops, budget }));
    } else {
      out.keep(section.start, section.end);
    }
  }
  return { bytes: Uint8Array.from(out.bytes), offsetBefore: (offset) => out.offsetBefore(offset) };
}

/** Loops in the order of their code; undefined where an instruction is not known. */
function loopsOf(outline: ModuleOutline): Loop[] | undefined {
  const loops: Loop[] = [];
  for (const code of codesOf(outline)) {
    const open: (Loop | undefined)[] = [];
    for (const reader = new ModuleReader(outline.bytes, code.start); reader.offset < code.end; ) {
      const instruction = readInstruction(reader);
      if (instruction === undefined) return undefined;
      const { opcode } = instruction;
      const around = open.findLast((loop) => loop !== undefined);
      if (around) around.instructions++;
      if (opcode === ops.block || opcode === ops.if) open.push(undefined);
      else if (opcode === ops.loop) {
        open.push({ at: reader.offset, instructions: 1 });
        loops.push(open.at(-1)!);
      } else if (opcode === ops.end) open.pop();
    }
  }
  return loops;
}

function* codesOf({ code, importedFunctions, functionTypes }: ModuleOutline) {
  for (let index = importedFunctions.length; index < functionTypes.length; index++) yield code(index)!;
}

interface CodeParts {
  readonly section: Section;
  readonly loops: readonly Loop[];
  readonly budget: number;
}

function copyCode(out: ModuleCopy, outline: ModuleOutline, { section, loops, budget }: CodeParts): void {
  const reader = new ModuleReader(outline.bytes, section.content);
  const functions = reader.unsigned();
  out.keep(section.content, reader.offset);
  let next = 0;
  for (let i = 0; i < functions; i++) {
    const size = reader.unsigned();
    const end = reader.offset + size;
    out.sized((copy) => {
      let from = reader.offset;
      for (; next < loops.length && loops[next]!.at < end; next++) {
        const { at, instructions } = loops[next]!;
        copy.keep(from, at);
        copy.put(takeFromBudget(budget, instructions));
        from = at;
      }
      copy.keep(from, end);
    });
    reader.offset = end;
  }
}

function takeFromBudget(budget: number, instructions: number): number[] {
  const global = unsignedBytes(budget);
  return [
    ...[ops.globalGet, ...global, i64Const, ...signedBytes(instructions), i64Sub, ops.globalSet, ...global],
    ...[ops.globalGet, ...global, i64Const, 0, i64LessThan, ops.if, emptyBlock, ops.unreachable, ops.end],
  ];
}

/** A copy of a module with insertions, which remembers where the bytes that it kept came from. */
class ModuleCopy {
  bytes: number[] = [];
  readonly #module: Uint8Array;
  #kept: { readonly from: number; readonly to: number; readonly bytes: number }[] = [];

  constructor(module: Uint8Array) {
    this.#module = module;
  }

  keep(from: number, end: number): void {
    if (end > from) this.#kept.push({ from, to: this.bytes.length, bytes: end - from });
    for (let i = from; i < end; i++) this.bytes.push(this.#module[i]!);
  }

  put(bytes: readonly number[]): void {
    this.bytes.push(...bytes);
  }

  /** The section with another content; its id stays. */
  section(section: Section, content: (copy: ModuleCopy) => void): void {
    this.keep(section.start, section.start + 1);
    this.sized(content);
  }

  /** A content behind its new size. */
  sized(content: (copy: ModuleCopy) => void): void {
    const inner = new ModuleCopy(this.#module);
    content(inner);
    this.put(unsignedBytes(inner.bytes.length));
    const to = this.bytes.length;
    this.#kept.push(...inner.#kept.map((kept) => ({ ...kept, to: kept.to + to })));
    for (const byte of inner.bytes) this.bytes.push(byte);
  }

  /** The list that a section is, with one entry more at its end. */
  listWith(section: Section, entry: readonly number[]): void {
    const reader = new ModuleReader(this.#module, section.content);
    this.put(unsignedBytes(reader.unsigned() + 1));
    this.keep(reader.offset, section.end);
    this.put(entry);
  }

  /** Bytes that were put in count as the end of what is before them. */
  offsetBefore(offset: number): number {
    const kept = this.#kept.findLast(({ to }) => to <= offset);
    return kept === undefined ? offset : kept.from + Math.min(offset - kept.to, kept.bytes);
  }
}
