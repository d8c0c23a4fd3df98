import { DeviceError, UsageError } from "@aiekit/core";
import type { Bo, BoFlags, BoOptions, Kernel, KernelArg, RunArg } from "./device.ts";

/** The opcode argument that means: execute the instruction stream. */
export const executeInstructions = 3;

/** Position of the instruction BO and its length in words; data BOs follow. */
export const instrArgIndex = 1;
const wordCountArgIndex = 2;
export const firstDataArgIndex = 3;

/** Whether a BO is of the device that the kernel is on. */
export type OwnsBo = (bo: Bo) => boolean;

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
export function checkRunArgs(kernel: Kernel, args: readonly RunArg[], owns: OwnsBo = () => true): CheckedArgs {
  checkDeclared(kernel, args, owns);
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

/** What checks of arguments for instructions in an ELF need beside the kernel. */
interface ElfRunLimits {
  /** Numbers of the arguments that the instructions use. */
  readonly used: readonly number[];
  readonly owns: OwnsBo;
}

/**
 * The same for a kernel with instructions in an ELF. XRT leaves the address of an argument that is not given as it is in
 * the ELF: 0.
 */
export function checkElfRunArgs(kernel: Kernel, args: readonly RunArg[], { used, owns }: ElfRunLimits): CheckedArgs {
  checkDeclared(kernel, args, owns);
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
export function checkFullElfRunArgs(kernel: Kernel, args: readonly RunArg[], limits: ElfRunLimits): CheckedArgs {
  const { used, owns } = limits;
  checkKinds(kernel, args, owns);
  const missing = used.find((index) => index >= args.length);
  if (missing !== undefined) {
    failureOf(kernel)(`the instructions use buffers ${used.join(", ")}, the run has ${args.length}`);
  }
  return { instr: undefined, instrBytes: 0, data: args as readonly Bo[] };
}

type Fail = (what: string, hint?: string) => never;

function failureOf(kernel: Kernel): Fail {
  return (what, hint) => {
    throw new UsageError(`kernel ${kernel.name}: ${what}`, { hint: hint ?? `arguments: ${signature(kernel.args)}` });
  };
}

function checkDeclared(kernel: Kernel, args: readonly RunArg[], owns: OwnsBo): void {
  const fail: Fail = failureOf(kernel);
  if (args.length < firstDataArgIndex) {
    fail(`expected at least ${firstDataArgIndex} arguments (opcode, instr, ninstr), got ${args.length}`);
  }
  checkKinds(kernel, args, owns);
  const opcode = Number(args[0]);
  if (opcode !== executeInstructions) {
    fail(`argument 0 (opcode): expected ${executeInstructions} (execute the instruction stream), got ${opcode}`);
  }
}

function checkKinds(kernel: Kernel, args: readonly RunArg[], owns: OwnsBo): void {
  const fail: Fail = failureOf(kernel);
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
    } else if (!owns(arg)) {
      fail(
        `${at}: the BO of ${arg.sizeBytes} bytes is of another device, which has memory of its own`,
        `allocate it on this device: ${allocation(i, declared.flags)}`,
      );
    } else if (arg.flags !== declared.flags) {
      fail(`${at}: expected a ${declared.flags} BO, got a ${arg.flags} one`, hintForFlags(i, declared.flags));
    } else if (bankOf(arg.group) !== bankOf(kernel.groupId(i))) {
      const [expected, got] = [kernel.groupId(i), arg.group].map((group) => `0x${group.toString(16)}`);
      fail(
        `${at}: expected a BO of group ${expected}, got one of group ${got}${groupOwner(kernel, arg.group)}`,
        hintForFlags(i, declared.flags),
      );
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
  return `allocate it with ${allocation(index, flags)}`;
}

function allocation(index: number, flags: BoFlags | undefined): string {
  return `await device.allocBo(sizeBytes, { flags: "${flags}", group: kernel.groupId(${index}) })`;
}

/** ` (that of argument 1, instr)`: for which arguments of the kernel the group would have been right. */
function groupOwner(kernel: Kernel, group: number): string {
  const owners = kernel.args.filter(
    ({ index, kind }) => kind === "bo" && bankOf(kernel.groupId(index)) === bankOf(group),
  );
  const names = owners.map(({ index, name }) => `${index} (${name})`);
  if (names.length > 0) return `, which is that of argument ${names.join(", ")}`;
  return ", which is no argument's of this kernel";
}

/** The bank that XRT's group_id answers for a scalar, and for an argument that the kernel does not have. */
const scalarBank = 0xffff;

/**
 * Checks what a BO is to be before it is made, the same on every device.
 * @throws DeviceError for a size of no bytes, and for a group in which no memory is.
 */
export function checkBoOptions(sizeBytes: number, { group, flags }: BoOptions): void {
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0) {
    throw new DeviceError(`BO: expected a size of at least 1 byte, got ${sizeBytes}`);
  }
  if (bankOf(group) !== scalarBank) return;
  throw new DeviceError(
    `BO: group 0x${group.toString(16)} has no memory: it is that of scalars and of arguments that a kernel does not have`,
    {
      hint: `pass groupId of the argument that the BO is for: instr is ${instrArgIndex}, bo0 is ${firstDataArgIndex}: ${allocation(flags === "cacheable" ? instrArgIndex : firstDataArgIndex, flags)}`,
    },
  );
}

function signature(args: readonly KernelArg[]): string {
  return args.map((arg) => `${arg.name}: ${arg.kind === "bo" ? "BO" : arg.type}`).join(", ");
}
