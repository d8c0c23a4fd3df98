// e^x in float: exp_nonpositive for x <= 0 (softmax), exp_clamped for any x.
//
// x + 256 (or + 384), rounded by the float adder, has x in fixed point in its bits; times log2 e that is the argument of
// exp2_fixed. No float multiplication, no table.
//
// exp_nonpositive
//   Argument  float or bfloat16, x <= 0 or -0; -infinity is in order. x > 0 and NaN: a float without meaning.
//   Error     relative, x >= -87.33: step of x 2^-16, half of it 2^-17; exp2_fixed 2^-16.4; together <= 2^-15.6, stated 2^-15.
//             x < -87.33 (e^x < 2^-126): result in [0, 2^-126]; from -88.03 on, 0.
//   Cycles    modelled, float argument: 16 lanes 6 MAC, 14 vector; 32 lanes 8 MAC, 21 vector.
// exp_clamped
//   Argument  any float; x > 88.7 gives e^88.7 = 3.3e38, x < -88.03 gives 0; NaN: a float without meaning.
//   Error     relative, |x| <= 87.33: step of x 2^-15, half of it 2^-16; together <= 2^-15.1, stated 2^-14.
//   Cycles    modelled, float argument: 16 lanes 6 MAC, 15 vector; 32 lanes 8 MAC, 23 vector.
// Needs       rounding conv_even (with floor the error is up to twice as large), saturation none.
#pragma once

#include "math/exp2_fixed.h"

namespace aiekit_math {

namespace detail {

// 2^23 (x log2 e + 127) from the bits of x + kOrigin, a power of two or three halves of one, in which a step is 2^-kStepBits.
template <unsigned N, int32_t kOriginBits, int kStepBits>
class scaled_by_log2e {
 public:
  static constexpr int32_t kLog2e = 1549082005;  // 2^30 log2(e)
  static constexpr int kShift = 30 + kStepBits - kExp2FractionBits;

  scaled_by_log2e()
      : origin_(aie::broadcast<float, N>(__builtin_bit_cast(float, kOriginBits))),
        bias_(aie::msc(aie::accum<acc64, N>(aie::broadcast<int32, N>(kExp2Bias), kShift),
                       aie::broadcast<int32, N>(kOriginBits), kLog2e)) {}

  [[gnu::always_inline]] aie::vector<int32, N> operator()(const aie::vector<float, N>& x) const {
    const auto bits = aie::add(x, origin_).template cast_to<int32>();
    return aie::mac(bias_, bits, kLog2e).template to_vector<int32>(kShift);
  }

 private:
  aie::vector<float, N> origin_;
  aie::accum<acc64, N> bias_;
};

}  // namespace detail

// Make it before the loop: it holds the constants.
template <unsigned N>
class exp_nonpositive {
 public:
  [[gnu::always_inline]] aie::accum<accfloat, N> operator()(const aie::accum<accfloat, N>& x) const {
    // Bits of numbers below zero grow, unsigned, with their magnitude: the larger of x and -89 is the smaller of the bits.
    const auto bits = x.template to_vector<float>().template cast_to<uint32>();
    const auto clamped = aie::min(bits, kLeastBits).template cast_to<float>();
    return aie::accum<accfloat, N>(exp2_(scaled_(clamped)));
  }
  [[gnu::always_inline]] aie::accum<accfloat, N> operator()(const aie::vector<float, N>& x) const {
    return (*this)(aie::accum<accfloat, N>(x));
  }
  [[gnu::always_inline]] aie::accum<accfloat, N> operator()(const aie::vector<bfloat16, N>& x) const {
    return (*this)(aie::accum<accfloat, N>(x));
  }

 private:
  static constexpr uint32 kLeastBits = 0xc2b20000;  // -89

  detail::scaled_by_log2e<N, 0x43800000, 16> scaled_;  // 256
  exp2_fixed<N> exp2_;
};

// Make it before the loop: it holds the constants.
template <unsigned N>
class exp_clamped {
 public:
  [[gnu::always_inline]] aie::accum<accfloat, N> operator()(const aie::accum<accfloat, N>& x) const {
    const auto clamped = aie::max(aie::min(x.template to_vector<float>(), 88.7f), -89.0f);
    return aie::accum<accfloat, N>(exp2_(scaled_(clamped)));
  }
  [[gnu::always_inline]] aie::accum<accfloat, N> operator()(const aie::vector<float, N>& x) const {
    return (*this)(aie::accum<accfloat, N>(x));
  }
  [[gnu::always_inline]] aie::accum<accfloat, N> operator()(const aie::vector<bfloat16, N>& x) const {
    return (*this)(aie::accum<accfloat, N>(x));
  }

 private:
  detail::scaled_by_log2e<N, 0x43c00000, 15> scaled_;  // 384
  exp2_fixed<N> exp2_;
};

}  // namespace aiekit_math
