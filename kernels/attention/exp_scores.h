// p = 2^(c x) in bfloat16 for scores x, c = log2(e) / sqrt(kWidth), in the integer units of the core.
//
// The float adder puts x into fixed point (x + kOrigin has it in its low bits), one 16-bit product gives c x with 16 bits of
// fraction, a polynomial of degree 3 the mantissa, and an addition the exponent: no float multiplication, no table. Nearest
// to the published alternatives: exp_nonpositive of math/exp.h takes 21 vector and 8 MAC issues for 32 lanes, then the scale
// and the narrowing; this takes 18 and 4, with both.
//
// Argument    float x <= kMost; larger x and +infinity show in `top`, and p is then without meaning. x < kLeast gives
//             2^(c kLeast), at most 2^-32; -infinity is in order. NaN: without meaning.
// Error       relative to 2^(c x): bfloat16 2^-8; step of x 2^-(f + 1) c ln 2 <= 2^-11.4; polynomial 2^-13.7; factors of 16
//             bits 2^-14; sum <= 2^-7.8. Without the first: <= 2^-10.9.
// Needs       rounding floor: the sums start at one half of what a shift drops, which rounds to nearest at no cost; float sums
//             are exact in fixed point. Saturation none.
// Cycles      modelled, 32 lanes: 4 MAC, 18 vector.
// Source      coefficients: minimax of the relative error of 2^(g + 1/2) on [-1/2, 1/2], iteratively reweighted.
#pragma once

#include "attention/attention_shape.h"

namespace attention {

constexpr double square_root(double x) {
  double root = x;
  for (int i = 0; i < 60; ++i) root = (root + x / root) / 2;
  return root;
}
constexpr double kScale = 1.4426950408889634 / square_root(kWidth);

// Bits of fraction of x: 16 bits hold a range of at least 40 of c x.
constexpr int fraction_bits() {
  int bits = 4;
  while (static_cast<double>(1 << (15 - bits)) * kScale >= 40.0) ++bits;
  return bits;
}
constexpr int kFractionBits = fraction_bits();
constexpr double kHalfRange = static_cast<double>(1 << (15 - kFractionBits));
// A block may exceed the running maximum by 2^8 before sums are rescaled.
constexpr float kMost = static_cast<float>(8.0 / kScale);
// x + kMiddle is in the middle of the 16 bits: most of the range is for x < 0.
constexpr float kMiddle = static_cast<float>(static_cast<int>(kHalfRange - 8.0 / kScale) - 1);
constexpr float kLeast = static_cast<float>(1.0 - kHalfRange) - kMiddle;
constexpr float kOrigin = 1.5f * static_cast<float>(1 << (23 - kFractionBits)) + kMiddle;
static_assert(static_cast<double>(kLeast) * kScale <= -31.9, "attention: exponentials below 2^-32 only are cut off");

// c in 16 bits, and the shift that leaves 16 bits of fraction.
constexpr int scale_shift() {
  int shift = 9;
  while (kScale * static_cast<double>(1 << (16 + shift - kFractionBits)) >= 32767.0) --shift;
  return shift;
}
constexpr int kScaleShift = scale_shift();
constexpr int16 kScaleFactor =
    static_cast<int16>(kScale * static_cast<double>(1 << (16 + kScaleShift - kFractionBits)) + 0.5);
constexpr int32 kScaleStart = static_cast<int32>(-static_cast<double>(kMiddle) * kScaleFactor * (1 << kFractionBits));

// The bits of an element of `top` that say: some x was above kMost.
constexpr int32 kTopLimit = __builtin_bit_cast(int32, kOrigin + kMost);
constexpr int32 kNoTop = -2147483647 - 1;

// Make it before the loop: it holds the constants.
class exp_scores {
 public:
  AIE_INLINE exp_scores()
      : start_(aie::broadcast<int32, 32>(kScaleStart + (1 << (kScaleShift - 1)))),
        b0_(aie::broadcast<int32, 32>(444649161 + (1 << 22))),
        b1_(aie::broadcast<int32, 32>(1052717053 + (1 << 15))),
        b2_(aie::broadcast<int32, 32>(368405830 + (1 << 15))) {}

  // Bits of x in fixed point: what `powers` takes, and what grows with x and exceeds kTopLimit where x exceeds kMost.
  AIE_INLINE static aie::vector<int32, 32> fixed(const aie::accum<accfloat, 32> &x) {
    // Unsigned, the bits of numbers below zero grow with their magnitude, and those above zero are smaller.
    const auto bits = x.template to_vector<float>().template cast_to<uint32>();
    const auto kept = aie::min(bits, __builtin_bit_cast(uint32, kLeast)).template cast_to<float>();
    return aie::add(kept, kOrigin).template cast_to<int32>();
  }

  AIE_INLINE aie::vector<bfloat16, 32> powers(const aie::vector<int32, 32> &fixed) const {
    const auto x = aie::filter_even(fixed.template cast_to<int16>());
    const auto t = aie::mac(start_, x, kScaleFactor).template to_vector<int32>(kScaleShift).template cast_to<int16>();
    const auto [fraction, whole] = aie::interleave_unzip(t.template extract<32>(0), t.template extract<32>(1), 1);
    // Less one half, in units of 2^-16. Factors and sums: units of 2^-14 and 2^-30; the mantissa has 7 bits.
    const auto g = aie::bit_xor(fraction, static_cast<int16>(-32768));
    const auto q2 = aie::mac(b2_, g, static_cast<int16>(1278)).template to_vector<int16>(16);
    const auto q1 = aie::mac(b1_, g, q2).template to_vector<int16>(16);
    const auto mantissa = aie::mac(b0_, g, q1).template to_vector<int16>(23);
    const auto exponent = aie::upshift(aie::add(whole, static_cast<int16>(127)), 7);
    return aie::add(exponent, mantissa).template cast_to<bfloat16>();
  }

 private:
  aie::accum<acc32, 32> start_, b0_, b1_, b2_;
};

}  // namespace attention
