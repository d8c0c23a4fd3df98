// matmul_step_bf16xi8, matmul_channels_bf16xi8, matmul_store_bf16xi8: one tile of C = epilogue(A B), bfloat16 activations x
// int8 weights.
//
//   step      sums = a b (step 0) or sums += a b, in binary32
//   channels  by = the words for n columns that came on the stream of b
//   store     out = x or gelu(x), rounded once; x = sums scale + bias
//
// MATMUL_M, MATMUL_K, MATMUL_N: tile; MATMUL_OUT: bfloat16 or float.
// a, b, out   blocked (mmul_tile.h); sums float[m n], blocked as out. 32-byte aligned, 64 on AIE2P.
// by          int32[4][n]: bits of the bias as float, bits of the scale as float, nothing, nothing.
// Tile bytes  none of its own.
// Rounding    conv_even, saturation none, set at each entry that rounds. int8 becomes bfloat16 exactly, products are exact.
// Error       sums: K 2^-24 sum|a b| at most (one rounding of binary32 a product). scale: 2^-14.4 of the product
//             (finish_float.h). gelu: 2^-13 of its value. bfloat16 out: 2^-8 of the value on top. A sum that is not finite
//             gives NaN.
// Cycles      modelled by the simulator; not measured on a device.
// Meaning     matmul_ref.h.
#include "matmul/finish_float.h"

namespace {
constexpr unsigned kM = MATMUL_M, kK = MATMUL_K, kN = MATMUL_N;
using Operands = matmul::bfloat16_by_int8;
using Out = MATMUL_OUT;
}  // namespace

extern "C" void matmul_step_bf16xi8(const bfloat16 *__restrict a, const int8 *__restrict b, float *__restrict sums, int32 step) {
  event0();
  matmul::accumulate<Operands, kM, kK, kN>(a, b, sums, step == 0);
  event1();
}

extern "C" void matmul_channels_bf16xi8(const int8 *__restrict b, int32 *__restrict by) {
  matmul::channels_of_b<Operands, kN>(b, by);
}

extern "C" void matmul_store_bf16xi8(const float *__restrict sums, const int32 *__restrict by, Out *__restrict out, int32 flags) {
  aie::set_rounding(aie::rounding_mode::AIEKIT_ROUNDING);
  aie::set_saturation(aie::saturation_mode::none);
  matmul::finish<matmul::rescaled<Operands>, kM, kN>(sums, by, matmul::no_residual<kM>{}, out, flags);
}
