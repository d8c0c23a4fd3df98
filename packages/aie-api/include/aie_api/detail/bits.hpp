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

template <detail::element_type U, detail::element_type T, unsigned N>
AIEKIT_INLINE auto vector_cast(const vector<T, N>& v) {
  return v.template cast_to<U>();
}

template <detail::element_type T, unsigned N>
AIEKIT_INLINE auto unpack(const vector<T, N>& v) {
  static_assert(sizeof(T) == 1, "aie::unpack: expected int8 or uint8");
  using wide = detail::choose_t<detail::same<T, int8_t>, int16_t, uint16_t>;
  aiekit::count_vector(2 * v.bits());
  return vector<wide, N>(__builtin_convertvector(v.to_native(), detail::lanes<wide, N>));
}
template <detail::element_type T, unsigned N>
AIEKIT_INLINE auto pack(const vector<T, N>& v) {
  static_assert(!detail::element<T>::is_float && sizeof(T) == 2, "aie::pack: expected int16 or uint16");
  using narrow = detail::choose_t<detail::same<T, int16_t>, int8_t, uint8_t>;
  aiekit::count_vector(v.bits());
  auto lanes = v.to_native();
  const saturation_mode mode = get_saturation();
  if (mode != saturation_mode::none) {
    using held = typename vector<T, N>::native_type;
    lanes = __builtin_elementwise_min(lanes, (held)(static_cast<T>(detail::greatest<narrow>())));
    lanes = __builtin_elementwise_max(lanes, (held)(static_cast<T>(detail::least<narrow>(mode))));
  }
  return vector<narrow, N>(__builtin_convertvector(lanes, detail::lanes<narrow, N>));
}
template <detail::element_type T, unsigned N>
AIEKIT_INLINE auto vector<T, N>::unpack() const {
  return aie::unpack(*this);
}
template <detail::element_type T, unsigned N>
AIEKIT_INLINE auto vector<T, N>::pack() const {
  return aie::pack(*this);
}

// A division of the scalar unit, which AIE2 does in software.
AIEKIT_INLINE float inv(float x) { return 1.0f / x; }

namespace detail {
// Small integers by adding them to the bits of 1.5 * 2^23, whose unit in the last place is one: the compiler would convert
// lanes of 8 and 16 bits one by one.
template <typename T, unsigned N>
AIEKIT_INLINE lanes<float, N> exact_or_nearest(lanes<T, N> v) {
  if constexpr (sizeof(T) == 4) return __builtin_convertvector(v, lanes<float, N>);
  else return bits_as<lanes<float, N>>(__builtin_convertvector(v, lanes<int32_t, N>) + bits_as<int32_t>(12582912.0f)) - 12582912.0f;
}
}  // namespace detail

// i / 2^shift. int32 is rounded to float's 24 bits to nearest even; bfloat16 results obey the rounding mode.
template <typename To = float, detail::integer_element T, unsigned N>
  requires(detail::same<To, float> || detail::same<To, bfloat16>)
AIEKIT_INLINE vector<To, N> to_float(const vector<T, N>& a, int shift = 0) {
  aiekit::count_vector(N * 32);
  const float scale = detail::bits_as<float>(static_cast<int32_t>(127 - shift) << 23);
  const auto value = detail::exact_or_nearest<T, N>(a.to_native()) * scale;
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
    const floats below = __builtin_elementwise_trunc(magnitude);
    const detail::lanes<int32_t, N> is_above_half = magnitude - below > 0.5f;
    const floats one = detail::bits_as<floats>(is_above_half & detail::bits_as<int32_t>(1.0f));
    whole = __builtin_elementwise_copysign(below + one, scaled);
  }
  // Saturates by itself, but makes zero of NaN.
  detail::registers<float, N> in(whole);
  detail::registers<int32_t, N> fixed;
  AIEKIT_UNROLL for (unsigned i = 0; i < in.count; ++i) {
    const detail::word_register is_nan = in.at[i] != in.at[i];
    fixed.at[i] = __builtin_wasm_trunc_saturate_s_i32x4_f32x4(in.at[i]) | (is_nan & (-2147483647 - 1));
  }
  return __builtin_convertvector(fixed.joined(), typename vector<To, N>::native_type);
}

}  // namespace aie
