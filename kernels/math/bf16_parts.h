// A float as a sum of two bfloat16 numbers, and products of such pairs: AIE2 multiplies bfloat16 only.
//
//   x = high + low + rest, |rest| <= 2^-16 |x|: each part has 8 significant bits, rounded to nearest (2^-8).
//   product(x, y) = high high + high low + low high; relative error <= 2^-16 (rest of x) + 2^-16 (rest of y) + 2^-16 (low
//   low) + 2^-23 (sums), <= 2^-14.4.
//
// Needs       rounding conv_even. Infinity and NaN give NaN. Parts below 2^-126 are flushed on the device: the error holds
//             for |x| >= 2^-108 and |x y| >= 2^-108.
// Cycles      modelled, 16 lanes: bf16_parts 1 MAC and 2 vector, product 3 MAC.
#pragma once

#include <aie_api/aie.hpp>

namespace aiekit_math {

template <unsigned N>
struct bf16_pair {
  aie::vector<bfloat16, N> high;
  aie::vector<bfloat16, N> low;
};

template <unsigned N>
[[gnu::always_inline]] inline bf16_pair<N> bf16_parts(const aie::accum<accfloat, N>& x) {
  const auto high = x.template to_vector<bfloat16>();
  const bfloat16 one = __builtin_bit_cast(bfloat16, static_cast<uint16>(0x3f80));
  return {high, aie::msc(x, high, one).template to_vector<bfloat16>()};
}

// start + x y, start - x y.
template <unsigned N>
[[gnu::always_inline]] inline aie::accum<accfloat, N> mac_parts(const aie::accum<accfloat, N>& start, const bf16_pair<N>& x,
                                                                const bf16_pair<N>& y) {
  return aie::mac(aie::mac(aie::mac(start, x.low, y.high), x.high, y.low), x.high, y.high);
}
template <unsigned N>
[[gnu::always_inline]] inline aie::accum<accfloat, N> msc_parts(const aie::accum<accfloat, N>& start, const bf16_pair<N>& x,
                                                                const bf16_pair<N>& y) {
  return aie::msc(aie::msc(aie::msc(start, x.low, y.high), x.high, y.low), x.high, y.high);
}
template <unsigned N>
[[gnu::always_inline]] inline aie::accum<accfloat, N> product(const bf16_pair<N>& x, const bf16_pair<N>& y) {
  return aie::mac(aie::mac(aie::mul(x.low, y.high), x.high, y.low), x.high, y.high);
}

}  // namespace aiekit_math
