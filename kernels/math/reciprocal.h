// 1 / x in float, from the bits: exponent by subtraction, mantissa by a cubic and two Newton steps in fixed point.
//
// Argument    float, any sign.
// Result      float. 0 and denormals: infinity of the same sign. |x| > 2^126 and infinity: 0 of the same sign. NaN: NaN.
// Needs       rounding conv_even, saturation none.
// Error       relative: the cubic 2^-8.4, squared twice 2^-33; the last 32-bit steps 2^-29; the result's mantissa 2^-24, and
//             2^-24 where it is rounded up to the next power of two: <= 2^-23 (1 ulp).
// Cycles      16 lanes, modelled: 14 MAC, 38 vector. Meant for one value a row, not for one an element.
// Source      coefficients: scripts/fit-kernel-polynomials.mjs.
#pragma once

#include <aie_api/aie.hpp>

namespace aiekit_math {

template <unsigned N>
[[gnu::always_inline]] inline aie::accum<accfloat, N> reciprocal(const aie::accum<accfloat, N>& x) {
  using words = aie::vector<int32, N>;
  const auto units = [](int32 c, int bits) { return aie::accum<acc64, N>(aie::broadcast<int32, N>(c), bits); };
  const words bits = x.template to_vector<float>().template cast_to<int32>();
  const words fraction = aie::bit_and(bits, static_cast<int32>(0x7fffff));

  // m = 1.5 + u in [1, 2), units of 2^-23; y = 1 / m in units of 2^-30.
  const words m = aie::bit_or(fraction, static_cast<int32>(0x800000));
  const words u = aie::sub(fraction, static_cast<int32>(0x400000));
  const words q2 = aie::mac(units(357603790, 23), u, static_cast<int32>(-245420442)).template to_vector<int32>(23);
  const words q1 = aie::mac(units(-475050575, 23), u, q2).template to_vector<int32>(23);
  words y = aie::mac(units(714549651, 23), u, q1).template to_vector<int32>(23);
  for (int step = 0; step < 2; ++step) {
    const words rest = aie::msc(units(1 << 22, 31), m, y).template to_vector<int32>(23);
    y = aie::add(y, aie::mul(y, rest).template to_vector<int32>(30));
  }

  // 2 y has its leading one at 2^23 after this shift, and carries into the exponent where it is 2.
  const words mantissa = aie::downshift(aie::add(y, static_cast<int32>(32)), 6);
  const words magnitude = aie::bit_and(bits, static_cast<int32>(0x7fffffff));
  words result = aie::add(aie::sub(static_cast<int32>(252 << 23), aie::sub(magnitude, fraction)), mantissa);
  result = aie::select(result, static_cast<int32>(0), aie::gt(magnitude, static_cast<int32>(0x7e800000)));
  result = aie::select(result, static_cast<int32>(0x7f800000), aie::lt(magnitude, static_cast<int32>(0x00800000)));
  result = aie::select(result, static_cast<int32>(0x7fc00000), aie::gt(magnitude, static_cast<int32>(0x7f800000)));
  result = aie::bit_or(result, aie::bit_xor(bits, magnitude));
  return aie::accum<accfloat, N>(result.template cast_to<float>());
}

}  // namespace aiekit_math
