// int32 sums to the integers of the next layer.
//
//   out = saturate(round((c + bias) * multiplier / 2^shift) + residual)
//
// round is to nearest, ties to even; it happens once, on the exact 64-bit product. c + bias wraps modulo 2^32; multiplier is
// 0..2^31 - 1 and shift 0..46, so that the product and a residual of 16 bits times 2^shift stay below 2^63.
//
// Part of     matmul_i16.cc, matmul_i16xi8.cc and matmul_i8.cc: the cycles are among theirs, modelled.
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
AIE_INLINE aie::accum<acc64, 16> scaled(const aie::vector<int32, 32> &biased, const aie::vector<int32, 32> &multiplier,
                                        unsigned half) {
  return aie::mul(biased.template extract<16>(half), multiplier.template extract<16>(half));
}

// `T`: operands. Where their sums were 64 bits wide (wide_sums.h), a row of blocks has the length that it had, and its bias.
// `Residual`: residual_rows or no_residual; rows that it does not have stay untouched.
template <typename T, unsigned m, unsigned n, typename Out, typename Residual>
AIE_INLINE void requantise(const int32 *__restrict c, const channels &by, const Residual &residual, Out *__restrict out) {
  using N = native<T>;
  using run = run_of<T>;
  constexpr unsigned row_size = N::r * n, words = sizeof(typename N::acc) / 4;
  const unsigned first = residual.first_of_tile / N::r;
  for (unsigned q = 0; q < row_size / run::lanes; ++q) {
    const auto multiplier = run::words(by.multiplier, q);
    aie::vector<int32, 32> bias;
    if constexpr (words == 1) bias = run::words(by.bias, q);
    for (unsigned i = first; i < first + Residual::rows / N::r; ++i) {
      auto biased = aie::load_v<32>(c + i * row_size * words + q * run::lanes);
      if constexpr (words == 1) biased = aie::add(biased, bias);
      auto low = scaled(biased, multiplier, 0);
      auto high = scaled(biased, multiplier, 1);
      if constexpr (requires { residual.values; }) {
        const auto wide = aie::accum<acc32, 32>(residual.run(i, q)).template to_vector<int32>();
        low = aie::add(low, aie::accum<acc64, 16>(wide.template extract<16>(0), by.shift));
        high = aie::add(high, aie::accum<acc64, 16>(wide.template extract<16>(1), by.shift));
      }
      const aie::accum<acc32, 32> both(aie::concat(low.template to_vector<int32>(by.shift), high.template to_vector<int32>(by.shift)));
      aie::store_v(out + i * row_size + q * run::lanes, both.template to_vector<Out>());
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
