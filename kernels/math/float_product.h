// Product of two floats with almost all of their 24 bits, from bfloat16 multiplications.
//
//   x = x1 + x2 + x3, each part rounded to 8 significant bits: rest <= 2^-24 |x|.   x y = sum of x_i y_j, i + j <= 4.
//
// Error       relative: rests 2 * 2^-24, left-out products 3 * 2^-24, five sums 2^-24 of small terms and one of all: <= 2^-21.
// Needs       rounding conv_even. |x|, |y| and |x y| between 2^-90 and 2^120.
// Cycles      16 lanes, modelled: 10 MAC, 6 vector. Meant for one value a row, not for one an element.
#pragma once

#include <aie_api/aie.hpp>

namespace aiekit_math {

template <unsigned N>
[[gnu::always_inline]] inline aie::accum<accfloat, N> float_product(const aie::accum<accfloat, N>& x, const aie::accum<accfloat, N>& y) {
  using part = aie::vector<bfloat16, N>;
  const bfloat16 one = __builtin_bit_cast(bfloat16, static_cast<uint16>(0x3f80));
  const part x1 = x.template to_vector<bfloat16>();
  const auto x_rest = aie::msc(x, x1, one);
  const part x2 = x_rest.template to_vector<bfloat16>();
  const part x3 = aie::msc(x_rest, x2, one).template to_vector<bfloat16>();
  const part y1 = y.template to_vector<bfloat16>();
  const auto y_rest = aie::msc(y, y1, one);
  const part y2 = y_rest.template to_vector<bfloat16>();
  const part y3 = aie::msc(y_rest, y2, one).template to_vector<bfloat16>();
  const auto small = aie::mac(aie::mac(aie::mul(x1, y3), x3, y1), x2, y2);
  return aie::mac(aie::mac(aie::mac(small, x1, y2), x2, y1), x1, y1);
}

}  // namespace aiekit_math
