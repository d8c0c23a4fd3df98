// Sums of binary32 to bfloat16 or float: bias, residual, and one rounding.
#pragma once

#include "matmul/channels.h"

namespace matmul {

// `Residual`: residual_rows or no_residual; rows that it does not have stay untouched.
template <typename Out, unsigned m, unsigned n, typename Residual>
AIE_INLINE void finish(const float *__restrict c, const int32 *__restrict by, const Residual &residual, Out *__restrict out,
                       int32 flags) {
  using N = native<bfloat16>;
  constexpr unsigned block_size = N::r * N::t;
  const unsigned first = residual.first_of_tile / N::r;
  const bool has_bias = (flags & kHasChannels) != 0;
  for (unsigned j = 0; j < n / N::t; ++j) {
    const aie::accum<accfloat, 16> bias(has_bias ? of_columns<N::t>(by + j * N::t).template cast_to<float>() : aie::zeros<float, 16>());
    for (unsigned i = first; i < first + Residual::rows / N::r; ++i) {
      const unsigned at = (i * (n / N::t) + j) * block_size;
      for (unsigned lane = 0; lane < block_size; lane += 16) {
        auto value = aie::add(bias, aie::load_v<16>(c + at + lane));
        if constexpr (requires { residual.values; }) value = aie::add(value, aie::load_v<16>(residual.block_of(i, j) + lane));
        aie::store_v(out + at + lane, value.template to_vector<Out>());
      }
    }
  }
}

// A residual is added where it is as wide as the operands.
template <typename Out, unsigned m, unsigned k, unsigned n>
AIE_INLINE void finish_residual(const float *__restrict c, const int32 *__restrict by, const bfloat16 *__restrict b,
                                Out *__restrict out, int32 flags, int32 object, int32 row) {
  if constexpr (sizeof(Out) == 2) {
    const residual_rows<bfloat16, m, k, n> residual(b, object, row);
    if (residual.is_mine) finish<Out, m, n>(c, by, residual, out, flags);
  }
}

}  // namespace matmul
