// add_bf16: out[i] = a[i] + b[i], i < n.
//
// a, b, out   bfloat16[n], 32-byte aligned; out may not overlap a and b. n a multiple of 32.
// Tile bytes  none besides the arguments.
// Rounding    conv_even, set at entry, once for each result.
// Error       2^-8 |a + b| (the result's rounding) + 2^-24 |a + b| (the sum in float). Infinities and NaN as in float; a
//             sum beyond 3.39e38 is infinity.
// Cycles      modelled: 4 for 32 elements (two loads of 64 bytes, a store of 64); bound by the store port. Not measured on a
//             device.
// Meaning     add_ref.h, bit for bit.
#include <aie_api/aie.hpp>

#include "aie_kernel.h"

extern "C" void add_bf16(const bfloat16 *__restrict a, const bfloat16 *__restrict b, bfloat16 *__restrict out, int32_t n) {
  constexpr int32_t kLanes = 32;
  aie::set_rounding(aie::rounding_mode::AIEKIT_ROUNDING);
  aie::set_saturation(aie::saturation_mode::none);
  event0();
  AIE_LOOP_MIN_ITERATION_COUNT(1)
  for (int32_t i = 0; i < n; i += kLanes) {
    aie::store_v(out + i, aie::add(aie::load_v<kLanes>(a + i), aie::load_v<kLanes>(b + i)));
  }
  event1();
}
