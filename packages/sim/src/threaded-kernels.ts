import type { KernelFunction, KernelModule } from "./kernel-module.ts";
import { mostRegisters } from "./kernel-thread.ts";
import { withLoopBudget } from "./loop-budget.ts";
import { registerIndex, threadedModule } from "./threaded-module.ts";
import { outlineModule } from "./wasm-module.ts";
import { fixedTiming, globalsOf } from "./wasm-timing.ts";
import { type WasmModule, wasm } from "./webassembly.ts";

/** The linked kernels of a core, made ready for several threads. */
export interface ThreadedKernels {
  /** Writes the statics when it is instantiated; nothing runs in it. */
  readonly first: Uint8Array;
  /** Compiled; what every thread instantiates. */
  readonly module: WasmModule;
  readonly registers: readonly string[];
  /** Offset in the module as it was built of what is at an offset of `module`. */
  readonly offsetBefore: (offset: number) => number;
  readonly functions: readonly string[];
  /**
   * True when a kernel counts the same at equal arguments and equal `timingRegisters`, whatever memory holds: proven from its
   * code. A kernel that counts nothing is none of these.
   */
  readonly countsFixed: (functionName: string) => boolean;
  /** Which of `registers` the counts may depend on. */
  readonly timingRegisters: readonly number[];
}

/** Undefined for modules that cannot go from thread to thread. */
export function threadedKernels(bytes: Uint8Array): ThreadedKernels | undefined {
  const module = threadedModule(bytes);
  if (module === undefined) return undefined;
  const outline = outlineModule(module.further);
  const counters = new Set(
    ["aiekit_ops", "aiekit_shuffles"].flatMap((name) => {
      const counter = outline.exportedFunctions.get(name);
      return counter === undefined ? [] : [...globalsOf(outline, counter)];
    }),
  );
  const stack = outline.exportedGlobals.get("__stack_pointer");
  if (stack !== undefined) counters.delete(stack);
  const timing = fixedTiming(outline, counters);
  // Asking for them after a call sets them back to zero: nothing that another thread needs.
  const registers = module.registers.filter((name) => !counters.has(registerIndex(name)));
  if (registers.length > mostRegisters) return undefined;
  const indices = registers.map(registerIndex);
  const budgeted = withLoopBudget(module.further);
  return {
    first: module.first,
    module: new wasm.Module(budgeted?.bytes ?? module.further),
    registers,
    offsetBefore: (offset) => (budgeted?.offsetBefore(offset) ?? offset) - module.shift,
    functions: [...outline.exportedFunctions.keys()],
    countsFixed: (name) => timing.isFixed(outline.exportedFunctions.get(name) ?? -1),
    timingRegisters: indices.flatMap((index, i) => (timing.isSteady(index) ? [i] : [])),
  };
}

/** What threads need of a module that was instantiated for them. */
export function threadedParts({ threaded, memory, find, takeOps, budget }: KernelModule) {
  const { kernels, registers } = threaded!;
  const { module, functions } = kernels;
  return {
    work: { module, memory, functions, registers: kernels.registers },
    own: { calls: functions.map((name) => find(name) as KernelFunction), takeOps, registers, budget },
  };
}
