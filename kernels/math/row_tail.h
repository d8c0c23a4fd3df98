// The last vector of a row whose length is not a multiple of the lanes.
//
// Part of     layernorm.cc and softmax.cc: the cycles are among theirs, modelled.
#pragma once

#include <aie_api/aie.hpp>

namespace aiekit_math {

// Lanes of the row's last vector that belong to the row; all of them where the row ends with it.
template <unsigned N>
[[gnu::always_inline]] inline aie::mask<N> last_lanes(int32_t length) {
  static_assert(N <= 32);
  const uint32_t rest = static_cast<uint32_t>(length) % N;
  return aie::mask<N>::from_uint32(rest == 0 ? 0xffffffffu >> (32 - N) : (1u << rest) - 1);
}

// x where `lanes` are set, 0 elsewhere.
template <unsigned N>
[[gnu::always_inline]] inline aie::accum<accfloat, N> only(const aie::accum<accfloat, N>& x, const aie::mask<N>& lanes) {
  const auto bits = x.template to_vector<float>().template cast_to<int32>();
  const auto kept = aie::select(aie::zeros<int32, N>(), bits, lanes);
  return aie::accum<accfloat, N>(kept.template cast_to<float>());
}

}  // namespace aiekit_math
