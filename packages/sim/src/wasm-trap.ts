import { divisionOnNpu } from "./core-faults.ts";
import type { FaultKind } from "./fault.ts";

/** What a trap of WebAssembly itself means to who wrote the kernel. */
export interface WasmTrap {
  readonly kind: FaultKind;
  readonly what: string;
  readonly hint: string;
}

/**
 * The trap behind an engine's message; undefined for an access outside of memory, whose address says more, and for
 * messages that no engine is known to give. Source: the messages of V8 (message-template.h) and SpiderMonkey (js.msg).
 */
export function wasmTrap(message: string): WasmTrap | undefined {
  return traps.find(({ text }) => text.test(message))?.trap;
}

const pointerHint =
  "look at what sets the pointer: a cast, a virtual call of an object that was not constructed, or a write that runs over it; an NPU jumps to whatever lies there";
const divisorHint =
  "test for it before, or look at where the divisor comes from: a size or parameter that was not passed, or memory that nobody wrote (aiekit sim --check)";

const traps: readonly { readonly text: RegExp; readonly trap: WasmTrap }[] = [
  {
    text: /remainder by zero/,
    trap: {
      kind: "division-by-zero",
      what: `takes the remainder of an integer division by zero; ${divisionOnNpu}`,
      hint: divisorHint,
    },
  },
  {
    text: /divi(de|sion) by zero/i,
    trap: { kind: "division-by-zero", what: `divides an integer by zero; ${divisionOnNpu}`, hint: divisorHint },
  },
  {
    text: /divide result unrepresentable|^integer overflow/,
    trap: {
      kind: "kernel-trap",
      what: "divides the least integer of its type by -1, whose quotient the type does not hold",
      hint: "test for the divisor -1, or divide in a wider type; what an NPU makes of it is not defined",
    },
  },
  {
    text: /float unrepresentable in integer range|invalid conversion to integer/,
    trap: {
      kind: "kernel-trap",
      what: "converts a float to an integer type that does not hold its value",
      hint: "keep the float within the type before (std::min, std::max), NaN apart; what an NPU makes of it is not defined",
    },
  },
  {
    text: /^unreachable/,
    trap: {
      kind: "kernel-trap",
      what: "came to a place that the compiler was told is never reached",
      hint: "what leads there: __builtin_trap(), __builtin_unreachable(), a function that ends without its return value, or a loop without an end and effect; an NPU goes on with whatever code lies there",
    },
  },
  {
    text: /table index is out of bounds|index out of bounds in table|signature mismatch|indirect call to null/,
    trap: {
      kind: "kernel-trap",
      what: "calls a function through a pointer that is null, or that leads to no function of that type",
      hint: pointerHint,
    },
  },
];
