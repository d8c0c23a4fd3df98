// softmax_rows_bf16: out[r][c] = e^(x[r][c] - m) / sum over c of e^(x[r][c] - m), m the row's maximum, c < cols.
//
// in, out     bfloat16[rows][pitch], 32-byte aligned, may not overlap. pitch a multiple of 32, cols <= pitch; what lies
//             behind cols counts for nothing and comes out as 0.
// scratch     float[pitch], 32-byte aligned: the exponentials of one row.
// Tile bytes  none besides the arguments.
// Rounding    conv_even, set at entry, once for each result; exponentials, sum and reciprocal are float.
// Error       relative: rounding 2^-8; exponential 2^-15, the same for the sum, sum (pitch / 32 + 6) 2^-24, product 2^-14.4:
//             2^-8 + 2^-12.9 for pitch <= 4096. Below 2^-100 absolute, 2^-100.
// Special     -infinity gives 0. A row with NaN or +infinity, or of -infinity only, is NaN throughout, as 0/0 and
//             infinity - infinity are.
// Cycles      modelled, 32 elements: 18 MAC, 28 vector; about 120 a row besides. Not measured on a device.
// Meaning     softmax_ref.h within this error.
#include "math/bf16_parts.h"
#include "math/exp.h"
#include "math/reciprocal.h"
#include "math/row_tail.h"

#include "aie_kernel.h"

namespace {

constexpr int32_t kLanes = 32;
constexpr int16 kInfinity = 0x7f80;

struct RowMaximum {
  bfloat16 value;
  bool has_nan;
};

RowMaximum maximum(const bfloat16 *__restrict x, int32_t cols, const aie::mask<kLanes> &last) {
  const auto least = aie::broadcast<int16, kLanes>(static_cast<int16>(0xff80)).cast_to<bfloat16>();
  auto most = least;
  auto most_bits = aie::zeros<int16, kLanes>();
  const auto take = [&](const aie::vector<bfloat16, kLanes> &v) __attribute__((always_inline)) {
    most = aie::max(most, v);
    most_bits = aie::max(most_bits, aie::bit_and(v.cast_to<int16>(), static_cast<int16>(0x7fff)));
  };
  int32_t c = 0;
  for (; c + kLanes < cols; c += kLanes) take(aie::load_v<kLanes>(x + c));
  take(aie::select(least, aie::load_v<kLanes>(x + c), last));
  AIEKIT_SCALAR_CYCLES(4);
  return {aie::reduce_max(most), aie::reduce_max(most_bits) > kInfinity};
}

void fill(bfloat16 *__restrict out, int32_t pitch, uint16 bits) {
  const auto v = aie::broadcast<bfloat16, kLanes>(__builtin_bit_cast(bfloat16, bits));
  for (int32_t c = 0; c < pitch; c += kLanes) aie::store_v(out + c, v);
}

void row(const bfloat16 *__restrict x, bfloat16 *__restrict out, float *__restrict scratch, int32_t pitch, int32_t cols) {
  const auto last = aiekit_math::last_lanes<kLanes>(cols);
  const RowMaximum most = maximum(x, cols, last);
  const int16 most_bits = __builtin_bit_cast(int16, most.value);
  if (most.has_nan || (most_bits & 0x7fff) == kInfinity) return fill(out, pitch, 0x7fc0);

  const aiekit_math::exp_nonpositive<kLanes> exp;
  const bfloat16 one = __builtin_bit_cast(bfloat16, static_cast<uint16>(0x3f80));
  const auto below = aie::neg(aie::accum<accfloat, kLanes>(aie::broadcast<bfloat16, kLanes>(most.value)));
  auto sum = aie::zeros<accfloat, kLanes>();
  int32_t c = 0;
  for (; c + kLanes < cols; c += kLanes) {
    const auto e = exp(aie::mac(below, aie::load_v<kLanes>(x + c), one));
    aie::store_v(scratch + c, e.to_vector<float>());
    sum = aie::add(sum, e);
  }
  // The tail is cut off behind the exponential: no finite number is low enough to stand for nothing.
  const auto e = aiekit_math::only(exp(aie::mac(below, aie::load_v<kLanes>(x + c), one)), last);
  aie::store_v(scratch + c, e.to_vector<float>());
  sum = aie::add(sum, e);

  const float total = aie::reduce_add(sum.to_vector<float>());
  const aie::accum<accfloat, kLanes> total_lanes(aie::broadcast<float, kLanes>(total));
  const auto share = aiekit_math::bf16_parts(aiekit_math::reciprocal(total_lanes));
  for (c = 0; c < cols; c += kLanes) {
    const aie::accum<accfloat, kLanes> part(aie::load_v<kLanes>(scratch + c));
    aie::store_v(out + c, aiekit_math::product(aiekit_math::bf16_parts(part), share).to_vector<bfloat16>());
  }
  fill(out + c, pitch - c, 0);
}

}  // namespace

extern "C" void softmax_rows_bf16(const bfloat16 *__restrict in, bfloat16 *__restrict out, float *__restrict scratch, int32_t rows,
                                  int32_t pitch, int32_t cols) {
  aie::set_rounding(aie::rounding_mode::AIEKIT_ROUNDING);
  aie::set_saturation(aie::saturation_mode::none);
  event0();
  for (int32_t r = 0; r < rows; ++r) row(in + r * pitch, out + r * pitch, scratch, pitch, cols);
  event1();
}
