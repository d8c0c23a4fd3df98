// Scalar meaning of softmax.cc, for finite numbers and -infinity.
#pragma once

#include <aie_api/aie.hpp>

#include "math/math_ref.h"

namespace softmax {

inline void softmax_rows_bf16_ref(const bfloat16 *in, bfloat16 *out, float *, int32_t rows, int32_t pitch, int32_t cols) {
  aie::set_rounding(aie::rounding_mode::conv_even);
  for (int32_t r = 0; r < rows; ++r, in += pitch, out += pitch) {
    double most = static_cast<float>(in[0]), sum = 0;
    for (int32_t c = 1; c < cols; ++c) most = static_cast<float>(in[c]) > most ? static_cast<float>(in[c]) : most;
    const auto e = [&](int32_t c) { return static_cast<float>(in[c]) - most < -100 ? 0 : aiekit_math::exp_ref(static_cast<float>(in[c]) - most); };
    for (int32_t c = 0; c < cols; ++c) sum += e(c);
    for (int32_t c = 0; c < pitch; ++c) out[c] = bfloat16(c < cols ? static_cast<float>(e(c) / sum) : 0.0f);
  }
}

}  // namespace softmax
