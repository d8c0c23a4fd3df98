// transpose_narrow_f32: out[i] = in[i] rounded to bfloat16, i < n. The DMAs transpose, this narrows what they bring.
//
// in          float[n], 32-byte aligned. n a multiple of 16.
// out         bfloat16[n], 32-byte aligned, may not overlap in.
// Tile bytes  none besides the arguments.
// Rounding    conv_even, set at entry, once for each result.
// Error       2^-8 of the value; beyond 3.39e38 infinity. NaN and infinities stay what they are.
// Cycles      modelled: 1 for 16 elements, bound by the loads (64 bytes a cycle). Not measured on a device.
// Meaning     transpose_ref.h, bit for bit.
#include <aie_api/aie.hpp>

#include "aie_kernel.h"

extern "C" void transpose_narrow_f32(const float *__restrict in, bfloat16 *__restrict out, int32_t n) {
  constexpr int32_t kLanes = 16;
  aie::set_rounding(aie::rounding_mode::AIEKIT_ROUNDING);
  aie::set_saturation(aie::saturation_mode::none);
  event0();
  AIE_LOOP_MIN_ITERATION_COUNT(1)
  for (int32_t i = 0; i < n; i += kLanes) {
    const aie::accum<accfloat, kLanes> value(aie::load_v<kLanes>(in + i));
    aie::store_v(out + i, value.to_vector<bfloat16>());
  }
  event1();
}
