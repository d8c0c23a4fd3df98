// gelu(x) = x Phi(x), Phi the normal distribution function: the exact form, with erf, not the one with tanh.
//
//   gelu(x) = max(x, 0) - |x| Q(|x|),   Q(a) = 1 - Phi(a) = erfc(a / sqrt 2) / 2
//
// Nothing cancels: on the left the second term is the result, on the right it is at most half of x. log2 Q is smooth and
// almost a parabola: a polynomial of degree 7 on [0, 8] in 32-bit fixed point. So the error of Q is relative over 15
// decades and not absolute as with 1 + erf or 1 + tanh.
//
// Argument    float (an accumulator) or bfloat16, any.
// Result      accumulator of float. -infinity: as below -8. infinity: infinity. NaN: NaN.
// Needs       rounding conv_even (with floor the error is up to twice as large), saturation none.
// Error       relative, -8 <= x: polynomial 2^-14.4 ln 2, half a step of a 2^-21 times its slope 11.8 ln 2, exp2_fixed 2^-16.4,
//             product of pairs 2^-14.4; together <= 2^-13.4, stated 2^-13. x < -8: the result is -5.0e-15, and so is the
//             largest error. |x| < 2^-100: parts are flushed on the device, error <= 2^-108.
// Cycles      modelled, float argument: 16 lanes 23 MAC, 30 vector; 32 lanes 42 MAC, 47 vector.
// Source      coefficients: scripts/fit-kernel-polynomials.mjs.
#pragma once

#include "math/bf16_parts.h"
#include "math/exp2_fixed.h"

namespace aiekit_math {

// Make it before the loop: it holds the constants.
template <unsigned N>
class gelu {
 public:
  gelu()
      : eight_(aie::broadcast<float, N>(8.0f)),
        c0_(term(2 * kExp2Bias - 250760883)),
        c1_(term(-409113348)),
        c2_(term(-184571878)),
        c3_(term(-4610848)),
        c4_(term(2318178)),
        c5_(term(-1278011)),
        c6_(term(885623)) {}

  [[gnu::always_inline]] aie::accum<accfloat, N> operator()(const aie::accum<accfloat, N>& x) const {
    const auto bits = x.template to_vector<float>().template cast_to<int32>();
    // Bits of floats compare like integers: all of [-infinity, -0] is below the NaNs with a sign.
    const auto right = aie::select(bits, static_cast<int32>(0), aie::le(bits, kNegativeInfinity));
    const auto magnitude = aie::min(aie::bit_and(bits, static_cast<int32>(0x7fffffff)), kEight).template cast_to<float>();
    const aie::accum<accfloat, N> a(magnitude);
    const aie::accum<accfloat, N> start(right.template cast_to<float>());
    return msc_parts(start, bf16_parts(a), bf16_parts(upper_tail(magnitude)));
  }
  [[gnu::always_inline]] aie::accum<accfloat, N> operator()(const aie::vector<bfloat16, N>& x) const {
    return (*this)(aie::accum<accfloat, N>(x));
  }

 private:
  static constexpr int32 kNegativeInfinity = static_cast<int32>(0xff800000);
  static constexpr int32 kEight = 0x41000000;
  static constexpr int32 kTwelve = 0x41400000;
  static constexpr int kStepBits = 22;  // of u = (a - 4) / 4

  // A coefficient in units of 2^-24, as the start of a sum in units of 2^-(24 + 22).
  static aie::accum<acc64, N> term(int32 coefficient) {
    return aie::accum<acc64, N>(aie::broadcast<int32, N>(coefficient), kStepBits);
  }

  // Q(a), 0 <= a <= 8.
  [[gnu::always_inline]] aie::accum<accfloat, N> upper_tail(const aie::vector<float, N>& a) const {
    // The bits of a + 8 count steps of 2^-20 above 8.
    const auto u = aie::sub(aie::add(a, eight_).template cast_to<int32>(), kTwelve);
    const auto p6 = aie::mac(c6_, u, static_cast<int32>(-349000)).template to_vector<int32>(kStepBits);
    const auto p5 = aie::mac(c5_, u, p6).template to_vector<int32>(kStepBits);
    const auto p4 = aie::mac(c4_, u, p5).template to_vector<int32>(kStepBits);
    const auto p3 = aie::mac(c3_, u, p4).template to_vector<int32>(kStepBits);
    const auto p2 = aie::mac(c2_, u, p3).template to_vector<int32>(kStepBits);
    const auto p1 = aie::mac(c1_, u, p2).template to_vector<int32>(kStepBits);
    const auto biased = aie::mac(c0_, u, p1).template to_vector<int32>(kStepBits + 24 - kExp2FractionBits);
    return aie::accum<accfloat, N>(exp2_(biased));
  }

  aie::vector<float, N> eight_;
  aie::accum<acc64, N> c0_, c1_, c2_, c3_, c4_, c5_, c6_;
  exp2_fixed<N> exp2_;
};

}  // namespace aiekit_math
