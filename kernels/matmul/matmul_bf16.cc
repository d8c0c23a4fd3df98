// matmul_step_bf16, matmul_channels_bf16, matmul_store_bf16, matmul_activate_bf16, matmul_store_residual_bf16: one tile of
// C = epilogue(A B), bfloat16 x bfloat16.
//
//   step      sums = a b (step 0) or sums += a b, in binary32
//   channels  by = the words for n columns that came on the stream of b
//   store     out = sums + bias or gelu(sums + bias), rounded once
//   activate  sums = gelu(sums + bias), before a residual is added
//   store_residual  the same plus the residual, for the rows that this object of the stream of b has of this core's tile
//
// MATMUL_M, MATMUL_K, MATMUL_N: tile; MATMUL_OUT: bfloat16 or float. MATMUL_RESIDUAL: 1 where a
// residual can come, which is as wide as the operands.
// a, b, out   blocked (mmul_tile.h); sums float[m n], blocked as out. 32-byte aligned, 64 on AIE2P.
// by          int32[4][n]: bits of the bias as float, nothing, nothing, nothing.
// Tile bytes  none of its own.
// Rounding    conv_even, saturation none, set at each entry that rounds: where out is bfloat16, and inside gelu.
// Error       sums: K 2^-24 sum|a b| at most (one rounding of binary32 a product). gelu: 2^-13 of its value. bfloat16 out: 2^-8 of the value on top.
//             Infinity and NaN of operands go through as IEEE says.
// Cycles      modelled by the simulator; not measured on a device.
// Meaning     matmul_ref.h.
#include "matmul/finish_float.h"

namespace {
constexpr unsigned kM = MATMUL_M, kK = MATMUL_K, kN = MATMUL_N;
using Out = MATMUL_OUT;

void set_modes() {
  aie::set_rounding(aie::rounding_mode::AIEKIT_ROUNDING);
  aie::set_saturation(aie::saturation_mode::none);
}
}  // namespace

extern "C" void matmul_step_bf16(const bfloat16 *__restrict a, const bfloat16 *__restrict b, float *__restrict sums, int32 step) {
  event0();
  matmul::accumulate<bfloat16, kM, kK, kN>(a, b, sums, step == 0);
  event1();
}

extern "C" void matmul_channels_bf16(const bfloat16 *__restrict b, int32 *__restrict by) {
  matmul::channels_of_b<bfloat16, kN>(b, by);
}

extern "C" void matmul_store_bf16(const float *__restrict sums, const int32 *__restrict by, Out *__restrict out, int32 flags) {
  set_modes();
  matmul::finish<matmul::biased<bfloat16>, kM, kN>(sums, by, matmul::no_residual<kM>{}, out, flags);
}

#if MATMUL_RESIDUAL
extern "C" void matmul_activate_bf16(float *sums, const int32 *__restrict by, int32 has_channels) {
  set_modes();
  matmul::activate<kM, kN>(sums, by, has_channels != 0);
}

extern "C" void matmul_store_residual_bf16(const float *__restrict sums, const int32 *__restrict by, const bfloat16 *__restrict b,
                                           Out *__restrict out, int32 flags, int32 object, int32 row) {
  set_modes();
  const matmul::residual_rows<bfloat16, kM, kK, kN> residual(b, object, row);
  if (residual.is_mine) matmul::finish<matmul::biased<bfloat16>, kM, kN>(sums, by, residual, out, flags);
}
#endif
