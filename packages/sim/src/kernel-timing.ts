import { outlineModule } from "./wasm-module.ts";
import { fixedTiming, globalsOf } from "./wasm-timing.ts";

/** What is proven of the counts of a core's kernels, from their code. */
interface KernelTiming {
  /**
   * True when a kernel counts the same at equal arguments and equal steady registers, whatever memory holds. A kernel that counts
   * nothing is none of these.
   */
  readonly countsFixed: (kernel: string) => boolean;
  /** Whether the counts may depend on a register. Of those that do not, some take their value from memory. */
  readonly isSteady: (register: number) => boolean;
  /** Globals that are counters. Asking for them after a call sets them back to zero. */
  readonly counters: ReadonlySet<number>;
}

const known = new WeakMap<Uint8Array, KernelTiming>();

/** `bytes`: linked kernels of a core. */
export function kernelTiming(bytes: Uint8Array): KernelTiming {
  const found = known.get(bytes);
  if (found !== undefined) return found;
  const outline = outlineModule(bytes);
  const counters = new Set(
    ["aiekit_ops", "aiekit_shuffles"].flatMap((name) => {
      const counter = outline.exportedFunctions.get(name);
      return counter === undefined ? [] : [...globalsOf(outline, counter)];
    }),
  );
  const stack = outline.exportedGlobals.get("__stack_pointer");
  if (stack !== undefined) counters.delete(stack);
  const timing = fixedTiming(outline, counters);
  const made: KernelTiming = {
    countsFixed: (name) => timing.isFixed(outline.exportedFunctions.get(name) ?? -1),
    isSteady: timing.isSteady,
    counters,
  };
  known.set(bytes, made);
  return made;
}
