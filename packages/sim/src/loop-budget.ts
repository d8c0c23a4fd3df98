import { ModuleCopy } from "./module-copy.ts";
import { globalExport, registerName } from "./module-registers.ts";
import { ops, readInstruction } from "./wasm-instructions.ts";
import { type ModuleOutline, outlineModule } from "./wasm-module.ts";
import { ModuleReader, sectionIds, signedBytes, unsignedBytes } from "./wasm-sections.ts";

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
 * ends by itself, or by the end of its stack. Exports the globals `registers` as well, by `registerName`. Undefined for a module
 * with instructions that kernels do not use.
 */
export function withLoopBudget(module: Uint8Array, registers: readonly number[] = []): BudgetedModule | undefined {
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
      out.section(section, (copy) => copy.listWith(section, [[i64, 1, i64Const, 0, ops.end]]));
    } else if (section.id === sectionIds.export) {
      const entries = [globalExport(budgetName, budget), ...registers.map((at) => globalExport(registerName(at), at))];
      out.section(section, (copy) => copy.listWith(section, entries));
    } else if (section.id === sectionIds.code) {
      const insertions = loops.map(({ at, instructions }) => ({ at, code: takeFromBudget(budget, instructions) }));
      out.section(section, (copy) => copy.codeWith(section, insertions));
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

function takeFromBudget(budget: number, instructions: number): number[] {
  const global = unsignedBytes(budget);
  return [
    ...[ops.globalGet, ...global, i64Const, ...signedBytes(instructions), i64Sub, ops.globalSet, ...global],
    ...[ops.globalGet, ...global, i64Const, 0, i64LessThan, ops.if, emptyBlock, ops.unreachable, ops.end],
  ];
}
