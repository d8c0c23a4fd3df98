import { type StackFrame, stackFrame } from "./stack-frame.ts";
import { ops, readInstruction } from "./wasm-instructions.ts";
import { type ModuleOutline, outlineModule } from "./wasm-module.ts";
import { ModuleReader } from "./wasm-sections.ts";

/** What the functions of a core's module take of its stack, and what of that the device holds in registers. */
export interface StackUse {
  readonly outline: ModuleOutline;
  /** Index of the stack pointer among the globals. */
  readonly pointer: number;
  /** Bytes that the linker gave the stack: [0, bytes). */
  readonly bytes: number;
  readonly frames: ReadonlyMap<number, StackFrame>;
  /** Bytes of registers in the frame of a function and in those of its callers, of the way with the most. A function counts once. */
  readonly registersAt: (index: number) => number;
  /** The most of these. */
  readonly registerBytes: number;
  /** The most that a call of an export takes, registers included; infinite where functions call themselves or through tables. */
  readonly deepest: number;
}

const known = new WeakMap<Uint8Array, StackUse | undefined>();

/** Undefined for a module without a stack pointer, and for one with instructions that kernels do not use. */
export function stackUse(module: Uint8Array): StackUse | undefined {
  if (!known.has(module)) known.set(module, readStackUse(outlineModule(module)));
  return known.get(module);
}

/** Whether no call of the module's exports can take more than its stack has. */
export function fitsStack(module: Uint8Array): boolean {
  const use = stackUse(module);
  return use !== undefined && use.deepest <= use.bytes;
}

function readStackUse(outline: ModuleOutline): StackUse | undefined {
  const pointer = outline.exportedGlobals.get("__stack_pointer");
  const bytes = pointer === undefined ? undefined : outline.globals[pointer]?.initial?.value;
  if (pointer === undefined || bytes === undefined) return undefined;
  const counters = new Set(["aiekit_ops", "aiekit_shuffles"].map((name) => outline.exportedFunctions.get(name)));
  const frames = new Map<number, StackFrame>();
  const callees = new Map<number, ReadonlySet<number>>();
  for (let index = outline.importedFunctions.length; index < outline.functionTypes.length; index++) {
    const scan = scanFunction(outline, index, pointer);
    if (scan === undefined) return undefined;
    callees.set(index, scan.calls);
    const frame = scan.usesStack ? stackFrame(outline, outline.code(index)!, pointer) : undefined;
    // The simulator asks for counts, when no kernel runs.
    if (frame && !counters.has(index)) frames.set(index, frame);
  }
  const callers = new Map<number, number[]>();
  for (const [index, calls] of callees) {
    for (const callee of calls) callers.set(callee, [...(callers.get(callee) ?? []), index]);
  }
  const registersAt = mostOver(
    (index) => frames.get(index)?.registerBytes ?? 0,
    (index) => callers.get(index) ?? [],
    0,
  );
  const depthFrom = mostOver(
    (index) => (index === throughTable ? Number.POSITIVE_INFINITY : (frames.get(index)?.bytes ?? 0)),
    (index) => callees.get(index) ?? [],
    Number.POSITIVE_INFINITY,
  );
  return {
    ...{ outline, pointer, bytes, frames, registersAt },
    registerBytes: Math.max(0, ...[...frames.keys()].map(registersAt)),
    deepest: Math.max(0, ...[...outline.exportedFunctions.values()].map(depthFrom)),
  };
}

/** Stands for whatever a call through a table reaches. */
const throughTable = -1;

/** Whom a function calls, and whether it reads the stack pointer. Undefined for an instruction that is not known. */
function scanFunction(outline: ModuleOutline, index: number, pointer: number) {
  const { start, end } = outline.code(index)!;
  const calls = new Set<number>();
  let usesStack = false;
  for (const reader = new ModuleReader(outline.bytes, start); reader.offset < end; ) {
    const instruction = readInstruction(reader);
    if (instruction === undefined) return undefined;
    const { opcode, index: operand } = instruction;
    if (opcode === ops.call) calls.add(operand);
    else if (opcode === ops.callIndirect) calls.add(throughTable);
    else if (opcode === ops.globalGet && operand === pointer) usesStack = true;
  }
  return { calls, usesStack };
}

/** The largest sum of `own` on a way along `next`; `again` is what a function adds that is on the way already. */
function mostOver(
  own: (index: number) => number,
  next: (index: number) => Iterable<number>,
  again: number,
): (index: number) => number {
  const sums = new Map<number, number>();
  const onWay = new Set<number>();
  const most = (index: number): number => {
    if (onWay.has(index)) return again;
    const done = sums.get(index);
    if (done !== undefined) return done;
    onWay.add(index);
    const sum = own(index) + Math.max(0, ...[...next(index)].map(most));
    onWay.delete(index);
    sums.set(index, sum);
    return sum;
  };
  return most;
}
