// Sums of float to bfloat16, or to integers of the next layer where scales and bias are in its steps:
//
//   out = saturate(round(sum + bias)), ties to even
//
// Rounding: the sum is cut to the range, and adding 1.5 2^23 leaves an integer in the lower bits of a binary32, rounded to
// nearest even as all its sums are. NaN has no meaning.
//
// Part of     matmul_i16xi8g128.cc and matmul_i8g128.cc: the cycles are among theirs, modelled.
#pragma once

#include "matmul/finish_float.h"

namespace matmul {

template <typename T, unsigned m, unsigned n, typename Out>
AIE_INLINE void finish_integer(const float *__restrict c, const int32 *__restrict by, Out *__restrict out, bool has_channels) {
  constexpr unsigned row_size = native<T>::r * n, lanes = run_of<T>::lanes;
  constexpr float range = sizeof(Out) == 1 ? 128.0f : 32768.0f;
  constexpr float magic = 12582912.0f;
  const auto least = aie::broadcast<float, lanes>(-range), greatest = aie::broadcast<float, lanes>(range - 1);
  const auto whole = aie::broadcast<float, lanes>(magic);
  const auto bits = aie::broadcast<int32, lanes>(__builtin_bit_cast(int32, magic));
  for (unsigned q = 0; q < row_size / lanes; ++q) {
    const biased<T> x(by, n, q, has_channels);
    for (unsigned i = 0; i < m / native<T>::r; ++i) {
      const unsigned at = i * row_size + q * lanes;
      const auto cut = aie::min(aie::max(x(c + at).template to_vector<float>(), least), greatest);
      const auto rounded = aie::add(aie::accum<accfloat, lanes>(whole), cut).template to_vector<float>();
      const aie::accum<acc32, lanes> integers(aie::sub(rounded.template cast_to<int32>(), bits));
      aie::store_v(out + at, integers.template to_vector<Out>());
    }
  }
}

template <typename T, unsigned m, unsigned n>
AIE_INLINE void store_float(const float *__restrict c, const int32 *__restrict by, bfloat16 *__restrict out, int32 flags) {
  finish<biased<T>, m, n>(c, by, no_residual<m>{}, out, flags);
}
template <typename T, unsigned m, unsigned n>
AIE_INLINE void store_float(const float *__restrict c, const int32 *__restrict by, int8 *__restrict out, int32 flags) {
  finish_integer<T, m, n>(c, by, out, (flags & kHasChannels) != 0);
}
template <typename T, unsigned m, unsigned n>
AIE_INLINE void store_float(const float *__restrict c, const int32 *__restrict by, int16 *__restrict out, int32 flags) {
  finish_integer<T, m, n>(c, by, out, (flags & kHasChannels) != 0);
}

}  // namespace matmul
