import { expect, test } from "vitest";
import { downgradeIr } from "./downgrade-ir.ts";

test.each([
  // Attributes and flags that LLVM 22 has and Peano's does not.
  ["declare void @f() nocreateundeforpoison nounwind", "declare void @f() nounwind"],
  ["  %1 = getelementptr inbounds nuw i8, ptr @b, i64 4", "  %1 = getelementptr inbounds i8, ptr @b, i64 4"],
  ["  %2 = load <32 x i8>, ptr @a, align 64", "  %2 = load <32 x i8>, ptr @a"],
  ["@a = external global [80 x i16], align 32", "@a = external global [80 x i16]"],
  // Lifetimes had a size.
  [
    "  call void @llvm.lifetime.start.p0(ptr nonnull %3)",
    "  call void @llvm.lifetime.start.p0(i64 -1, ptr nonnull %3)",
  ],
  [
    "declare void @llvm.lifetime.end.p0(ptr captures(none))",
    "declare void @llvm.lifetime.end.p0(i64 immarg, ptr captures(none))",
  ],
  // Special values; 64-bit patterns of IEEE 754.
  ["  %4 = fadd float %a, inf", "  %4 = fadd float %a, 0x7FF0000000000000"],
  ["  store double -inf, ptr %p", "  store double 0xFFF0000000000000, ptr %p"],
  ["  store half nan, ptr %p", "  store half 0xH7E00, ptr %p"],
  ["  store bfloat -inf, ptr %p", "  store bfloat 0xRFF80, ptr %p"],
  // float 1.5 is 0x3FC00000 in 32 bits and 0x3FF8000000000000 in 64.
  ["  store float f0x3FC00000, ptr %p", "  store float 0x3FF8000000000000, ptr %p"],
  // 0.1 rounded to float is 0x3DCCCCCD, 0x3FB99999A0000000 as a double; to half 0x2E66; to bfloat 0x3DCD.
  ["  store float 0.1, ptr %p", "  store float 0x3FB99999A0000000, ptr %p"],
  ["  store half 1.000000e-01, ptr %p", "  store half 0xH2E66, ptr %p"],
  ["  store bfloat 0.1, ptr %p", "  store bfloat 0xR3DCD, ptr %p"],
  // Half way between 1 and 1 + 2^-7 goes to the even one, half way to the next above goes up.
  [
    "  store <2 x bfloat> <bfloat 1.00390625, bfloat 1.01171875>, ptr %p",
    "  store <2 x bfloat> <bfloat 0xR3F80, bfloat 0xR3F82>, ptr %p",
  ],
  // The smallest subnormal half, and above the largest half.
  ["  store half 5.9604644775390625e-08, ptr %p", "  store half 5.9604644775390625e-08, ptr %p"],
  ["  store half 65520.0, ptr %p", "  store half 0xH7C00, ptr %p"],
])("%s", (line, expected) => {
  expect(downgradeIr(line)).toBe(expected);
});

test.each([
  "  store float 1.500000e+00, ptr %p",
  "  store double 1.000000e-01, ptr %p",
  "  %5 = fcmp oeq float %inf, %nan",
  "  %6 = add i32 %0, 10",
  '!0 = !{!"float 0.1", i32 2}',
  "; float 0.1, align 4",
  'target triple = "aie2"',
])("text that Peano reads as it is stays: %s", (line) => {
  expect(downgradeIr(line)).toBe(line);
});

test("a second pass changes nothing", () => {
  const once = downgradeIr(
    "  call void @llvm.lifetime.start.p0(ptr %3)\n  store bfloat 0.1, ptr %p, align 2\n  store float inf, ptr %p",
  );

  expect(downgradeIr(once)).toBe(once);
});
