// matmul_step_i8, matmul_channels_i8, matmul_store_i8: one tile of C = epilogue(A B), int8 x int8.
//
//   step      sums = a b (step 0) or sums += a b
//   channels  by = the words for n columns that came on the stream of b
//   store     out = saturate(round((sums + bias) * multiplier / 2^shift)), ties to even; int32 out: sums + bias, or sums
//             where nothing came for the columns
//
// MATMUL_M, MATMUL_K, MATMUL_N: tile; MATMUL_OUT: int8, int16 or int32.
// a, b, out   blocked (mmul_tile.h); sums int32[m n], blocked as out. 32-byte aligned, 64 on AIE2P.
// by          int32[4][n]: bias, multiplier, shift (the same in each column of a tile), nothing.
// Tile bytes  none of its own.
// Rounding    conv_even and saturate, set at each entry.
// Error       none: the result is the formula's, bit for bit, while |A B + bias| < 2^31; k of A up to 131,071 is safe.
// Cycles      modelled by the simulator; not measured on a device.
// Meaning     matmul_ref.h.
#include "matmul/channels.h"
#include "matmul/requantise.h"

namespace {
constexpr unsigned kM = MATMUL_M, kK = MATMUL_K, kN = MATMUL_N;
using Out = MATMUL_OUT;

void set_modes() {
  aie::set_rounding(aie::rounding_mode::conv_even);
  aie::set_saturation(aie::saturation_mode::saturate);
}
}  // namespace

extern "C" void matmul_step_i8(const int8 *__restrict a, const int8 *__restrict b, int32 *__restrict sums, int32 step) {
  set_modes();
  event0();
  matmul::accumulate<int8, kM, kK, kN>(a, b, sums, step == 0);
  event1();
}

extern "C" void matmul_channels_i8(const int8 *__restrict b, int32 *__restrict by) {
  matmul::channels_of_b<int8, kN>(b, by);
}

extern "C" void matmul_store_i8(const int32 *__restrict sums, const int32 *__restrict by, Out *__restrict out, int32 has_channels) {
  set_modes();
  const matmul::channels channels = {by, by + kN, by[2 * kN]};
  matmul::store<Out, kM, kN>(sums, channels, out, has_channels != 0);
}
