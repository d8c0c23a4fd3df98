// Scalar meaning of layernorm.cc.
#pragma once

#include <aie_api/aie.hpp>

namespace layernorm {

inline void layernorm_rows_bf16_ref(const bfloat16 *x, const bfloat16 *gamma, const bfloat16 *beta, bfloat16 *y, int32_t rows,
                                    int32_t pitch, int32_t cols, int32_t, int32_t epsilon_bits) {
  aie::set_rounding(aie::rounding_mode::conv_even);
  for (int32_t r = 0; r < rows; ++r, x += pitch, y += pitch) {
    double mean = 0, variance = 0;
    for (int32_t c = 0; c < cols; ++c) mean += static_cast<float>(x[c]);
    mean /= cols;
    for (int32_t c = 0; c < cols; ++c) variance += (static_cast<float>(x[c]) - mean) * (static_cast<float>(x[c]) - mean);
    variance /= cols;
    const double scale = 1 / __builtin_sqrt(variance + __builtin_bit_cast(float, epsilon_bits));
    for (int32_t c = 0; c < cols; ++c) {
      const double n = (static_cast<float>(x[c]) - mean) * scale;
      y[c] = bfloat16(static_cast<float>(n * static_cast<float>(gamma[c]) + static_cast<float>(beta[c])));
    }
  }
}

}  // namespace layernorm
