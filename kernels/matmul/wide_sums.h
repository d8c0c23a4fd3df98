// Sums of 64 bits on their way out.
//
//   narrowed:  saturate to int32(round((sum + bias) / 2^shift)), ties to even; sum + bias is exact
//
// What follows narrowed sums works on int32: the way out of int8 operands (requantise.h, finish_float.h). Rows of blocks are
// narrowed where they lie, so that no other memory is needed: the first half of a row's bytes holds its int32 afterwards.
// Needs       rounding conv_even, saturation saturate.
// Part of     matmul_i16.cc and matmul_i16xi8.cc: the cycles are among theirs, modelled.
#pragma once

#include "matmul/requantise.h"

namespace matmul {

AIE_INLINE aie::accum<acc64, 16> with_bias(const wide *__restrict c, const aie::accum<acc64, 16> &bias) {
  return aie::add(load_sums<acc64, 16>(c), bias);
}

// Bias of half a run.
template <typename T>
AIE_INLINE aie::accum<acc64, 16> wide_bias(const int32 *__restrict row, unsigned q, unsigned half) {
  return aie::accum<acc64, 16>(run_of<T>::words(row, q).template extract<16>(half));
}

// Rows of blocks, where they lie.
template <typename T, unsigned m, unsigned n, typename Residual>
AIE_INLINE const int32 *narrow_rows(wide *c, const int32 *__restrict bias, int shift, const Residual &residual) {
  using N = native<T>;
  constexpr unsigned row_size = N::r * n;
  const unsigned first = residual.first_of_tile / N::r;
  for (unsigned i = first; i < first + Residual::rows / N::r; ++i) {
    const wide *const from = c + i * row_size;
    int32 *const to = &c[i * row_size].low;
    for (unsigned q = 0; q < row_size / 32; ++q) {
      // Both halves are read before they are written over.
      const auto low = with_bias(from + 32 * q, wide_bias<T>(bias, q, 0)).template to_vector<int32>(shift);
      const auto high = with_bias(from + 32 * q + 16, wide_bias<T>(bias, q, 1)).template to_vector<int32>(shift);
      aie::store_v(to + 32 * q, aie::concat(low, high));
    }
  }
  return &c->low;
}

// int32 out: narrowed, or int64 out: sum + bias; without bias and shift where no channels came.
template <typename T, unsigned m, unsigned n, typename Out>
AIE_INLINE void finish_wide(const wide *__restrict c, const int32 *__restrict by, Out *__restrict out, bool has_channels) {
  constexpr unsigned row_size = native<T>::r * n;
  const int shift = has_channels ? by[2 * n] : 0;
  for (unsigned q = 0; q < row_size / 32; ++q) {
    for (unsigned half = 0; half < 2; ++half) {
      auto bias = aie::zeros<acc64, 16>();
      if (has_channels) bias = wide_bias<T>(by, q, half);
      for (unsigned i = 0; i < m / native<T>::r; ++i) {
        const unsigned at = i * row_size + 32 * q + 16 * half;
        const auto sum = with_bias(c + at, bias);
        if constexpr (sizeof(Out) == 8) store_sums<acc64, 16>(out + at, sum);
        else aie::store_v(out + at, sum.template to_vector<int32>(shift));
      }
    }
  }
}

}  // namespace matmul
