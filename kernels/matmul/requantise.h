// int32 sums to the integers of the next layer.
//
//   out = saturate(round((c + bias) * multiplier / 2^shift) + residual)
//
// round is to nearest, ties to even; it happens once, on the exact 64-bit product. c + bias wraps modulo 2^32; multiplier is
// 0..2^31 - 1 and shift 0..46, so that the product and a residual of 16 bits times 2^shift stay below 2^63.
#pragma once

#include "matmul/channels.h"

namespace matmul {

// What a column of c is treated with: rows of n words, as they arrive from the host.
struct channels {
  const int32 *__restrict bias;
  const int32 *__restrict multiplier;
  int32 shift;
};

// 16 sums with their bias, times the multiplier.
AIE_INLINE aie::accum<acc64, 16> scaled(const int32 *__restrict c, const aie::vector<int32, 16> &bias,
                                        const aie::vector<int32, 16> &multiplier) {
  return aie::mul(aie::add(aie::load_v<16>(c), bias), multiplier);
}

// `Residual`: residual_rows or no_residual; rows that it does not have stay untouched.
template <typename Out, unsigned m, unsigned n, typename Residual>
AIE_INLINE void requantise(const int32 *__restrict c, const channels &by, const Residual &residual, Out *__restrict out) {
  using N = native<int8>;
  constexpr unsigned block_size = N::r * N::t;
  const unsigned first = residual.first_of_tile / N::r;
  for (unsigned j = 0; j < n / N::t; ++j) {
    const auto bias = of_columns<N::t>(by.bias + j * N::t);
    const auto multiplier = of_columns<N::t>(by.multiplier + j * N::t);
    for (unsigned i = first; i < first + Residual::rows / N::r; ++i) {
      const unsigned at = (i * (n / N::t) + j) * block_size;
      for (unsigned half = 0; half < block_size; half += 32) {
        auto low = scaled(c + at + half, bias, multiplier);
        auto high = scaled(c + at + half + 16, bias, multiplier);
        if constexpr (requires { residual.values; }) {
          const auto wide = aie::accum<acc32, 32>(aie::load_v<32>(residual.block_of(i, j) + half)).template to_vector<int32>();
          low = aie::add(low, aie::accum<acc64, 16>(wide.template extract<16>(0), by.shift));
          high = aie::add(high, aie::accum<acc64, 16>(wide.template extract<16>(1), by.shift));
        }
        const aie::accum<acc32, 32> both(aie::concat(low.template to_vector<int32>(by.shift), high.template to_vector<int32>(by.shift)));
        aie::store_v(out + at + half, both.template to_vector<Out>());
      }
    }
  }
}

// int32 out: c + bias as it is, or c.
template <unsigned m, unsigned n>
AIE_INLINE void add_bias(const int32 *__restrict c, const channels &by, int32 *__restrict out, bool has_bias) {
  using N = native<int8>;
  constexpr unsigned block_size = N::r * N::t;
  for (unsigned j = 0; j < n / N::t; ++j) {
    const auto bias = has_bias ? of_columns<N::t>(by.bias + j * N::t) : aie::zeros<int32, 16>();
    for (unsigned i = 0; i < m / N::r; ++i) {
      const unsigned at = (i * (n / N::t) + j) * block_size;
      for (unsigned lane = 0; lane < block_size; lane += 16) {
        aie::store_v(out + at + lane, aie::add(aie::load_v<16>(c + at + lane), bias));
      }
    }
  }
}

}  // namespace matmul
