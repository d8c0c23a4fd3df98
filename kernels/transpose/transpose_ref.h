// Scalar meaning of transpose.cc.
#pragma once

#include <aie_api/aie.hpp>

namespace transpose {

inline void transpose_narrow_f32_ref(const float *in, bfloat16 *out, int32_t n) {
  aie::set_rounding(aie::rounding_mode::conv_even);
  for (int32_t i = 0; i < n; ++i) out[i] = bfloat16(in[i]);
}

}  // namespace transpose
