import { type Instruction, ops, readInstruction, stackEffect } from "./wasm-instructions.ts";
import type { FunctionCode, ModuleOutline } from "./wasm-module.ts";
import { ModuleReader } from "./wasm-sections.ts";

/** What does not depend on memory in one module. */
interface FixedTiming {
  /**
   * True when everything that the function adds to globals, how often it goes round its loops included, follows from its
   * arguments and from globals alone: not one bit of it depends on memory. Calls with equal arguments and equal
   * `steadyGlobals` then count the same. False where that is not seen, which proves nothing.
   */
  readonly isFixed: (functionIndex: number) => boolean;
  /** False for globals that were ever set to a value from memory. */
  readonly isSteady: (globalIndex: number) => boolean;
}

/**
 * Follows, through the structured control flow of a module's functions, which values may depend on memory. A branch by
 * such a value is let pass where one way leads to a trap, and where it only jumps over instructions that compute: what they
 * set then depends on memory as well. `counters`: globals that must not.
 */
export function fixedTiming(module: ModuleOutline, counters: ReadonlySet<number>): FixedTiming {
  const functions = [...module.exportedFunctions.values()];
  // A global found to hold memory changes what was found before, until nothing new is found.
  for (const unsteady = new Set<number>(); ; ) {
    const known = unsteady.size;
    const walks = new FunctionWalks(module, unsteady);
    const fixed = new Set(functions.filter((index) => walks.fixedFromArguments(index)));
    if (unsteady.size > known) continue;
    const countsMemory = [...counters].some((counter) => unsteady.has(counter));
    return {
      isFixed: (index) => fixed.has(index) && !countsMemory,
      isSteady: (index) => !unsteady.has(index),
    };
  }
}

/** Globals that a function reads or writes. */
export function globalsOf(module: ModuleOutline, functionIndex: number): Set<number> {
  const code = module.code(functionIndex);
  const found = new Set<number>();
  if (code === undefined) return found;
  for (const reader = new ModuleReader(module.bytes, code.start); reader.offset < code.end; ) {
    const instruction = readInstruction(reader);
    if (instruction === undefined) break;
    const { opcode, index } = instruction;
    if (opcode === ops.globalGet || opcode === ops.globalSet) found.add(index);
  }
  return found;
}

/** Of a function whose parameters may depend on memory as told: whether it is fixed, and which results then may. */
interface Outcome {
  readonly fixed: boolean;
  readonly results: readonly boolean[];
}

class FunctionWalks {
  readonly module: ModuleOutline;
  readonly unsteady: Set<number>;
  readonly #known = new Map<string, Outcome | "open">();

  constructor(module: ModuleOutline, unsteady: Set<number>) {
    this.module = module;
    this.unsteady = unsteady;
  }

  fixedFromArguments(index: number): boolean {
    const { params } = this.module.functionTypes[index]!;
    return this.outcome(index, new Array(params).fill(false)).fixed;
  }

  outcome(index: number, params: readonly boolean[]): Outcome {
    const { results } = this.module.functionTypes[index]!;
    const open = { fixed: false, results: new Array(results).fill(true) };
    const code = this.module.code(index);
    if (code === undefined) return { fixed: true, results: open.results };
    const key = `${index} ${params.map(Number).join("")}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known === "open" ? open : known;
    this.#known.set(key, "open");
    const found = new FunctionWalk(this, code, { params, results }).run();
    this.#known.set(key, found);
    return found;
  }
}

/** True: may depend on memory. */
interface State {
  readonly locals: boolean[];
  readonly stack: boolean[];
}

interface Label {
  readonly isLoop: boolean;
  /** Height of the stack under the block's own values, and how many values a branch to it takes along. */
  readonly height: number;
  readonly arity: number;
  readonly results: number;
  /** Behind the block's end. */
  readonly end: number;
  /** What branches bring along. */
  joined: State | undefined;
}

class NotFixed extends Error {}

class FunctionWalk {
  readonly #walks: FunctionWalks;
  readonly #code: FunctionCode;
  readonly #results: number;
  readonly #reader: ModuleReader;
  readonly #labels: Label[] = [];
  /** Where each block starts, behind its header: its `else`, if any, and its end. */
  readonly #ends = new Map<number, { otherwise: number | undefined; end: number }>();
  /** Up to here, everything that is set depends on a branch by memory. */
  #shadowEnd = 0;
  #state: State | undefined;

  constructor(walks: FunctionWalks, code: FunctionCode, f: { readonly params: readonly boolean[]; results: number }) {
    this.#walks = walks;
    this.#code = code;
    this.#results = f.results;
    this.#reader = new ModuleReader(walks.module.bytes, code.start);
    const locals = new Array<boolean>(code.locals).fill(false);
    f.params.forEach((param, i) => {
      locals[i] = param;
    });
    this.#state = { locals, stack: [] };
  }

  run(): Outcome {
    try {
      this.#findEnds();
      const label = this.#label({ isLoop: false, params: 0, results: this.#results, end: this.#code.end });
      this.#block(label);
      const { stack } = this.#state ?? { stack: [] };
      const results = Array.from({ length: this.#results }, (_, i) => stack[i] ?? false);
      return { fixed: true, results };
    } catch (error) {
      if (!(error instanceof NotFixed)) throw error;
      return { fixed: false, results: new Array(this.#results).fill(true) };
    }
  }

  #findEnds(): void {
    const reader = new ModuleReader(this.#walks.module.bytes, this.#code.start);
    const open: number[] = [];
    while (reader.offset < this.#code.end) {
      const instruction = readInstruction(reader);
      if (instruction === undefined) throw new NotFixed();
      const { opcode } = instruction;
      if (opcode >= ops.block && opcode <= ops.if) {
        open.push(reader.offset);
        this.#ends.set(reader.offset, { otherwise: undefined, end: this.#code.end });
      } else if (opcode === ops.else) this.#ends.get(open.at(-1)!)!.otherwise = reader.offset;
      else if (opcode === ops.end && open.length > 0) this.#ends.get(open.pop()!)!.end = reader.offset;
    }
  }

  #label(of: { isLoop: boolean; params: number; results: number; end: number }): Label {
    const { isLoop, params, results, end } = of;
    const height = (this.#state?.stack.length ?? 0) - params;
    const label = { isLoop, height, arity: isLoop ? params : results, results, end, joined: undefined };
    this.#labels.push(label);
    return label;
  }

  /** Instructions up to the end of the innermost block, or to its `else`; the reader stands behind that. */
  #block(label: Label): "else" | "end" {
    for (;;) {
      const instruction = readInstruction(this.#reader)!;
      const { opcode } = instruction;
      if (opcode === ops.end || opcode === ops.else) {
        if (this.#state && !label.isLoop) this.#join(label, this.#state);
        if (opcode === ops.else) return "else";
        if (!label.isLoop) this.#state = label.joined;
        this.#labels.pop();
        return "end";
      }
      if (this.#state === undefined) {
        if (opcode >= ops.block && opcode <= ops.if) this.#reader.offset = this.#ends.get(this.#reader.offset)!.end;
        continue;
      }
      this.#step(instruction, this.#state);
    }
  }

  #step(instruction: Instruction, state: State): void {
    const { opcode, index } = instruction;
    const { stack, locals } = state;
    const shadowed = this.#reader.offset <= this.#shadowEnd;
    switch (opcode) {
      case ops.unreachable:
        this.#state = undefined;
        return;
      case ops.block:
      case ops.loop:
      case ops.if:
        this.#enter(opcode, this.#blockType(index));
        return;
      case ops.br:
        this.#join(this.#target(index), state);
        this.#state = undefined;
        return;
      case ops.brIf:
        this.#branchIf(this.#target(index), stack.pop()!);
        return;
      case ops.brTable:
        if (stack.pop()) throw new NotFixed();
        for (const label of instruction.labels) this.#join(this.#target(label), state);
        this.#state = undefined;
        return;
      case ops.return:
        this.#join(this.#labels[0]!, state);
        this.#state = undefined;
        return;
      case ops.call:
        this.#call(index, stack);
        return;
      case ops.localGet:
        stack.push(locals[index]!);
        return;
      case ops.localSet:
        locals[index] = stack.pop()! || shadowed;
        return;
      case ops.localTee:
        locals[index] = stack.at(-1)! || shadowed;
        return;
      case ops.globalGet:
        stack.push(this.#walks.unsteady.has(index));
        return;
      case ops.globalSet:
        if (stack.pop()) this.#walks.unsteady.add(index);
        return;
      default: {
        const effect = stackEffect(instruction);
        if (effect === undefined) throw new NotFixed();
        const taken = stack.splice(stack.length - effect[0], effect[0]);
        if (effect[1] === 1) stack.push(readsMemory(instruction) || taken.includes(true));
      }
    }
  }

  #call(index: number, stack: boolean[]): void {
    const { params, results } = this.#walks.module.functionTypes[index]!;
    const given = stack.splice(stack.length - params, params);
    const outcome = this.#walks.outcome(index, given);
    if (!outcome.fixed) throw new NotFixed();
    for (let i = 0; i < results; i++) stack.push(outcome.results[i]!);
  }

  #blockType(index: number): { readonly params: number; readonly results: number } {
    if (index < 0) return { params: 0, results: index === -2 ? 1 : 0 };
    return this.#walks.module.types[index]!;
  }

  #enter(opcode: number, { params, results }: { readonly params: number; readonly results: number }): void {
    const start = this.#reader.offset;
    const { otherwise, end } = this.#ends.get(start)!;
    if (opcode === ops.if) {
      this.#if({ start, otherwise, end, params, results });
      return;
    }
    const label = this.#label({ isLoop: opcode === ops.loop, params, results, end });
    if (opcode === ops.block) {
      this.#block(label);
      return;
    }
    let before = copyOf(this.#state!);
    for (;;) {
      this.#state = copyOf(before);
      this.#reader.offset = start;
      // A loop is never jumped over, so what was, lay in its last round.
      this.#shadowEnd = 0;
      label.joined = undefined;
      this.#block(label);
      const { joined } = label as Label;
      if (joined === undefined) return;
      const again = joinOf(before, joined);
      if (again.locals.every((x, i) => x === before.locals[i]) && again.stack.every((x, i) => x === before.stack[i]))
        return;
      before = again;
      this.#labels.push(label);
    }
  }

  #if(part: { start: number; otherwise: number | undefined; end: number; params: number; results: number }): void {
    const { start, otherwise, end, params, results } = part;
    const byMemory = this.#state!.stack.pop()!;
    const label = this.#label({ isLoop: false, params, results, end });
    const mayTrap = this.#leadsToTrap(start) || (otherwise !== undefined && this.#leadsToTrap(otherwise));
    const isChoice = byMemory && !mayTrap;
    if (isChoice) {
      if (!this.#computesOnly(start, end)) throw new NotFixed();
      this.#shadowEnd = Math.max(this.#shadowEnd, end);
    }
    const before = copyOf(this.#state!);
    if (this.#block(label) === "else") {
      this.#state = before;
      this.#block(label);
    } else {
      this.#state = joinOf(this.#state ?? before, before);
    }
    if (isChoice) this.#taintResults(results);
  }

  #branchIf(target: Label, byMemory: boolean): void {
    const here = this.#reader.offset;
    const state = this.#state!;
    if (byMemory && !this.#leadsToTrap(here) && (target.isLoop || !this.#leadsToTrap(target.end))) {
      // Forward over code that only computes: both ways meet at the block's end.
      if (target.isLoop || !this.#computesOnly(here, target.end)) throw new NotFixed();
      this.#shadowEnd = Math.max(this.#shadowEnd, target.end);
      for (let i = target.height; i < state.stack.length; i++) state.stack[i] = true;
    }
    this.#join(target, state);
  }

  #taintResults(results: number): void {
    const stack = this.#state?.stack ?? [];
    for (let i = stack.length - results; i < stack.length; i++) stack[i] = true;
  }

  #target(depth: number): Label {
    return this.#labels[this.#labels.length - 1 - depth]!;
  }

  /** A branch with `state` to a label. What lies above the values taken along is dropped. */
  #join(label: Label, { locals, stack }: State): void {
    const taken = stack.slice(stack.length - label.arity);
    if (this.#reader.offset <= this.#shadowEnd && label.end > this.#shadowEnd) throw new NotFixed();
    const arriving = { locals: [...locals], stack: [...stack.slice(0, label.height), ...taken] };
    label.joined = label.joined === undefined ? arriving : joinOf(label.joined, arriving);
  }

  /** True when straight-line code from here ends in `unreachable`, as behind a call of the trap. */
  #leadsToTrap(from: number): boolean {
    for (const reader = new ModuleReader(this.#walks.module.bytes, from); reader.offset < this.#code.end; ) {
      const { opcode } = readInstruction(reader)!;
      if (opcode === ops.unreachable) return true;
      if (opcode === ops.end || opcode === ops.block) continue;
      if (opcode >= ops.loop && opcode <= ops.return) return false;
    }
    return false;
  }

  /** True when nothing between two places counts, calls, or goes anywhere but forward to the second. */
  #computesOnly(from: number, to: number): boolean {
    let depth = 0;
    for (const reader = new ModuleReader(this.#walks.module.bytes, from); reader.offset < to; ) {
      const { opcode, index } = readInstruction(reader)!;
      if (opcode === ops.block || opcode === ops.if) depth++;
      else if (opcode === ops.end) depth--;
      else if (opcode === ops.br || opcode === ops.brIf) {
        if (index > depth) return false;
      } else if (opcode === ops.else || opcode === 0x01) continue;
      else if (opcode < 0x1a || opcode === ops.globalSet) return false;
    }
    return true;
  }
}

/** Loads, and the size of memory. */
function readsMemory({ opcode, sub }: Instruction): boolean {
  if (opcode === 0xfd) return sub <= 10 || (sub >= 84 && sub <= 87) || sub === 92 || sub === 93;
  return opcode >= 0x28 && opcode <= 0x35;
}

const copyOf = ({ locals, stack }: State): State => ({ locals: [...locals], stack: [...stack] });

function joinOf(a: State, b: State): State {
  const either = (x: readonly boolean[], y: readonly boolean[]) => x.map((one, i) => one || y[i] === true);
  return { locals: either(a.locals, b.locals), stack: either(a.stack, b.stack) };
}
