// Scalar meaning of the matmul kernels whose weights have a scale for each group along K.
#pragma once

#include "matmul/matmul_wide_ref.h"

namespace matmul_ref {

// sums (+)= (a b) scale; the integer sum is exact, everything behind it is binary32.
template <typename A, unsigned r, unsigned s, unsigned t, unsigned m, unsigned k, unsigned n>
void grouped_step(const A *a, const int8_t *b, const int32_t *scales, float *sums, bool first) {
  for (unsigned i = 0; i < m; ++i) {
    for (unsigned j = 0; j < n; ++j) {
      int32_t group = 0;
      for (unsigned x = 0; x < k; ++x) group += int32_t{a[blocked<r, s>(i, x, k)]} * int32_t{b[blocked<s, t>(x, j, n)]};
      const float scaled = pair_product(static_cast<float>(group), __builtin_bit_cast(float, scales[j]));
      float &sum = sums[blocked<r, t>(i, j, n)];
      sum = first ? scaled : scaled + sum;
    }
  }
}

// Rows of words, from object `object` of b on.
template <unsigned s, unsigned t, unsigned k, unsigned n, unsigned rows>
void grouped_channels(const int8_t *b, int32_t *by, int32_t object) {
  for (unsigned row = static_cast<unsigned>(object) * k / 4; row < rows && row < (static_cast<unsigned>(object) + 1) * k / 4; ++row) {
    for (unsigned j = 0; j < n; ++j) {
      const unsigned byte = 4 * (row % (k / 4) * n + j);
      by[row * n + j] = *reinterpret_cast<const int32_t *>(b + blocked<s, t>(byte / n, byte % n, n));
    }
  }
}

inline int32_t nearest_even(float x) {
  const auto below = static_cast<int32_t>(x) - (static_cast<float>(static_cast<int32_t>(x)) > x ? 1 : 0);
  const float rest = x - static_cast<float>(below);
  return rest > 0.5f || (rest == 0.5f && below % 2 != 0) ? below + 1 : below;
}

// Out: int8_t, int16_t, or uint16_t for bfloat16, in which case there is no GELU.
template <typename Out, unsigned r, unsigned t, unsigned m, unsigned n>
void grouped_store(const float *sums, const int32_t *by, Out *out, bool has_channels) {
  for (unsigned i = 0; i < m; ++i) {
    for (unsigned j = 0; j < n; ++j) {
      const unsigned at = blocked<r, t>(i, j, n);
      const float value = sums[at] + (has_channels ? __builtin_bit_cast(float, by[j]) : 0.0f);
      if constexpr (static_cast<Out>(-1) > 0) {
        out[at] = narrowed(value);
      } else {
        constexpr float range = sizeof(Out) == 1 ? 128.0f : 32768.0f;
        out[at] = static_cast<Out>(value >= range - 1 ? range - 1 : value <= -range ? -range : static_cast<float>(nearest_even(value)));
      }
    }
  }
}

}  // namespace matmul_ref
