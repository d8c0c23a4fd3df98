// The way out of a tile with sums of 64 bits, by the type of the result.
//
//   int16     saturate(round(narrowed(sum + bias) * multiplier / 2^shift) + residual), ties to even
//   int32     narrowed(sum + bias, shift), or narrowed(sum) where nothing came for the columns
//   int64     sum + bias, or sum: exact
//   bfloat16  narrowed(sum + bias, shift) * scale, or gelu of that, rounded once (finish_float.h)
//
// by: int32[4][n]: bias; multiplier, or bits of the scale as float; shift (the same in each column), 0..46, for narrowing 0..31;
// nothing. Each of the functions sets rounding (conv_even) and saturation. The sums are written over.
//
// Part of     matmul_i16.cc and matmul_i16xi8.cc: the cycles are among theirs, modelled.
#pragma once

#include "matmul/finish_float.h"
#include "matmul/wide_sums.h"

namespace matmul {

AIE_INLINE void set_modes(aie::saturation_mode saturation) {
  aie::set_rounding(aie::rounding_mode::AIEKIT_ROUNDING);
  aie::set_saturation(saturation);
}

template <typename T, unsigned m, unsigned n, typename Residual>
inline void store_wide(wide *sums, const int32 *__restrict by, const Residual &residual, int16 *__restrict out, int32) {
  set_modes(aie::saturation_mode::saturate);
  const int32 *const narrow = narrow_rows<T, m, n>(sums, by, 0, residual);
  requantise<T, m, n>(narrow, channels{by, by + n, by[2 * n]}, residual, out);
}
template <typename T, unsigned m, unsigned n, typename Residual>
inline void store_wide(wide *sums, const int32 *__restrict by, const Residual &, int32 *__restrict out, int32 flags) {
  set_modes(aie::saturation_mode::saturate);
  finish_wide<T, m, n>(sums, by, out, (flags & kHasChannels) != 0);
}
template <typename T, unsigned m, unsigned n, typename Residual>
inline void store_wide(wide *sums, const int32 *__restrict by, const Residual &, int64_t *__restrict out, int32 flags) {
  set_modes(aie::saturation_mode::none);
  finish_wide<T, m, n>(sums, by, reinterpret_cast<wide *>(out), (flags & kHasChannels) != 0);
}
template <typename T, unsigned m, unsigned n, typename Residual>
inline void store_wide(wide *sums, const int32 *__restrict by, const Residual &residual, bfloat16 *__restrict out, int32 flags) {
  set_modes(aie::saturation_mode::saturate);
  const int32 *const narrow = narrow_rows<T, m, n>(sums, by, by[2 * n], residual);
  // GELU counts on integers that wrap.
  set_modes(aie::saturation_mode::none);
  finish<dequantised<T>, m, n>(narrow, by, residual, out, flags);
}

}  // namespace matmul
