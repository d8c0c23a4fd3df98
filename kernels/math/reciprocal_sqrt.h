// 1 / sqrt(x) in float, from the bits: half the exponent, mantissa by a parabola and two Newton steps in fixed point.
//
// Argument    float >= 0.
// Result      float. 0 and denormals: infinity. Infinity: 0. Negative numbers and NaN: NaN.
// Needs       rounding conv_even, saturation none.
// Error       relative: the parabola 2^-7.8, after two steps (3/2 e^2) 2^-28; the last 32-bit steps 2^-28; the mantissa
//             of the result 2^-24: <= 2^-23 (1 ulp).
// Cycles      16 lanes, modelled: 18 MAC, 41 vector. Meant for one value a row, not for one an element.
// Source      coefficients: scripts/fit-kernel-polynomials.mjs.
#pragma once

#include <aie_api/aie.hpp>

namespace aiekit_math {

template <unsigned N>
[[gnu::always_inline]] inline aie::accum<accfloat, N> reciprocal_sqrt(const aie::accum<accfloat, N>& x) {
  using words = aie::vector<int32, N>;
  const auto units = [](int32 c, int bits) { return aie::accum<acc64, N>(aie::broadcast<int32, N>(c), bits); };
  const words bits = x.template to_vector<float>().template cast_to<int32>();
  const words fraction = aie::bit_and(bits, static_cast<int32>(0x7fffff));

  // m = 1.5 + u in [1, 2), units of 2^-23; y = 1 / sqrt(m) in units of 2^-30.
  const words m = aie::bit_or(fraction, static_cast<int32>(0x800000));
  const words u = aie::sub(fraction, static_cast<int32>(0x400000));
  const words q1 = aie::mac(units(-308666750, 23), u, static_cast<int32>(159074687)).template to_vector<int32>(23);
  words y = aie::mac(units(876289411, 23), u, q1).template to_vector<int32>(23);
  for (int step = 0; step < 2; ++step) {
    const words square = aie::mul(y, y).template to_vector<int32>(30);
    const words rest = aie::msc(units(1 << 22, 31), m, square).template to_vector<int32>(23);
    y = aie::add(y, aie::mul(y, rest).template to_vector<int32>(31));
  }

  // Exponent + 1 is twice k + 64, and one more where the root of 2 is still to be divided by.
  const words raised = aie::add(bits, static_cast<int32>(0x800000));
  const auto odd = aie::neq(aie::bit_and(raised, static_cast<int32>(0x800000)), static_cast<int32>(0));
  const words root = aie::select(aie::broadcast<int32, N>(1 << 30), static_cast<int32>(759250125), odd);
  const words w = aie::mul(y, root).template to_vector<int32>(30 + 6);
  const words half = aie::logical_downshift(raised, 24);
  words result = aie::add(aie::upshift(aie::sub(static_cast<int32>(189), half), 23), w);
  const words magnitude = aie::bit_and(bits, static_cast<int32>(0x7fffffff));
  const auto flushed = aie::lt(magnitude, static_cast<int32>(0x00800000));
  const auto negative = aie::lt(bits, static_cast<int32>(0));
  result = aie::select(result, static_cast<int32>(0), aie::eq(bits, static_cast<int32>(0x7f800000)));
  result = aie::select(result, static_cast<int32>(0x7fc00000), negative | aie::gt(bits, static_cast<int32>(0x7f800000)));
  result = aie::select(result, static_cast<int32>(0x7f800000), flushed);
  return aie::accum<accfloat, N>(result.template cast_to<float>());
}

}  // namespace aiekit_math
