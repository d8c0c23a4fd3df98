// Bit operations and shifts of integer vectors, and conversions between integers and floating point.
#pragma once

#include "arithmetic.hpp"

namespace aie {
namespace detail {
template <typename T>
concept integer_element = element_type<T> && !element<T>::is_float;
template <typename T>
using unsigned_of = choose_t<sizeof(T) == 4, uint32_t, choose_t<sizeof(T) == 2, uint16_t, uint8_t>>;
}  // namespace detail

#define AIEKIT_BITWISE(name, op)                                                              \
  template <detail::integer_element T, unsigned N, typename O>                                \
    requires detail::operand_of<O, T, N>                                                      \
  AIEKIT_INLINE vector<T, N> name(const vector<T, N>& a, const O& b) {                        \
    aiekit::count_vector(a.bits());                                                           \
    return a.to_native() op detail::as_vector<T, N>(b).to_native();                           \
  }
AIEKIT_BITWISE(bit_and, &)
AIEKIT_BITWISE(bit_or, |)
AIEKIT_BITWISE(bit_xor, ^)
#undef AIEKIT_BITWISE

template <detail::integer_element T, unsigned N>
AIEKIT_INLINE vector<T, N> bit_not(const vector<T, N>& a) {
  aiekit::count_vector(a.bits());
  return ~a.to_native();
}

namespace detail {
template <typename T>
AIEKIT_INLINE void check_shift(unsigned shift) {
  if (shift >= 8 * sizeof(T)) aiekit::trap(aiekit::trap_code::out_of_range, static_cast<int32_t>(shift), 8 * sizeof(T) - 1);
}
}  // namespace detail

// Left; bits beyond the lane are dropped.
template <detail::integer_element T, unsigned N>
AIEKIT_INLINE vector<T, N> upshift(const vector<T, N>& a, unsigned shift) {
  detail::check_shift<T>(shift);
  aiekit::count_vector(a.bits());
  return a.to_native() << static_cast<T>(shift);
}
// Right: arithmetic for signed lanes (floor, whatever the rounding mode), logical for unsigned ones.
template <detail::integer_element T, unsigned N>
AIEKIT_INLINE vector<T, N> downshift(const vector<T, N>& a, unsigned shift) {
  detail::check_shift<T>(shift);
  aiekit::count_vector(a.bits());
  return a.to_native() >> static_cast<T>(shift);
}
template <detail::integer_element T, unsigned N>
AIEKIT_INLINE vector<T, N> logical_downshift(const vector<T, N>& a, unsigned shift) {
  using word = detail::unsigned_of<T>;
  using words = detail::lanes<word, N>;
  detail::check_shift<T>(shift);
  aiekit::count_vector(a.bits());
  return detail::bits_as<typename vector<T, N>::native_type>(detail::bits_as<words>(a.to_native()) >> static_cast<word>(shift));
}

// i / 2^shift. int32 is rounded to float's 24 bits to nearest even; bfloat16 results obey the rounding mode.
template <typename To = float, detail::integer_element T, unsigned N>
  requires(detail::same<To, float> || detail::same<To, bfloat16>)
AIEKIT_INLINE vector<To, N> to_float(const vector<T, N>& a, int shift = 0) {
  aiekit::count_vector(N * 32);
  const float scale = detail::bits_as<float>(static_cast<int32_t>(127 - shift) << 23);
  const auto value = __builtin_convertvector(a.to_native(), detail::lanes<float, N>) * scale;
  if constexpr (detail::same<To, bfloat16>) return detail::narrow_to_bf16<N>(value);
  else return value;
}

// x * 2^shift as an integer. bfloat16 to a signed type: floor, whatever the rounding mode, low bits kept. float, and
// unsigned targets: nearest with ties towards zero. Values beyond int32 are unspecified on the device; they saturate here.
template <detail::integer_element To, typename T, unsigned N>
  requires(detail::element<T>::is_float)
AIEKIT_INLINE vector<To, N> to_fixed(const vector<T, N>& a, int shift = 0) {
  using floats = detail::lanes<float, N>;
  aiekit::count_vector(N * 32);
  const float scale = detail::bits_as<float>(static_cast<int32_t>(127 + shift) << 23);
  const floats scaled = detail::open(a) * scale;
  floats whole;
  if constexpr (detail::same<T, bfloat16> && detail::element<To>::is_signed) {
    whole = __builtin_elementwise_floor(scaled);
  } else {
    const floats magnitude = __builtin_elementwise_abs(scaled);
    whole = __builtin_elementwise_copysign(__builtin_elementwise_ceil(magnitude - 0.5f), scaled);
  }
  detail::lanes<int32_t, N> fixed;
  for (unsigned i = 0; i < N; ++i) {
    const float x = whole[i];
    fixed[i] = x >= 2147483648.0f ? 2147483647 : x < -2147483648.0f || x != x ? -2147483647 - 1 : static_cast<int32_t>(x);
  }
  return __builtin_convertvector(fixed, typename vector<To, N>::native_type);
}

}  // namespace aie
