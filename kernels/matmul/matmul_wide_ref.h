// Scalar meaning of the matmul kernels whose sums have 64 bits, and of a value times its scale.
#pragma once

#include "matmul/matmul_ref.h"

namespace matmul_ref {

// sums (+)= a b; exact while K 2^30 < 2^63.
template <typename A, typename B, unsigned r, unsigned s, unsigned t, unsigned m, unsigned k, unsigned n>
void wide_step(const A *a, const B *b, int64_t *sums, bool first) {
  for (unsigned i = 0; i < m; ++i) {
    for (unsigned j = 0; j < n; ++j) {
      int64_t &sum = sums[blocked<r, t>(i, j, n)];
      if (first) sum = 0;
      for (unsigned x = 0; x < k; ++x) {
        sum += static_cast<int64_t>(a[blocked<r, s>(i, x, k)]) * static_cast<int64_t>(b[blocked<s, t>(x, j, n)]);
      }
    }
  }
}

// int32 nearest to value / 2^shift, ties to even, cut to the range.
inline int32_t narrowed(int64_t value, int shift) {
  int64_t quotient = value >> shift;
  const int64_t doubled_rest = 2 * (value - (quotient << shift));
  const int64_t one = int64_t{1} << shift;
  if (doubled_rest > one || (doubled_rest == one && (quotient & 1) != 0)) ++quotient;
  return static_cast<int32_t>(quotient > INT32_MAX ? INT32_MAX : quotient < INT32_MIN ? INT32_MIN : quotient);
}

// x y of floats as products of pairs of bfloat16: low high, high low, high high, each sum rounded to binary32.
inline float pair_product(float x, float y) {
  const float x_high = widened(narrowed(x)), y_high = widened(narrowed(y));
  const float x_low = widened(narrowed(x - x_high)), y_low = widened(narrowed(y - y_high));
  float sum = x_low * y_high;
  sum += x_high * y_low;
  sum += x_high * y_high;
  return sum;
}

// Out: int16_t, int32_t, int64_t, or uint16_t for bfloat16, in which case there is no GELU.
template <typename Out, unsigned r, unsigned t, unsigned m, unsigned n>
void wide_store(const int64_t *sums, const int32_t *by, Out *out, bool has_channels) {
  for (unsigned i = 0; i < m; ++i) {
    for (unsigned j = 0; j < n; ++j) {
      const unsigned at = blocked<r, t>(i, j, n);
      const int64_t sum = sums[at] + (has_channels ? by[j] : 0);
      const int32_t shift = has_channels ? by[2 * n] : 0;
      if constexpr (sizeof(Out) == 8) out[at] = sum;
      else if constexpr (sizeof(Out) == 4) out[at] = narrowed(sum, shift);
      else if constexpr (static_cast<Out>(-1) > 0) {
        out[at] = narrowed(pair_product(static_cast<float>(narrowed(sum, shift)), __builtin_bit_cast(float, by[n + j])));
      } else {
        out[at] = requantised<Out>(narrowed(sum, 0), 0, by[n + j], shift);
      }
    }
  }
}

// int16 out, with a residual.
template <unsigned r, unsigned s, unsigned t, unsigned m, unsigned k, unsigned n>
void wide_store_residual(const int64_t *sums, const int32_t *by, const int16_t *residual, int16_t *out, int object, int row) {
  for (unsigned i = 0; i < m; ++i) {
    const int from = residual_row(i, m, k, object, row);
    for (unsigned j = 0; j < n && from >= 0; ++j) {
      const unsigned at = blocked<r, t>(i, j, n);
      const int32_t sum = narrowed(sums[at] + by[j], 0);
      out[at] = requantised<int16_t>(sum, 0, by[n + j], by[2 * n], residual[blocked<s, t>(from, j, n)]);
    }
  }
}

}  // namespace matmul_ref
