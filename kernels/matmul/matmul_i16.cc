// matmul_step_i16, matmul_channels_i16, matmul_store_i16, matmul_store_residual_i16: one tile of C = epilogue(A B), int16 x int16.
//
//   step      sums = a b (step 0) or sums += a b, in 64 bits
//   channels  by = the words for n columns that came on the stream of b
//   store     the result, by its type: store_wide.h
//   store_residual  int16 out: the same plus the residual before it is saturated, for the rows that this object of the
//             stream of b has of this core's tile
//
// MATMUL_M, MATMUL_K, MATMUL_N: tile; MATMUL_OUT: int16, int32, int64_t or bfloat16. MATMUL_RESIDUAL: 1 where a residual can
// come, which is as wide as the operands.
// a, b, out   blocked (mmul_tile.h); sums int64[m n], blocked as out, written over by store. 32-byte aligned, 64 on AIE2P.
// by          int32[4][n]: store_wide.h.
// Tile bytes  none of its own.
// Rounding    conv_even, set at each entry that rounds. int16 and int32 results saturate; int64 results are exact.
// Overflow    none in sums: |a b| <= 2^30, K up to 2^32. Sums beyond int32 saturate where the result
//             is int16, int32 or bfloat16, before a scale is applied;
//             int32 and bfloat16 take a shift for that.
// Error       integers: none, the result is the formula's bit for bit.
//             bfloat16: half of 2^shift scale, 2^-14.4 of the value (finish_float.h), 2^-8 for the last rounding.
// Cycles      modelled by the simulator; not measured on a device.
// Meaning     matmul_wide_ref.h.
#include "matmul/store_wide.h"

namespace {
constexpr unsigned kM = MATMUL_M, kK = MATMUL_K, kN = MATMUL_N;
using Operands = int16;
using Out = MATMUL_OUT;
}  // namespace

extern "C" void matmul_step_i16(const int16 *__restrict a, const int16 *__restrict b, matmul::wide *__restrict sums, int32 step) {
  event0();
  aie::set_saturation(aie::saturation_mode::none);
  matmul::accumulate<Operands, kM, kK, kN>(a, b, sums, step == 0);
  event1();
}

extern "C" void matmul_channels_i16(const int16 *__restrict b, int32 *__restrict by) {
  matmul::channels_of_b<Operands, kN>(b, by);
}

extern "C" void matmul_store_i16(matmul::wide *sums, const int32 *__restrict by, Out *__restrict out, int32 flags) {
  matmul::store_wide<Operands, kM, kN>(sums, by, matmul::no_residual<kM>{}, out, flags);
}

#if MATMUL_RESIDUAL
extern "C" void matmul_store_residual_i16(matmul::wide *sums, const int32 *__restrict by, const int16 *__restrict b,
                                          Out *__restrict out, int32 flags, int32 object, int32 row) {
  const matmul::residual_rows<Operands, kM, kK, kN> residual(b, object, row);
  if (residual.is_mine) matmul::store_wide<Operands, kM, kN>(sums, by, residual, out, flags);
}
#endif
