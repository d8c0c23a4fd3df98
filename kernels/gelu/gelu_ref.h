// Scalar meaning of gelu.cc.
#pragma once

#include <aie_api/aie.hpp>

#include "math/math_ref.h"

namespace gelu {

inline void gelu_bf16_ref(const bfloat16 *in, bfloat16 *out, int32_t n) {
  aie::set_rounding(aie::rounding_mode::conv_even);
  for (int32_t i = 0; i < n; ++i) out[i] = bfloat16(static_cast<float>(aiekit_math::gelu_ref(static_cast<float>(in[i]))));
}

}  // namespace gelu
