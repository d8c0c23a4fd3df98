// 2^t for t in fixed point, as the bits of a float: what exp.h and gelu.h end with.
//
//   t = n + f, n whole, 0 <= f < 1:   bits of 2^t = (n + 127) 2^23 + 2^23 (2^f - 1) = biased t + 2^23 (2^f - 1 - f)
//
// The correction 2^f - 1 - f is in [-0.0861, 0]: a polynomial of degree 4 in f - 1/2 with 16-bit factors. Only integer units.
//
// Argument    biased = 2^23 (t + 127), int32; t < 128.
// Result      bits of a float, not negative; 0 for biased <= 0. t in (-127, -126) gives a denormal, absolute error 2^-126.
// Needs       rounding conv_even, saturation none.
// Error       relative, for exact t >= -126:  polynomial 2^-18.0, cut of f to 16 bits 2^-17 * 0.39 = 2^-18.4, factors of
//             16 bits 2^-19 + 2^-19 + 2^-20, sum <= 2^-16.4.
// Cycles      16 lanes: 4 MAC, 9 vector; 32 lanes: 4 MAC, 13 vector. Modelled.
// Source      coefficients: scripts/fit-kernel-polynomials.mjs.
#pragma once

#include <aie_api/aie.hpp>

namespace aiekit_math {

constexpr int kExp2FractionBits = 23;
constexpr int32_t kExp2One = 1 << kExp2FractionBits;
constexpr int32_t kExp2Bias = 127 * kExp2One;

// Make it before the loop: it holds the constants.
template <unsigned N>
class exp2_fixed {
 public:
  exp2_fixed()
      : b0_(aie::broadcast<int32, N>(-736900265)),
        b1_(aie::broadcast<int32, N>(-84927179)),
        b2_(aie::broadcast<int32, N>(1459110757)),
        b3_(aie::broadcast<int32, N>(1358689187)) {}

  [[gnu::always_inline]] aie::vector<float, N> operator()(const aie::vector<int32, N>& biased) const {
    // The upper 16 bits of the fraction, less one half: int16 in units of 2^-16.
    const auto upper = aie::filter_even(aie::downshift(biased, kExp2FractionBits - 16).template cast_to<int16>());
    const auto f = aie::bit_xor(upper, static_cast<int16>(-32768));
    // Factors: units of 2^-18, 2^-16, 2^-16, 2^-17; sums: 2^-34, 2^-32, 2^-32, 2^-33.
    const auto q3 = aie::mac(b3_, f, static_cast<int16>(3587)).template to_vector<int16>(18);
    const auto q2 = aie::mac(b2_, f, q3).template to_vector<int16>(16);
    const auto q1 = aie::mac(b1_, f, q2).template to_vector<int16>(15);
    const auto correction = aie::mac(b0_, f, q1).template to_vector<int32>(33 - kExp2FractionBits);
    return aie::max(aie::add(biased, correction), static_cast<int32>(0)).template cast_to<float>();
  }

 private:
  aie::accum<acc32, N> b0_, b1_, b2_, b3_;
};

}  // namespace aiekit_math
