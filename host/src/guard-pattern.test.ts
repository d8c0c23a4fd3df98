import type { ArgSpec } from "@aiekit/core";
import { expect, test } from "vitest";
import { fillGuard, unwrittenUnits, writtenRange } from "./guard-pattern.ts";

function output(shape: readonly number[], axis: number, dtype: "i8" | "i16" = "i16"): ArgSpec {
  const bytes = shape.reduce((n, d) => n * d, 1) * (dtype === "i8" ? 1 : 2);
  return { name: "out", direction: "out", dtype, shape, bytes, units: { axis, hop: 1, window: 1 } };
}

function guarded(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  fillGuard(bytes);
  return bytes;
}

test("an output nobody wrote is reported unit by unit", () => {
  const arg = output([4, 80], 0);

  expect(unwrittenUnits(guarded(arg.bytes), arg)).toEqual([0, 1, 2, 3]);
});

test("a unit of which one byte was written counts as written", () => {
  const arg = output([4, 80], 0);
  const bytes = guarded(arg.bytes);
  for (const unit of [0, 1, 3]) bytes[unit * 160 + 159]! ^= 1;

  expect(unwrittenUnits(bytes, arg)).toEqual([2]);
});

test("units along an inner axis are judged over all outer rows", () => {
  const arg = output([8, 3], 1);
  const bytes = guarded(arg.bytes);
  bytes[(7 * 3 + 1) * 2]! ^= 1;

  expect(unwrittenUnits(bytes, arg)).toEqual([0, 2]);
});

test("units of 1 byte are judged in groups of 8, so a single byte that equals the pattern is no fault", () => {
  const arg = output([16], 0, "i8");
  const bytes = guarded(arg.bytes);
  for (let i = 0; i < 7; i++) bytes[i]! ^= 1;

  expect(unwrittenUnits(bytes, arg)).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
});

test("an output between rows of zeros is guarded without them: rows 1 and 2 of 5", () => {
  const arg = { ...output([2, 3], 0), padded: [5, 4], margin: { before: 1, after: 1 }, bytes: 40 };

  expect(writtenRange(arg)).toEqual([8, 24]);
  expect(writtenRange({ ...output([2, 3], 0), padded: [5, 4], bytes: 40 })).toEqual([0, 40]);
});

test("zeros, ones and a ramp are not the pattern anywhere", () => {
  const arg = output([64, 4], 0);
  const fills = [() => 0, () => 0xff, (i: number) => i & 0xff];

  for (const fill of fills)
    expect(
      unwrittenUnits(
        Uint8Array.from({ length: arg.bytes }, (_, i) => fill(i)),
        arg,
      ),
    ).toEqual([]);
});

test("an argument without a unit axis is one unit", () => {
  const { units: _, ...arg } = output([10], 0);
  const bytes = guarded(arg.bytes);

  expect(unwrittenUnits(bytes, arg)).toEqual([0]);
  bytes[3]! ^= 1;
  expect(unwrittenUnits(bytes, arg)).toEqual([]);
});
