import { type Instruction, ops, readInstruction, stackEffect } from "./wasm-instructions.ts";
import type { FunctionCode, ModuleOutline } from "./wasm-module.ts";
import { ModuleReader } from "./wasm-sections.ts";

/** What one function does with the stack in memory. */
export interface StackFrame {
  /** Bytes by which it lowers the stack pointer, what aligning may add included. */
  readonly bytes: number;
  /**
   * Of these, bytes that only whole loads and stores of 16 bytes at fixed places touch: what a compiler keeps in registers of
   * vectors unless, as in aie_api's `mmul`, the source says that it has to be in memory.
   */
  readonly registerBytes: number;
  /**
   * Offsets in the module behind each instruction that lowers the stack pointer. Empty for a frame that is used without: of a
   * function that calls none, up to 128 bytes.
   */
  readonly moves: readonly number[];
  /** True when it takes more of the stack, by a number that is computed. */
  readonly isVariable: boolean;
}

/**
 * A value on the operand stack: of the stack pointer, an address in the frame, a number, of a local that held one of the first
 * two and is set again, or one of these less a value that is not known. Undefined: any other.
 */
type Value = { readonly of: "pointer" | "frame" | "number" | "lost" | "below"; readonly at: number } | undefined;

/** Values around a block: how many were there when it began, and how many it leaves. */
interface Label {
  readonly height: number;
  readonly results: number;
}

const registerBytes = 16;
const commutes: ReadonlySet<number> = new Set([ops.i32Add, ops.i32And, ops.i32Or]);
const vector = 0xfd;
const [vectorLoad, vectorStore] = [0, 11];

/** Undefined for a function without a frame, and for code that this does not understand. */
export function stackFrame(outline: ModuleOutline, code: FunctionCode, pointer: number): StackFrame | undefined {
  return new FrameWalk(outline, code, pointer).run();
}

/**
 * One pass over a function's code. Followed are the operand stack within blocks, locals that are set once, and those that are
 * set in the straight code at the start only.
 */
class FrameWalk {
  readonly #outline: ModuleOutline;
  readonly #code: FunctionCode;
  readonly #pointer: number;
  /** How often each local is set. */
  readonly #sets: Uint32Array;
  /** Of these, how often further on. */
  readonly #setsLeft: Uint32Array;
  #isStraight = true;
  readonly #locals = new Map<number, Value>();
  readonly #labels: Label[] = [];
  #stack: Value[] = [];
  /** Frame bytes; undefined until the stack pointer has been lowered. */
  #bytes: number | undefined;
  #slack = 0;
  readonly #moves: number[] = [];
  #isVariable = false;
  /** Places of 16 bytes in the frame, counted from its lowest byte, that are loaded and stored as a whole. */
  readonly #loads = new Set<number>();
  readonly #stores = new Set<number>();
  /** Those that are stored to in part, or whose address goes where it is not followed. */
  readonly #others = new Set<number>();
  #lowestEscape = Number.POSITIVE_INFINITY;

  constructor(outline: ModuleOutline, code: FunctionCode, pointer: number) {
    this.#outline = outline;
    this.#code = code;
    this.#pointer = pointer;
    this.#sets = new Uint32Array(code.locals);
    this.#setsLeft = new Uint32Array(code.locals);
  }

  run(): StackFrame | undefined {
    const { bytes } = this.#outline;
    const { start, end } = this.#code;
    const instructions: { readonly instruction: Instruction; readonly behind: number }[] = [];
    for (const reader = new ModuleReader(bytes, start); reader.offset < end; ) {
      const instruction = readInstruction(reader);
      if (instruction === undefined) return undefined;
      instructions.push({ instruction, behind: reader.offset });
      const { opcode, index } = instruction;
      if (opcode === ops.localSet || opcode === ops.localTee) this.#sets[index]! += 1;
    }
    this.#setsLeft.set(this.#sets);
    this.#labels.push({ height: 0, results: 0 });
    for (const { instruction, behind } of instructions) this.#step(instruction, behind);
    if (this.#bytes === undefined && !this.#isVariable) return undefined;
    return {
      bytes: (this.#bytes ?? 0) + this.#slack,
      registerBytes: this.#registerBytes(),
      moves: this.#moves,
      isVariable: this.#isVariable,
    };
  }

  #step(instruction: Instruction, behind: number): void {
    const { opcode, index, immediate } = instruction;
    const stack = this.#stack;
    switch (opcode) {
      case ops.globalGet:
        stack.push(index === this.#pointer ? { of: "pointer", at: 0 } : undefined);
        return;
      case ops.globalSet:
        if (index === this.#pointer) this.#movePointer(stack.pop(), behind);
        else this.#escape(stack.pop());
        return;
      case ops.i32Const:
        stack.push({ of: "number", at: immediate });
        return;
      case ops.localGet:
        stack.push(this.#locals.get(index));
        return;
      case ops.localSet:
        this.#set(index, stack.pop());
        return;
      case ops.localTee:
        this.#set(index, stack.at(-1));
        return;
      case ops.i32Add:
      case ops.i32Or:
      case ops.i32Sub:
      case ops.i32And: {
        const right = stack.pop();
        stack.push(this.#computed(opcode, stack.pop(), right));
        return;
      }
      case ops.call:
      case ops.callIndirect:
        this.#call(instruction);
        return;
      default:
        if (!this.#control(instruction)) this.#plain(instruction);
    }
  }

  #movePointer(value: Value, behind: number): void {
    const isBack = value?.of === "pointer" || (value?.of === "frame" && value.at > 0);
    if (!isBack) this.#moves.push(behind);
    if (!isBack && value?.of !== "frame") this.#isVariable = true;
  }

  #set(local: number, value: Value): void {
    this.#setsLeft[local]! -= 1;
    // A function that calls none has its pointer in a local, and an array whose length is a value lowers it there.
    if (value?.of === "below" && isPointer(this.#locals.get(local))) this.#isVariable = true;
    if (this.#locals.get(local)?.of === "lost") {
      this.#escape(value);
      return;
    }
    this.#locals.delete(local);
    if (value?.of !== "pointer" && value?.of !== "frame") return;
    if (this.#sets[local] === 1 || this.#isStraight) this.#locals.set(local, value);
    else this.#escape(value);
  }

  /** Behind the first block a local that is set again may be anything. */
  #endStraight(): void {
    if (!this.#isStraight) return;
    this.#isStraight = false;
    for (const [local, value] of this.#locals) {
      if (this.#setsLeft[local] === 0) continue;
      this.#locals.set(local, { of: "lost", at: 0 });
      this.#escape(value);
    }
  }

  #computed(opcode: number, left: Value, right: Value): Value {
    const [value, number] = left?.of === "number" && commutes.has(opcode) ? [right, left] : [left, right];
    if (value !== undefined && number?.of === "number") {
      const by = number.at;
      if (value.of === "pointer" && opcode === ops.i32Sub && this.#bytes === undefined) {
        this.#bytes = by;
        return { of: "frame", at: 0 };
      }
      if (value.of === "frame") {
        if (opcode === ops.i32Add || (opcode === ops.i32Or && (value.at & by) === 0)) {
          return { of: "frame", at: value.at + by };
        }
        // The pointer itself is a multiple of 16.
        if (opcode === ops.i32And && by < 0 && value.at === 0) {
          this.#slack = Math.max(this.#slack, -by - 16);
          return value;
        }
      }
    }
    this.#escape(left);
    this.#escape(right);
    return opcode === ops.i32Sub && isPointer(left) ? { of: "below", at: 0 } : undefined;
  }

  #call({ opcode, index }: Instruction): void {
    const { types, functionTypes } = this.#outline;
    const type = opcode === ops.call ? functionTypes[index] : types[index];
    const { params, results } = type ?? { params: 0, results: 0 };
    this.#take(params + (opcode === ops.call ? 0 : 1));
    for (let i = 0; i < results; i++) this.#stack.push(undefined);
  }

  /** True for instructions of control, and for what it does to the operand stack. */
  #control({ opcode, index }: Instruction): boolean {
    if (opcode === ops.block || opcode === ops.loop || opcode === ops.if) {
      this.#endStraight();
      if (opcode === ops.if) this.#take(1);
      const type = index >= 0 ? this.#outline.types[index] : undefined;
      const height = Math.max(0, this.#stack.length - (type?.params ?? 0));
      this.#labels.push({ height, results: type?.results ?? (index === -2 ? 1 : 0) });
    } else if (opcode === ops.else) {
      this.#cut(this.#labels.at(-1)?.height ?? 0);
    } else if (opcode === ops.end) {
      const { height, results } = this.#labels.pop() ?? { height: 0, results: 0 };
      this.#cut(height);
      for (let i = 0; i < results; i++) this.#stack.push(undefined);
    } else if (opcode === ops.br || opcode === ops.return || opcode === ops.unreachable || opcode === ops.brTable) {
      this.#cut(this.#labels.at(-1)?.height ?? 0);
    } else if (opcode === ops.brIf) {
      this.#take(1);
    } else {
      return false;
    }
    return true;
  }

  #plain(instruction: Instruction): void {
    const { opcode, sub } = instruction;
    const [takes, leaves] = stackEffect(instruction) ?? [0, 0];
    const isVector = opcode === vector;
    const isLoad = (opcode >= 0x28 && opcode <= 0x35) || (isVector && (sub <= 10 || sub === 92 || sub === 93));
    const isStore = (opcode >= 0x36 && opcode <= 0x3e) || (isVector && sub === vectorStore);
    const address = this.#stack[this.#stack.length - takes];
    if ((isLoad || isStore) && address?.of === "frame") {
      this.#access(instruction, address.at, isStore);
      if (isStore) this.#escape(this.#stack.at(-1));
      this.#stack.length -= takes;
    } else {
      this.#take(takes);
    }
    for (let i = 0; i < leaves; i++) this.#stack.push(undefined);
  }

  #access({ opcode, sub, immediate }: Instruction, base: number, isStore: boolean): void {
    const at = base + immediate;
    const place = Math.floor(at / registerBytes);
    if (opcode === vector && sub === vectorLoad && at % registerBytes === 0) this.#loads.add(place);
    else if (opcode === vector && sub === vectorStore && at % registerBytes === 0) this.#stores.add(place);
    // What is read in part may be in a register all the same.
    else if (isStore) this.#others.add(place).add(Math.floor((at + (opcode === vector ? 15 : 7)) / registerBytes));
  }

  /** Takes values away, whatever they are. Code behind a jump may take more than there are. */
  #take(count: number): void {
    for (let i = 0; i < count; i++) this.#escape(this.#stack.pop());
  }

  #cut(height: number): void {
    while (this.#stack.length > height) this.#escape(this.#stack.pop());
  }

  #escape(value: Value): void {
    if (value?.of !== "frame") return;
    const place = Math.floor(value.at / registerBytes);
    this.#others.add(place);
    this.#lowestEscape = Math.min(this.#lowestEscape, place);
  }

  /**
   * How far an object reaches whose address escapes is not known. Above one, a place counts where it is both stored and loaded
   * as a whole: an array's are stored in one way and read in the other.
   */
  #registerBytes(): number {
    let places = 0;
    for (const place of new Set([...this.#loads, ...this.#stores])) {
      const isWhole = place < this.#lowestEscape || (this.#loads.has(place) && this.#stores.has(place));
      if (isWhole && !this.#others.has(place)) places++;
    }
    return registerBytes * places;
  }
}

/** Whether a value is, or may be, what the stack pointer is within the function. */
const isPointer = (value: Value): boolean =>
  value?.of === "pointer" || value?.of === "lost" || (value?.of === "frame" && value.at === 0);
