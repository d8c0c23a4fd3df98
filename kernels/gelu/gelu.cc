// gelu_bf16: out[i] = x Phi(x) with x = in[i], i < n: the exact form, with erf.
//
// in, out     bfloat16[n], 32-byte aligned, may not overlap. n a multiple of 32.
// Tile bytes  none besides the arguments.
// Rounding    conv_even, set at entry, once for each result.
// Error       2^-8 |y| (the result's rounding) + 2^-13 |y| (math/gelu.h) for x >= -8; below, 5.0e-15. NaN stays NaN.
// Cycles      modelled: 48 for 32 elements, bound by the vector unit. Not measured on a device.
// Meaning     gelu_ref.h within this error.
#include "math/gelu.h"

#include "aie_kernel.h"

extern "C" void gelu_bf16(const bfloat16 *__restrict in, bfloat16 *__restrict out, int32_t n) {
  constexpr int32_t kLanes = 32;
  aie::set_rounding(aie::rounding_mode::AIEKIT_ROUNDING);
  aie::set_saturation(aie::saturation_mode::none);
  const aiekit_math::gelu<kLanes> gelu;
  event0();
  AIE_LOOP_MIN_ITERATION_COUNT(1)
  for (int32_t i = 0; i < n; i += kLanes) {
    aie::store_v(out + i, gelu(aie::load_v<kLanes>(in + i)).to_vector<bfloat16>());
  }
  event1();
}
