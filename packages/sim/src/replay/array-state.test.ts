import type { TxnOp } from "@aiekit/xclbin";
import { expect, test } from "vitest";
import { type ConfiguredArray, configureArray } from "../array.ts";
import { callK, coreDesign, sync, transfer, words16 } from "../lowered-design.test-support.ts";
import { parseArrayConfig } from "../parse-array-config.ts";
import { addKernel, assemble } from "../wasm-assembler.test-support.ts";
import { restKey } from "./array-state.ts";

const design = coreDesign({ ...words16, work: callK(16, 1) });

function configured(text = design): ConfiguredArray {
  const module = assemble({ functions: [addKernel("k")], memory: { minimum: 1, maximum: 1 } });
  const array = configureArray(parseArrayConfig(text, "design.mlir"), new Map([["0,2", module]]));
  for (const { budget } of array.kernels) if (budget) budget.left.value = 10n ** 9n;
  return array;
}

/** Carries out a stream until nothing moves any more, and the state then. */
function keyAfter(array: ConfiguredArray, ops: readonly TxnOp[]): string | undefined {
  const host = [0, 1].map(() => ({ words: new Uint32Array(256), bytes: 1024 }));
  array.controller.start(ops, host);
  while (array.clock.step());
  return restKey(array);
}

const passed = (objects: number): TxnOp[] => [
  ...transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: 16 * objects }),
  ...transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 16 * objects }),
  sync("S2MM"),
];
/** Lock 9 of tile (0,2), which nothing uses. */
const setLock = (value: number): TxnOp => ({ op: "write32", address: (2 << 20) + 0x1f000 + 16 * 9, value });

test("launches that leave everything as it was leave the same key, however often", () => {
  const array = configured();
  const keys = [4, 2, 4, 6].map((objects) => keyAfter(array, passed(objects)));

  expect(keys[0]).toBeDefined();
  expect(new Set(keys).size).toBe(1);
});

const input = transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords: 8 });
test.each<[string, readonly TxnOp[]]>([
  ["buffers change their roles", passed(1)],
  ["a lock has another value", [...passed(2), setLock(3)]],
  ["half an object has arrived", [...passed(2), ...input]],
  ["a token was not taken", passed(2).slice(0, -1)],
])("%s: another key", (_, ops) => {
  const usual = keyAfter(configured(), passed(2));
  const key = keyAfter(configured(), ops);

  expect(key).toBeDefined();
  expect(key).not.toBe(usual);
});

test("other amounts of what is left are other keys", () => {
  const of = (...ops: readonly (readonly TxnOp[])[]) => keyAfter(configured(), [...passed(2), ...ops.flat()]);
  const words = (lengthWords: number) => transfer({ direction: "MM2S", bd: 0, argIndex: 0, lengthWords });

  expect(of([setLock(1)])).not.toBe(of([setLock(2)]));
  expect(of(words(4))).not.toBe(of(words(8)));
  expect(of(words(8))).toBe(of(words(8)));
});

test("tiles that were touched in another order are not taken for each other", () => {
  const setAt = (row: number, value: number): TxnOp => ({ op: "write32", address: (row << 20) + 0x1f000, value });

  expect(keyAfter(configured(), [setAt(3, 1), setAt(4, 2)])).not.toBe(
    keyAfter(configured(), [setAt(4, 1), setAt(3, 2)]),
  );
});

test("no key while something is under way, and while a BD is used that a stream wrote", () => {
  const array = configured();
  array.controller.start(
    passed(2),
    [0, 1].map(() => ({ words: new Uint32Array(256), bytes: 1024 })),
  );
  array.clock.step();
  expect(restKey(array)).toBeUndefined();

  // Words that never come.
  const waits = transfer({ direction: "S2MM", bd: 1, argIndex: 1, lengthWords: 16 });
  expect(keyAfter(configured(), [...passed(2), ...waits])).toBeUndefined();
});

test("a core in another round of a loop is another state, where everything else is the same", () => {
  // Three rounds of two objects each, over and over.
  const rounds = design
    .replace(/(scf\.for %pass = [^\n]*\{)/, "%c3 = arith.constant 3 : index\n$1 scf.for %round = %c0 to %c3 step %c1 {")
    .replace(/\}\s*aie\.end\s*\} \{stack_size/, "} }\n aie.end } {stack_size");
  const of = (objects: number) => keyAfter(configured(rounds), passed(objects));

  expect(of(6)).toBeDefined();
  expect(of(6)).toBe(of(12));
  expect(of(2)).not.toBe(of(6));
  expect(of(2)).not.toBe(of(4));
});
