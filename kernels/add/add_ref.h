// Scalar meaning of add.cc.
#pragma once

#include <aie_api/aie.hpp>

namespace add {

inline void add_bf16_ref(const bfloat16 *a, const bfloat16 *b, bfloat16 *out, int32_t n) {
  aie::set_rounding(aie::rounding_mode::conv_even);
  for (int32_t i = 0; i < n; ++i) out[i] = bfloat16(static_cast<float>(a[i]) + static_cast<float>(b[i]));
}

}  // namespace add
