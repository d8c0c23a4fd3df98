// matmul_step_i8, matmul_channels_i8, matmul_store_i8, matmul_store_residual_i8: one tile of C = epilogue(A B), int8 x int8.
//
//   step      sums = a b (step 0) or sums += a b
//   channels  by = the words for n columns that came on the stream of b
//   store     int8, int16 out: saturate(round((sums + bias) * multiplier / 2^shift)), ties to even
//             int32 out: sums + bias, or sums where nothing came for the columns
//             bfloat16 out: (sums + bias) * scale, or gelu of that, rounded once
//   store_residual  int8 out: the same plus the residual before it is saturated, for the rows that this object of the
//             stream of b has of this core's tile
//
// MATMUL_M, MATMUL_K, MATMUL_N: tile; MATMUL_OUT: int8, int16, int32 or bfloat16. MATMUL_RESIDUAL: 1 where a
// residual can come, which is as wide as the operands.
// a, b, out   blocked (mmul_tile.h); sums int32[m n], blocked as out. 32-byte aligned, 64 on AIE2P.
// by          int32[4][n]: bias; multiplier, or bits of the scale as float; shift (the same in each column); nothing.
// Tile bytes  none of its own.
// Rounding    conv_even, set at each entry; integers out saturate.
// Error       integers: none, the result is the formula's bit for bit while |A B + bias| < 2^31; K up to 131,071 is safe.
//             bfloat16: finish_float.h, and 2^-8 of the value for the last rounding.
// Cycles      modelled by the simulator; not measured on a device.
// Meaning     matmul_ref.h.
#include "matmul/finish_float.h"
#include "matmul/requantise.h"

namespace {
constexpr unsigned kM = MATMUL_M, kK = MATMUL_K, kN = MATMUL_N;
using Out = MATMUL_OUT;

[[maybe_unused]] matmul::channels channels_at(const int32 *__restrict by) { return {by, by + kN, by[2 * kN]}; }

[[maybe_unused]] void set_modes(aie::saturation_mode saturation) {
  aie::set_rounding(aie::rounding_mode::AIEKIT_ROUNDING);
  aie::set_saturation(saturation);
}

template <typename T, typename Residual>
void store(const int32 *__restrict sums, const int32 *__restrict by, const Residual &residual, T *__restrict out, int32) {
  set_modes(aie::saturation_mode::saturate);
  matmul::requantise<int8, kM, kN>(sums, channels_at(by), residual, out);
}
template <typename Residual>
void store(const int32 *__restrict sums, const int32 *__restrict by, const Residual &, int32 *__restrict out, int32 flags) {
  matmul::add_bias<kM, kN>(sums, channels_at(by), out, (flags & matmul::kHasChannels) != 0);
}
template <typename Residual>
void store(const int32 *__restrict sums, const int32 *__restrict by, const Residual &residual, bfloat16 *__restrict out, int32 flags) {
  set_modes(aie::saturation_mode::none);
  matmul::finish<matmul::dequantised<int8>, kM, kN>(sums, by, residual, out, flags);
}
}  // namespace

extern "C" void matmul_step_i8(const int8 *__restrict a, const int8 *__restrict b, int32 *__restrict sums, int32 step) {
  event0();
  matmul::accumulate<int8, kM, kK, kN>(a, b, sums, step == 0);
  event1();
}

extern "C" void matmul_channels_i8(const int8 *__restrict b, int32 *__restrict by) {
  matmul::channels_of_b<int8, kN>(b, by);
}

extern "C" void matmul_store_i8(const int32 *__restrict sums, const int32 *__restrict by, Out *__restrict out, int32 flags) {
  store(sums, by, matmul::no_residual<kM>{}, out, flags);
}

#if MATMUL_RESIDUAL
extern "C" void matmul_store_residual_i8(const int32 *__restrict sums, const int32 *__restrict by, const int8 *__restrict b,
                                         Out *__restrict out, int32 flags, int32 object, int32 row) {
  const matmul::residual_rows<int8, kM, kK, kN> residual(b, object, row);
  if (residual.is_mine) store(sums, by, residual, out, flags);
}
#endif
