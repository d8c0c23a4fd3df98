import { UsageError } from "@aiekit/core";
import { expect, test } from "vitest";
import type { Bo, Kernel, RunArg } from "./device.ts";
import { checkBoOptions, checkElfRunArgs, checkFullElfRunArgs, checkRunArgs } from "./kernel-args.ts";
import { SimBo } from "./sim/sim-bo.ts";

const groups = [0x1ffff, 0x10001, 0x1ffff, 0x10000, 0x10000];
const kernel = {
  name: "MLIR_AIE",
  args: [
    { index: 0, name: "opcode", kind: "scalar", type: "uint64_t", flags: undefined },
    { index: 1, name: "instr", kind: "bo", type: "char *", flags: "cacheable" },
    { index: 2, name: "ninstr", kind: "scalar", type: "uint32_t", flags: undefined },
    { index: 3, name: "bo0", kind: "bo", type: "void*", flags: "hostOnly" },
    { index: 4, name: "bo1", kind: "bo", type: "void*", flags: "hostOnly" },
  ],
  flow: "insts",
  groupId: (index: number) => groups[index]!,
} as unknown as Kernel;

const instr: Bo = new SimBo(64, { flags: "cacheable", group: 0x10001 }, () => {});
const data: Bo = new SimBo(64, { flags: "hostOnly", group: 0x10000 }, () => {});
const check = (...args: RunArg[]) => checkRunArgs(kernel, args);

test("opcode 3, instructions, their words and BOs are taken apart; trailing BOs may be left out", () => {
  expect(check(3, instr, 16, data, data)).toEqual({ instr, instrBytes: 64, data: [data, data] });
  expect(check(3n, instr, 4).instrBytes).toBe(16);
});

test.each<[string, RunArg[], string]>([
  ["too many arguments", [3, instr, 16, data, data, data], "expected at most 5 arguments, got 6"],
  ["too few arguments", [3, instr], "expected at least 3 arguments (opcode, instr, ninstr), got 2"],
  ["a BO for a scalar", [instr, instr, 16], "argument 0 (opcode): expected a number (uint64_t), got a BO"],
  ["a number for a BO", [3, 7, 16], "argument 1 (instr): expected a BO (char *), got the number 7"],
  ["a fraction", [3, instr, 1.5], "argument 2 (ninstr): expected an unsigned whole number (uint32_t), got 1.5"],
  ["a data BO for the instructions", [3, data, 16], "argument 1 (instr): expected a cacheable BO, got a hostOnly one"],
  [
    "an instruction BO for data",
    [3, instr, 16, instr],
    "argument 3 (bo0): expected a hostOnly BO, got a cacheable one",
  ],
  ["another opcode", [2, instr, 16], "argument 0 (opcode): expected 3 (execute the instruction stream), got 2"],
  [
    "bytes in place of words",
    [3, instr, 64],
    "argument 2 (ninstr): expected 1 to 16 words (the instruction BO has 64 bytes), got 64",
  ],
  ["no words", [3, instr, 0], "argument 2 (ninstr): expected 1 to 16 words (the instruction BO has 64 bytes), got 0"],
])("%s is refused by index, expectation and finding", (_, args, message) => {
  expect(() => check(...args)).toThrow(UsageError);
  expect(() => check(...args)).toThrow(`kernel MLIR_AIE: ${message}`);
});

test("a BO of another memory group is refused with both groups", () => {
  const other = new SimBo(64, { flags: "hostOnly", group: 0x10005 }, () => {});

  expect(() => check(3, instr, 16, other)).toThrow(
    "argument 3 (bo0): expected a BO of group 0x10000, got one of group 0x10005, which is no argument's of this kernel",
  );
});

test("a BO of another argument's group is refused with the name of that argument", () => {
  const other = new SimBo(64, { flags: "hostOnly", group: 0x10001 }, () => {});

  expect(() => check(3, instr, 16, other)).toThrow("got one of group 0x10001, which is that of argument 1 (instr)");
});

test("a BO of another device is refused by argument, before any of its memory is looked at", () => {
  const run = () => checkRunArgs(kernel, [3, instr, 16, data], (bo) => bo === instr);

  expect(run).toThrow(UsageError);
  const refusal = "(bo0): the BO of 64 bytes is of another device, which has memory of its own";
  expect(run).toThrow(`argument 3 ${refusal}`);
  const limits = { used: [], owns: () => false };
  expect(() => checkElfRunArgs({ ...kernel, flow: "elf" }, [3, 0, 0, data], limits)).toThrow(`argument 3 ${refusal}`);
  const full: Kernel = { ...kernel, flow: "full-elf", args: kernel.args.slice(3), groupId: () => 0 };
  expect(() => checkFullElfRunArgs(full, [data], limits)).toThrow(`argument 0 ${refusal}`);
});

test("a BO whose group came from another context's kernel is of the same bank", () => {
  const other = new SimBo(64, { flags: "hostOnly", group: 0x60000 }, () => {});

  expect(check(3, instr, 16, other).data).toEqual([other]);
});

test.each([0x1ffff, 0xceffff])("no BO is of group %i, that of scalars in any context", (group) => {
  expect(() => checkBoOptions(64, { flags: "hostOnly", group })).toThrow(`group 0x${group.toString(16)} has no memory`);
});
