import { expect, test } from "vitest";
import { modelledLine, phaseTable, rtf, sumMs, timesText } from "./phases.ts";

const phases = [
  { name: "load", wallMs: 20 },
  { name: "device", wallMs: 180 },
];

test("RTF is processing time over audio time: 200 ms for 10 s are 0.02", () => {
  expect(rtf(200, 10)).toBeCloseTo(0.02, 12);
});

test("the table ends with the sum of its phases, with RTF only where there is sound", () => {
  expect(sumMs(phases)).toBe(200);
  expect(phaseTable(phases, 10).split("\n").at(-1)).toBe("sum      200.0 ms  0.02000");
  expect(phaseTable(phases, undefined)).not.toContain("RTF");
});

test("times keep three digits, and whole ones above", () => {
  expect([7.3333, 42.42, 99.96, 2149.6].map(timesText)).toEqual(["7.33", "42.4", "100", "2150"]);
});

test("modelled time says that it is not measured, and its speed is that of array, launches and contexts together", () => {
  const modelled = { cycles: 1_024_000, clockHz: 1.024e9, seconds: 0.001, launchSeconds: 0.006, switchSeconds: 0.013 };

  expect(modelledLine(modelled, 2)).toBe(
    "modelled, not measured: 1024000 cycles at 1024 MHz = 1.00 ms of the array, 6.00 ms of launches, 13.0 ms of contexts that change: 20.0 ms, 100 x real time",
  );
  expect(modelledLine(modelled, undefined)).toMatch(/ 20\.0 ms$/);
  expect(modelledLine(undefined, 2)).toBeUndefined();
});
