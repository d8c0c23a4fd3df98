import { DesignError } from "@aiekit/core";
import { bound } from "./bound-call.ts";
import { isSameWork, type KernelOps, kernelCycles, uncountedKernelCycles } from "./cost-model.ts";
import { tileName } from "./fault.ts";
import { badOp } from "./ir-read.ts";
import { checkedKernel } from "./kernel-check.ts";
import { kernelFault } from "./kernel-fault.ts";
import { type KernelMark, KernelMarks } from "./kernel-marks.ts";
import type { KernelFunction } from "./kernel-module.ts";
import { bufferBehind, type KernelSite } from "./kernel-site.ts";
import { hasWindows, kernelWindows } from "./kernel-windows.ts";
import { ThreadedCall } from "./threaded-call.ts";
import type { BufferPlace } from "./tile-memory.ts";

export interface KernelSiteFunction {
  readonly name: string;
  /** The buffer that each pointer among the arguments leads into; undefined for one that leads to none. */
  readonly buffersBehind: (args: readonly (number | bigint)[]) => readonly (BufferPlace | undefined)[];
  /** False when the kernel counts no work, so that its cycles are a lower bound. */
  readonly counted: boolean;
  /** Arguments are numbers, BigInts for i64, and pointers (slot * 2^20 + byte address). */
  readonly run: KernelFunction;
  /** The kernel alone with these arguments: throws what it throws, and leaves cycles and counts to `took`. */
  readonly bound: (args: readonly (number | bigint)[]) => () => number | bigint | undefined;
  /** The fault of a call with these arguments that threw `error`, in the instance with this stack pointer. */
  readonly faultOf: (error: unknown, args: readonly (number | bigint)[], stackPointer?: number | undefined) => unknown;
  /** Makes the kernel ready to be called again after it threw. */
  readonly recover: () => void;
  /** Whether the call that has just been made took these cycles and counts. Where it did not, `cycles` and `ops` tell which. */
  readonly took: (before: { readonly cycles: number; readonly ops: KernelOps | undefined }) => boolean;
  /** Modelled cycles of the last run. */
  cycles: number;
  /** Work of the last run; undefined where the kernel counts none. */
  ops: KernelOps | undefined;
  /** Events that the last run marked, with the cycles from its start; none where nobody hears them. */
  readonly marks: () => readonly KernelMark[];
  /** Pointers among the arguments. */
  readonly pointersOf: (args: readonly (number | bigint)[]) => readonly number[];
  /** Bits that a result of an integer below 32 bits lacks. */
  readonly narrow: number;
  /** The result with these bits filled. */
  readonly narrowed: (value: number | bigint | undefined) => number | bigint | undefined;
  /** There where other threads may run the calls. */
  readonly threaded: ThreadedCall | undefined;
}

/**
 * One place where a core calls a kernel. Arguments in a neighbour's memory are copied into the core's window before the
 * call and back behind it; a core runs alone in its turn, so nobody sees the copy.
 * @throws DesignError when the kernel is missing or takes another number of arguments.
 */
export function kernelSite(site: KernelSite): KernelSiteFunction {
  const kernel = findKernel(site);
  const windows = hasWindows(site) ? kernelWindows(kernel, site) : undefined;
  const marks = site.traced ? new KernelMarks(site.module!) : undefined;
  const plain = windows?.run ?? kernel;
  const direct = marks ? marks.heard(plain) : plain;
  const invoke = site.checks ? checkedKernel(direct, site, site.checks) : direct;
  const { call, cost } = site;
  const { takeOps, counted } = site.module!;
  const narrow = call.resultBits === undefined ? 0 : 32 - call.resultBits;
  const pointersOf = (args: readonly (number | bigint)[]): number[] =>
    args.filter((_, i) => call.pointers[i]) as number[];
  const buffers = new Map<number, BufferPlace | undefined>();
  const knownBuffer = (pointer: number): BufferPlace | undefined => {
    if (!buffers.has(pointer)) buffers.set(pointer, bufferBehind(site.memories, pointer));
    return buffers.get(pointer);
  };
  const argumentBytes = (args: readonly (number | bigint)[]): number =>
    pointersOf(args).reduce((n, pointer) => n + (knownBuffer(pointer)?.bytes ?? 0), 0);

  const narrowed = (value: number | bigint | undefined) =>
    typeof value === "number" && narrow > 0 ? (value << narrow) >> narrow : value;
  const { threads } = site;
  const result: KernelSiteFunction = {
    name: call.name,
    buffersBehind: (args) => pointersOf(args).map(knownBuffer),
    narrow,
    narrowed,
    pointersOf,
    threaded: threads && new ThreadedCall({ site, ...threads }, argumentBytes),
    counted: takeOps !== undefined,
    cycles: 0,
    ops: undefined,
    bound: (args) => (windows && invoke === windows.run ? windows.bound(args) : bound(invoke, args)),
    recover: () => site.module!.recover(),
    faultOf: (error, args, stackPointer) => kernelFault(error, { site, pointers: pointersOf(args), stackPointer }),
    took: (before) => {
      // Without counts, cycles follow from the arguments.
      if (takeOps === undefined || before.ops === undefined) return true;
      if (counted?.(before.ops)) return true;
      result.ops = takeOps();
      result.cycles = kernelCycles(cost, result.ops);
      return isSameWork(result.ops, before.ops);
    },
    marks: () => marks?.marks(cost, result.cycles) ?? [],
    run: (...args) => {
      let value: number | bigint | undefined;
      marks?.begin();
      try {
        value = invoke(...args);
      } catch (error) {
        throw result.faultOf(error, args);
      }
      // Calls of one place mostly do the same work: then this one question takes the place of six.
      if (!marks && result.ops && counted?.(result.ops)) return narrowed(value);
      result.ops = marks ? marks.end(takeOps?.()) : takeOps?.();
      result.cycles = result.ops ? kernelCycles(cost, result.ops) : uncountedKernelCycles(cost, argumentBytes(args));
      return narrowed(value);
    },
  };
  return result;
}

function findKernel({ call, core, module }: KernelSite): KernelFunction {
  const place = `core ${tileName(core.tile)}`;
  if (!module) {
    throw badOp(
      call.op,
      `${place} calls ${call.name}, but no kernels were built for it`,
      "give the design a source for it",
    );
  }
  const kernel = module.find(call.name);
  if (!kernel) {
    throw badOp(
      call.op,
      `${place} calls ${call.name}, its module exports ${module.functionNames.join(", ") || "no functions"}`,
      'C++ functions need extern "C", and the object of link_with must define them',
    );
  }
  if (kernel.length !== call.pointers.length) {
    throw new DesignError(
      `${place}: kernel ${call.name} takes ${kernel.length} arguments, the design passes ${call.pointers.length}`,
      { hint: "compare the func.func declaration with the C++ function" },
    );
  }
  return kernel;
}
