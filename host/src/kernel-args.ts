import { UsageError } from "@aiekit/core";
import type { Bo, BoFlags, Kernel, KernelArg, RunArg } from "./device.ts";

/** The opcode argument that means: execute the instruction stream. */
export const executeInstructions = 3;

/** Position of the instruction BO and its length in words; data BOs follow. */
export const instrArgIndex = 1;
export const wordCountArgIndex = 2;
export const firstDataArgIndex = 3;

/** Arguments of a run after they were checked. */
export interface CheckedArgs {
  /** Undefined where the instructions are in an ELF. */
  readonly instr: Bo | undefined;
  readonly instrBytes: number;
  readonly data: readonly Bo[];
}

/**
 * Checks a run's arguments against the kernel's metadata before anything is started. XRT itself does not: with a BO past
 * the last argument it crashes the process, and too few arguments are accepted silently.
 * @throws UsageError that names the argument's index and name, what was expected and what was given.
 */
export function checkRunArgs(kernel: Kernel, args: readonly RunArg[]): CheckedArgs {
  checkDeclared(kernel, args);
  const instr = args[instrArgIndex] as Bo;
  const words = Number(args[wordCountArgIndex]);
  const instrBytes = words * 4;
  if (words === 0 || instrBytes > instr.sizeBytes) {
    failureOf(kernel)(
      `argument ${wordCountArgIndex} (ninstr): expected 1 to ${Math.floor(instr.sizeBytes / 4)} words ` +
        `(the instruction BO has ${instr.sizeBytes} bytes), got ${words}`,
      "the length is counted in 32-bit words, not in bytes",
    );
  }
  return { instr, instrBytes, data: args.slice(firstDataArgIndex) as Bo[] };
}

/**
 * The same for a kernel with instructions in an ELF, which names by number the arguments that it `used`. XRT leaves the
 * address of an argument that is not given as it is in the ELF: 0.
 */
export function checkElfRunArgs(kernel: Kernel, args: readonly RunArg[], used: readonly number[]): CheckedArgs {
  checkDeclared(kernel, args);
  const missing = used.find((index) => index >= args.length);
  if (missing !== undefined) {
    failureOf(kernel)(
      `the instructions use arguments ${used.join(", ")}, the run has ${args.length} arguments`,
      `pass bo${missing - firstDataArgIndex} as argument ${missing}`,
    );
  }
  return { instr: undefined, instrBytes: 0, data: args.slice(firstDataArgIndex) as Bo[] };
}

/** The same for a kernel of a full ELF, whose arguments are its buffers and nothing else. */
export function checkFullElfRunArgs(kernel: Kernel, args: readonly RunArg[], used: readonly number[]): CheckedArgs {
  const fail: Fail = failureOf(kernel);
  checkKinds(kernel, args, fail);
  const missing = used.find((index) => index >= args.length);
  if (missing !== undefined) {
    fail(`the instructions use buffers ${used.join(", ")}, the run has ${args.length}`);
  }
  return { instr: undefined, instrBytes: 0, data: args as readonly Bo[] };
}

type Fail = (what: string, hint?: string) => never;

function failureOf(kernel: Kernel): Fail {
  return (what, hint) => {
    throw new UsageError(`kernel ${kernel.name}: ${what}`, { hint: hint ?? `arguments: ${signature(kernel.args)}` });
  };
}

function checkDeclared(kernel: Kernel, args: readonly RunArg[]): void {
  const fail: Fail = failureOf(kernel);
  if (args.length < firstDataArgIndex) {
    fail(`expected at least ${firstDataArgIndex} arguments (opcode, instr, ninstr), got ${args.length}`);
  }
  checkKinds(kernel, args, fail);
  const opcode = Number(args[0]);
  if (opcode !== executeInstructions) {
    fail(`argument 0 (opcode): expected ${executeInstructions} (execute the instruction stream), got ${opcode}`);
  }
}

function checkKinds(kernel: Kernel, args: readonly RunArg[], fail: Fail): void {
  if (args.length > kernel.args.length) {
    fail(`expected at most ${kernel.args.length} arguments, got ${args.length}`);
  }
  for (const [i, arg] of args.entries()) {
    const declared = kernel.args[i]!;
    const at = `argument ${i} (${declared.name})`;
    if (kernel.flow === "elf" && (i === instrArgIndex || i === wordCountArgIndex)) {
      if (typeof arg === "object" || Number(arg) !== 0) fail(`${at}: expected 0, the instructions are in an ELF`);
      continue;
    }
    if (declared.kind === "scalar") {
      if (typeof arg === "object") fail(`${at}: expected a number (${declared.type}), got a BO`);
      else if (!isUnsigned(arg)) fail(`${at}: expected an unsigned whole number (${declared.type}), got ${arg}`);
    } else if (typeof arg !== "object") {
      fail(`${at}: expected a BO (${declared.type}), got the number ${arg}`);
    } else if (arg.flags !== declared.flags) {
      fail(`${at}: expected a ${declared.flags} BO, got a ${arg.flags} one`, hintForFlags(i, declared.flags));
    } else if (bankOf(arg.group) !== bankOf(kernel.groupId(i))) {
      const [expected, got] = [kernel.groupId(i), arg.group].map((group) => `0x${group.toString(16)}`);
      fail(`${at}: expected a BO of group ${expected}, got one of group ${got}`, hintForFlags(i, declared.flags));
    }
  }
}

/**
 * Above the bank, a group has the slot of the context that gave it. BOs are the device's: kernels of different contexts
 * share them, and they outlive contexts, so XRT too compares banks only.
 */
function bankOf(group: number): number {
  return group & 0xffff;
}

function isUnsigned(value: number | bigint): boolean {
  return typeof value === "bigint" ? value >= 0n : Number.isSafeInteger(value) && value >= 0;
}

function hintForFlags(index: number, flags: BoFlags | undefined): string {
  return `allocate it with device.allocBo(sizeBytes, { flags: "${flags}", group: kernel.groupId(${index}) })`;
}

function signature(args: readonly KernelArg[]): string {
  return args.map((arg) => `${arg.name}: ${arg.kind === "bo" ? "BO" : arg.type}`).join(", ");
}
