// gemv_keep, gemv_step, gemv_finish, gemv_join: y = epilogue(x w^T) for few rows of x. Two cores share a channel of weights:
// one has rows 0..3 of every 8 of w (half 0), the other 4..7 (half 1).
//
//   keep    kept = objects that come before the weights: x, then words of the rows of w
//   step    an object of weights, w[8][kc]: four of its rows with every row of x; with the last part of K, their sums
//   finish  half 1: y = gelu(sum scale + bias) + residual, rounded once
//   join    half 0: the same, and the results of both in the order of the rows of w
//
// GEMV_M        rows of x, 1 to 8.           GEMV_KC   elements of K in an object, a multiple of 32.
// GEMV_O        results of a unit for each row of x and core, a multiple of 8; in whole vectors GEMV_O up to 16.
// GEMV_WEIGHT   int8 or bfloat16.            GEMV_OUT  bfloat16 or float.
// object      int32[2 kc sizeof(weight)]: weights row-major, as the host has them.
// kept        int32[]: x bfloat16[M][chunks kc]; channels float[rows][chapter] from word `channels_at` on: bias, and for int8
//             scale; residual bfloat16[M][chapter] from word `residual_at` on. 64 words behind it may be read.
// lanes       float[4][M][32], sums float[M][GEMV_O up to 16]: work of the step.
// half        GEMV_OUT[M][GEMV_O up to 16], from core to core; y GEMV_OUT[M][2 GEMV_O].   flags: 1 bias, 2 GELU, 4 residual.
// All arguments are aligned to 64 bytes.
// Tile bytes  none of its own.
// Rounding    conv_even, saturation none, set where something is rounded: finish, join. int8 to bfloat16 is exact.
// Error       sum: (K / 32 + 7) 2^-24 sum|x w| at most (one rounding of binary32 an addition). int8: 2^-21 for the scale
//             (math/float_product.h). gelu: 2^-13 of its value. bfloat16 out: 2^-8 of the value on top.
// Special     bfloat16 weights: infinity and NaN go through as IEEE says. int8: a sum that is not finite gives NaN.
// Cycles      modelled, 32 weights of a row: 2 M multiplications, int8 3 other vector issues beside them; totals of four rows:
//             23 a row of x; 16 results of int8 weights: 10 multiplications, 16 others; GELU 23 and 39 more. Not measured on
//             a device.
// Meaning     gemv_ref.h, bit for bit; gelu within its bound.
#include "gemv/dot_rows.h"
#include "gemv/finish.h"

namespace {
constexpr unsigned kM = GEMV_M, kKc = GEMV_KC, kO = GEMV_O;
using Weight = GEMV_WEIGHT;
using Out = GEMV_OUT;
constexpr bool kIsScaled = sizeof(Weight) == 1;
constexpr unsigned kObjectWords = 8 * kKc * sizeof(Weight) / 4;
constexpr unsigned kPitch = (kO + 15) / 16 * 16;
static_assert(kObjectWords % 32 == 0);

void set_modes() {
  aie::set_rounding(aie::rounding_mode::AIEKIT_ROUNDING);
  aie::set_saturation(aie::saturation_mode::none);
}

AIE_INLINE gemv::vectors vectors_of(const int32 *__restrict kept, int32 half, int32 unit, int32 chapter, int32 channels_at,
                                    int32 residual_at, int32 flags) {
  const int32 first = unit * static_cast<int32>(2 * kO);
  return {reinterpret_cast<const float *>(kept + channels_at) + first, reinterpret_cast<const bfloat16 *>(kept + residual_at) + first,
          chapter, half, flags};
}
}  // namespace

extern "C" void gemv_keep(const int32 *__restrict object, int32 *__restrict kept, int32 index) {
  int32 *const to = kept + index * static_cast<int32>(kObjectWords);
  for (unsigned word = 0; word < kObjectWords; word += 16) aie::store_v(to + word, aie::load_v<16>(object + word));
}

extern "C" void gemv_step(const int32 *__restrict object, const int32 *__restrict kept, float *__restrict lanes,
                          float *__restrict sums, int32 half, int32 block, int32 chunk, int32 chunks) {
  event0();
  const Weight *const w = reinterpret_cast<const Weight *>(object) + half * static_cast<int32>(4 * kKc);
  const bfloat16 *const x = reinterpret_cast<const bfloat16 *>(kept) + chunk * static_cast<int32>(kKc);
  gemv::dot_rows<kM, kKc>(w, x, static_cast<unsigned>(chunks) * kKc, lanes, chunk == 0);
  if (chunk + 1 == chunks) {
    for (unsigned m = 0; m < kM; ++m) {
      aie::store_v(sums + m * kPitch + block * 4, gemv::totals(lanes + m * gemv::kLanes, kM * gemv::kLanes));
    }
  }
  event1();
}

extern "C" void gemv_finish(const float *__restrict sums, const int32 *__restrict kept, Out *__restrict half, int32 unit, int32 chapter,
                            int32 channels_at, int32 residual_at, int32 flags) {
  set_modes();
  const gemv::half_rows<kO, Out> rows{half};
  gemv::finish<kM, kO, kIsScaled, Out>(sums, vectors_of(kept, 1, unit, chapter, channels_at, residual_at, flags), rows);
}

extern "C" void gemv_join(const float *__restrict sums, const int32 *__restrict kept, const Out *__restrict half, Out *__restrict y,
                          int32 unit, int32 chapter, int32 channels_at, int32 residual_at, int32 flags) {
  set_modes();
  const gemv::whole_rows<kO, Out> rows{half, y};
  gemv::finish<kM, kO, kIsScaled, Out>(sums, vectors_of(kept, 0, unit, chapter, channels_at, residual_at, flags), rows);
}
