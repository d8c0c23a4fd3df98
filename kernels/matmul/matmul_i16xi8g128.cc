// matmul_step_i16xi8g128, matmul_channels_i16xi8g128, matmul_store_i16xi8g128: one tile of C = epilogue(A B), int16 activations x int8 weights that
// have a scale for each group of 128 along K in each column.
//
//   step      sums = (a b) scale (step 0) or sums += (a b) scale: a step is a group (grouped.h)
//   channels  by = the words for n columns that came on the stream of b: 32 rows an object, `object` counts them
//   store     out = sums + bias, or gelu of that, rounded once
//
// MATMUL_M, MATMUL_K, MATMUL_N: tile, MATMUL_K is 128; MATMUL_OUT: bfloat16 or int16; MATMUL_ROWS: rows of `by`.
// a, b, out   blocked (mmul_tile.h); sums float[m n], blocked as out. 32-byte aligned, 64 on AIE2P.
// by          float[1 + groups][n], as bits: bias, then the scales of each group. int16 out: both in steps of the result.
// Tile bytes  none of its own.
// Rounding    conv_even, saturation none, set at each entry that rounds; int16 out saturates (finish_integer.h).
// Overflow    none in a group: |sum| <= 2^29. Sums of groups are float.
// Error       a group: (2^-24 + 2^-14.4) |its sum scale|; their sum: groups 2^-24 of the sum of magnitudes; bfloat16 out: 2^-8 of
//             the value on top, int16 out: half a step.
// Cycles      modelled by the simulator; not measured on a device.
// Meaning     matmul_grouped_ref.h.
#include "matmul/finish_integer.h"
#include "matmul/grouped.h"

namespace {
constexpr unsigned kM = MATMUL_M, kK = MATMUL_K, kN = MATMUL_N, kRows = MATMUL_ROWS;
using Operands = matmul::int16_by_int8;
using Out = MATMUL_OUT;
static_assert(kK == 128, "matmul: a step is a group of 128");

void set_modes() {
  aie::set_rounding(aie::rounding_mode::AIEKIT_ROUNDING);
  aie::set_saturation(aie::saturation_mode::none);
}
}  // namespace

extern "C" void matmul_step_i16xi8g128(const int16 *__restrict a, const int8 *__restrict b, const int32 *__restrict by,
                                   float *__restrict sums, int32 step) {
  event0();
  set_modes();
  matmul::accumulate_group<Operands, kM, kK, kN>(a, b, by + (1 + step) * static_cast<int32>(kN), sums, step == 0);
  event1();
}

extern "C" void matmul_channels_i16xi8g128(const int8 *__restrict b, int32 *__restrict by, int32 object) {
  constexpr unsigned rows_each = kK / 4;
  const unsigned first = static_cast<unsigned>(object) * rows_each;
  const unsigned rows = kRows - first < rows_each ? kRows - first : rows_each;
  matmul::channels_of_b<Operands, kN>(b, by + first * kN, rows);
}

extern "C" void matmul_store_i16xi8g128(const float *__restrict sums, const int32 *__restrict by, Out *__restrict out, int32 flags) {
  set_modes();
  matmul::store_float<Operands, kM, kN>(sums, by, out, flags);
}
