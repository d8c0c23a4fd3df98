import { expect, test } from "vitest";
import { parseModule } from "../parser/module.ts";
import { printModule } from "../printer/module.ts";
import { verify } from "../verifier/verify.ts";

const func = (text: string): string =>
  `func.func @f(%v: vector<2x8xi32>, %r: vector<8xi32>, %c: vector<8xi1>, %b: i1, %x: i32, %i: index) {\n  ${text}\n  return\n}`;

/** Each as the compiler prints it, with the names of this project's printer. */
const forms = [
  "%0 = vector.extract %arg1[3] : i32 from vector<8xi32>",
  "%0 = vector.extract %arg0[1] : vector<8xi32> from vector<2x8xi32>",
  "%0 = vector.extract %arg0[1, %arg5] : i32 from vector<2x8xi32>",
  "%0 = vector.insert %arg4, %arg1[%arg5] : i32 into vector<8xi32>",
  "%0 = vector.insert %arg1, %arg0[0] : vector<8xi32> into vector<2x8xi32>",
  "%0 = vector.extract_strided_slice %arg1 {offsets = [4], sizes = [4], strides = [1]} : vector<8xi32> to vector<4xi32>",
  "%0 = vector.shape_cast %arg0 : vector<2x8xi32> to vector<16xi32>",
  "%0 = vector.reduction <add>, %arg1 : vector<8xi32> into i32",
  "%0 = vector.reduction <maxsi>, %arg1, %arg4 : vector<8xi32> into i32",
  "%0 = arith.select %arg2, %arg1, %arg1 : vector<8xi1>, vector<8xi32>",
  "%0 = arith.select %arg3, %arg1, %arg1 : vector<8xi32>",
];

test.each(forms)("%s: read, accepted, printed the same", (form) => {
  const named = ["v", "r", "c", "b", "x", "i"].reduce((text, name, i) => text.replaceAll(`%arg${i}`, `%${name}`), form);
  const module = parseModule(func(named), "vector.mlir");

  expect(verify(module)).toEqual([]);
  expect(printModule(module)).toContain(`    ${form}\n`);
});

const wrong: readonly (readonly [text: string, message: string])[] = [
  [
    "%0 = arith.select %c, %v, %v : vector<8xi1>, vector<2x8xi32>",
    "expected condition type to have the same shape as the result type, expected 'vector<2x8xi1>', but got 'vector<8xi1>'",
  ],
  [
    "%0 = arith.select %c, %x, %x : vector<8xi1>, i32",
    "expected condition to be a signless i1, but got 'vector<8xi1>'",
  ],
];

test.each(wrong)("%s: refused", (text, message) => {
  expect(verify(parseModule(func(text), "vector.mlir")).map((found) => found.message)).toEqual([message]);
});
