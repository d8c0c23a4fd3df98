import { expect, test } from "vitest";
import { budgetName, withLoopBudget } from "./loop-budget.ts";
import { addKernel, assemble, type HandFunction, op } from "./wasm-assembler.test-support.ts";
import { outlineModule } from "./wasm-module.ts";
import { type WasmGlobal, wasm } from "./webassembly.ts";

type Exports = Record<string, (...args: number[]) => number> & Record<typeof budgetName, WasmGlobal>;

function instantiate(bytes: Uint8Array) {
  const memory = new wasm.Memory({ initial: 1, maximum: 1 });
  const env = { memory, aiekit_trap: () => undefined };
  const exports = new wasm.Instance(new wasm.Module(bytes), { env }).exports as Exports;
  return { exports, budget: exports[budgetName], words: new Int32Array(memory.buffer) };
}

const count = (local: number): number[] => [...op.get(local), ...op.constant(-1), ...op.add, ...op.set(local)];

/** `int rounds(n, m)`: a loop of m rounds in one of n; what it returns is how often the inner one went round. */
const rounds: HandFunction = {
  name: "rounds",
  ...{ params: 2, returns: true, locals: 2 },
  code: [
    ...op.loop,
    ...[...op.get(1), ...op.set(2)],
    ...[...op.loop, ...op.get(3), ...op.constant(1), ...op.add, ...op.set(3)],
    ...[...count(2), ...op.get(2), ...op.brIf(0), ...op.end],
    ...[...count(0), ...op.get(0), ...op.brIf(0)],
    ...op.end,
    ...op.get(3),
  ],
};
// The loop itself, its instructions up to its end; of the outer one the inner `loop` is one of them.
const [innerRound, outerRound] = [1 + 4 + 4 + 2 + 1, 1 + 2 + 1 + 4 + 2 + 1];

test("a module with a budget computes what it did, and each round of a loop takes the instructions of its body", () => {
  const module = assemble({ functions: [addKernel("add"), rounds] });
  const { exports, budget, words } = instantiate(withLoopBudget(module)!.bytes);
  words.set([5, -6, 7]);
  budget.value = 1_000_000n;

  exports.add!(0, 64, 3, 10);
  expect([...words.slice(16, 19)]).toEqual([15, 4, 17]);
  budget.value = 1_000_000n;
  expect(exports.rounds!(3, 4)).toBe(12);
  expect(1_000_000 - Number(budget.value)).toBe(3 * outerRound + 12 * innerRound);
});

test("a loop traps in the round for which the budget is too small, and leaves it below 0", () => {
  const { exports, budget } = instantiate(withLoopBudget(assemble({ functions: [rounds] }))!.bytes);
  const needed = BigInt(3 * outerRound + 12 * innerRound);

  budget.value = needed;
  expect(exports.rounds!(3, 4)).toBe(12);
  expect(budget.value).toBe(0n);
  budget.value = needed - 1n;
  expect(() => exports.rounds!(3, 4)).toThrow(wasm.RuntimeError);
  expect(budget.value).toBe(-1n);
  budget.value = 2n ** 40n;
  expect(exports.rounds!(1000, 1000)).toBe(1_000_000);
});

test("offsets in the module that runs lead to the same bytes of the module as it was", () => {
  const module = assemble({ functions: [addKernel("add"), rounds] });
  const { bytes, offsetBefore } = withLoopBudget(module)!;
  const [before, after] = [outlineModule(module), outlineModule(bytes)];

  for (const index of [1, 2]) {
    const [code, counted] = [before.code(index)!, after.code(index)!];
    expect(offsetBefore(counted.start)).toBe(code.start);
    expect(offsetBefore(counted.end - 1)).toBe(code.end - 1);
    const found = new Set<number>();
    for (let offset = counted.start; offset < counted.end; offset++) found.add(offsetBefore(offset));
    // All of them, and no place outside the function.
    expect([...found]).toEqual(Array.from({ length: code.end - code.start }, (_, i) => code.start + i));
  }
});

test("a trap behind loops is told at its own place", () => {
  const code = [...rounds.code, ...[0x1a], ...op.unreachable, ...op.constant(0)];
  const module = assemble({ functions: [{ ...rounds, code }] });
  const { bytes, offsetBefore } = withLoopBudget(module)!;
  const { exports, budget } = instantiate(bytes);
  budget.value = 1_000_000n;

  let stack = "";
  try {
    exports.rounds!(2, 2);
  } catch (error) {
    stack = (error as Error).stack ?? "";
  }

  const offset = Number(/wasm-function\[1\]:(0x[0-9a-f]+)/.exec(stack)?.[1]);
  const { end } = outlineModule(module).code(1)!;
  // `unreachable`, a constant of two bytes, `end`.
  expect(offsetBefore(offset)).toBe(end - 4);
});

test("a module with an instruction that kernels do not use is left alone", () => {
  const tableGet = [...op.constant(0), 0x25, 0];
  expect(withLoopBudget(assemble({ functions: [{ name: "k", params: 0, code: tableGet }] }))).toBeUndefined();
});
