// layernorm_rows_bf16: y[c] = (x[c] - mean) / sqrt(variance + epsilon) * gamma[c] + beta[c] for each row, c < cols.
//
// x, y        bfloat16[rows][pitch], 32-byte aligned, may not overlap. pitch a multiple of 32, cols <= pitch; what lies
//             behind cols counts for nothing and comes out as beta does.
// gamma, beta bfloat16[pitch], 32-byte aligned, zeros behind cols.
// scalars     1 / cols and epsilon, as the bits of floats: the core has no scalar floating point.
// Tile bytes  none besides the arguments.
// Rounding    conv_even, set at entry, once for each result. Mean and variance (two passes, biased) are float.
// Error       with n = (x - mean) / s, s^2 = variance + epsilon, M the row's largest |x|:
//             2^-8 |y| (rounding) + 2^-13 |n gamma| (pairs of math/bf16_parts.h: twice in n, once in n gamma; half that of the
//             variance) + (cols / 32 + 16) 2^-24 |gamma| M / s (the sum of the mean). For M <= 2^59.
// Special     NaN or an infinity in a row makes the row NaN.
// Cycles      modelled, 32 elements: 28 MAC; about 170 a row besides. Not measured on a device.
// Meaning     layernorm_ref.h within this error.
#include "math/bf16_parts.h"
#include "math/float_product.h"
#include "math/reciprocal_sqrt.h"
#include "math/row_tail.h"

#include "aie_kernel.h"

namespace {

constexpr int32_t kLanes = 32;
using floats = aie::accum<accfloat, kLanes>;

floats all_lanes(float value) { return floats(aie::broadcast<float, kLanes>(value)); }
floats sum_of(const floats &x) { return all_lanes(aie::reduce_add(x.to_vector<float>())); }

struct Scalars {
  floats per_column;
  floats epsilon;
};

void row(const bfloat16 *__restrict x, const bfloat16 *__restrict gamma, const bfloat16 *__restrict beta, bfloat16 *__restrict y,
         int32_t pitch, int32_t cols, const Scalars &scalars) {
  const bfloat16 one = __builtin_bit_cast(bfloat16, static_cast<uint16>(0x3f80));
  const auto last = aiekit_math::last_lanes<kLanes>(cols);
  // Behind cols are zeros: they do not change the sum.
  auto sum = aie::zeros<accfloat, kLanes>();
  for (int32_t c = 0; c < cols; c += kLanes) sum = aie::mac(sum, aie::load_v<kLanes>(x + c), one);
  const auto below = aie::neg(aiekit_math::float_product(sum_of(sum), scalars.per_column));

  const auto with_square = [](const floats &start, const floats &d) __attribute__((always_inline)) {
    const auto parts = aiekit_math::bf16_parts(d);
    return aiekit_math::mac_parts(start, parts, parts);
  };
  auto squares = aie::zeros<accfloat, kLanes>();
  int32_t c = 0;
  for (; c + kLanes < cols; c += kLanes) squares = with_square(squares, aie::mac(below, aie::load_v<kLanes>(x + c), one));
  squares = with_square(squares, aiekit_math::only(aie::mac(below, aie::load_v<kLanes>(x + c), one), last));
  const auto variance = aiekit_math::float_product(sum_of(squares), scalars.per_column);

  const auto scale = aiekit_math::bf16_parts(aiekit_math::reciprocal_sqrt(aie::add(variance, scalars.epsilon)));
  for (c = 0; c < pitch; c += kLanes) {
    const auto d = aiekit_math::bf16_parts(aie::mac(below, aie::load_v<kLanes>(x + c), one));
    const auto n = aiekit_math::bf16_parts(aiekit_math::product(d, scale));
    const auto g = aie::load_v<kLanes>(gamma + c);
    const auto result = aie::mac(aie::mac(floats(aie::load_v<kLanes>(beta + c)), n.low, g), n.high, g);
    aie::store_v(y + c, result.to_vector<bfloat16>());
  }
}

}  // namespace

extern "C" void layernorm_rows_bf16(const bfloat16 *__restrict x, const bfloat16 *__restrict gamma, const bfloat16 *__restrict beta,
                                    bfloat16 *__restrict y, int32_t rows, int32_t pitch, int32_t cols, int32_t per_column_bits,
                                    int32_t epsilon_bits) {
  aie::set_rounding(aie::rounding_mode::AIEKIT_ROUNDING);
  aie::set_saturation(aie::saturation_mode::none);
  const Scalars scalars{all_lanes(__builtin_bit_cast(float, per_column_bits)), all_lanes(__builtin_bit_cast(float, epsilon_bits))};
  event0();
  for (int32_t r = 0; r < rows; ++r) {
    row(x + r * pitch, gamma, beta, y + r * pitch, pitch, cols, scalars);
  }
  event1();
}
