import { type StackFrame, stackFrame } from "./stack-frame.ts";
import { type Instruction, ops, readInstruction } from "./wasm-instructions.ts";
import { type ModuleOutline, outlineModule } from "./wasm-module.ts";
import { ModuleReader } from "./wasm-sections.ts";

/** What the functions of a core's module take of its stack. */
export interface StackUse {
  readonly outline: ModuleOutline;
  /** Index of the stack pointer among the globals. */
  readonly pointer: number;
  /** Bytes that the linker gave the stack: [0, bytes). */
  readonly bytes: number;
  /**
   * The most that a call of an export takes, registers included; infinite where functions call themselves, or through
   * tables, or have arrays whose length is a value.
   */
  readonly deepest: number;
  /** What of the frames the device holds in registers. It takes a closer look at the code. */
  readonly registers: () => FrameRegisters;
}

interface FrameRegisters {
  readonly frames: ReadonlyMap<number, StackFrame>;
  /** Bytes of registers in the frame of a function and in those of its callers, of the way with the most. A function counts once. */
  readonly at: (index: number) => number;
  /** The most of these. 0 where a frame has no fixed size: not all that takes stack can then be compared. */
  readonly bytes: number;
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
  // Of aie_api, which the simulator asks for counts when no kernel runs.
  const counters = new Set(
    [...outline.exportedFunctions].flatMap(([name, index]) => (name.startsWith("aiekit_") ? [index] : [])),
  );
  const scans = new Map<number, FunctionScan>();
  for (let index = outline.importedFunctions.length; index < outline.functionTypes.length; index++) {
    const scan = scanFunction(outline, index, pointer);
    if (scan === undefined) return undefined;
    if (!counters.has(index)) scans.set(index, scan);
  }
  const depthFrom = mostOver(
    (index) => (index === throughTable ? Number.POSITIVE_INFINITY : (scans.get(index)?.frameBytes ?? 0)),
    (index) => scans.get(index)?.calls ?? [],
    Number.POSITIVE_INFINITY,
  );
  let registers: FrameRegisters | undefined;
  return {
    ...{ outline, pointer, bytes },
    deepest: Math.max(0, ...[...outline.exportedFunctions.values()].map(depthFrom)),
    registers: () => {
      registers ??= frameRegisters(outline, pointer, scans);
      return registers;
    },
  };
}

function frameRegisters(
  outline: ModuleOutline,
  pointer: number,
  scans: ReadonlyMap<number, FunctionScan>,
): FrameRegisters {
  const frames = new Map<number, StackFrame>();
  const callers = new Map<number, number[]>();
  for (const [index, { calls, frameBytes }] of scans) {
    const frame = frameBytes > 0 ? stackFrame(outline, outline.code(index)!, pointer) : undefined;
    if (frame) frames.set(index, frame);
    for (const callee of calls) callers.set(callee, [...(callers.get(callee) ?? []), index]);
  }
  const at = mostOver(
    (index) => frames.get(index)?.registerBytes ?? 0,
    (index) => callers.get(index) ?? [],
    0,
  );
  const isVariable = [...frames.values()].some((frame) => frame.isVariable);
  return { frames, at, bytes: isVariable ? 0 : Math.max(0, ...[...frames.keys()].map(at)) };
}

/** Stands for whatever a call through a table reaches. */
const throughTable = -1;

interface FunctionScan {
  readonly calls: ReadonlySet<number>;
  /** 0 for a function that does not read the stack pointer, infinite for one that takes from it what is not known. */
  readonly frameBytes: number;
}

/** A first look at a function. Undefined for an instruction that is not known. */
function scanFunction(outline: ModuleOutline, index: number, pointer: number): FunctionScan | undefined {
  const { start, end } = outline.code(index)!;
  const calls = new Set<number>();
  let frameBytes = 0;
  let last: Instruction | undefined;
  let [isBehindPointer, isBehindFrame, hasDifferences] = [false, false, false];
  for (const reader = new ModuleReader(outline.bytes, start); reader.offset < end; ) {
    const instruction = readInstruction(reader);
    if (instruction === undefined) return undefined;
    const { opcode, index: operand } = instruction;
    const number = last?.opcode === ops.i32Const ? last.immediate : undefined;
    if (opcode === ops.call) calls.add(operand);
    else if (opcode === ops.callIndirect) calls.add(throughTable);
    else if (opcode === ops.globalGet && operand === pointer) isBehindPointer = true;
    else if (opcode === ops.i32Sub && isBehindPointer && !isBehindFrame) {
      frameBytes = number ?? 0;
      isBehindFrame = true;
    } else if (opcode === ops.i32And && isBehindFrame && number !== undefined && number < 0) {
      // The pointer itself is a multiple of 16. Another `and` of such a number makes the bound larger.
      frameBytes += Math.max(0, -number - 16);
    }
    if (opcode === ops.i32Sub && isBehindPointer && number === undefined) hasDifferences = true;
    last = instruction;
  }
  if (hasDifferences && stackFrame(outline, outline.code(index)!, pointer)?.isVariable !== false) {
    frameBytes = Number.POSITIVE_INFINITY;
  }
  return { calls, frameBytes };
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
