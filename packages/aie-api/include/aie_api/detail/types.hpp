// Element types, accumulator tags and control modes of the published aie_api interface.
#pragma once

#include <stddef.h>

#include "machine.hpp"

using int8 = int8_t;
using int16 = int16_t;
using int32 = int32_t;
using int64 = int64_t;
using uint8 = uint8_t;
using uint16 = uint16_t;
using uint32 = uint32_t;
using uint64 = uint64_t;

namespace aie {

// Values are those of the control register. floor and none are the state after reset.
enum class rounding_mode : int32_t {
  floor = 0,
  ceil = 1,
  symmetric_floor = 2,
  symmetric_ceil = 3,
  negative_inf = 8,
  positive_inf = 9,
  symmetric_zero = 10,
  symmetric_inf = 11,
  conv_even = 12,
  conv_odd = 13,
};
enum class saturation_mode : int32_t { none = 0, saturate = 1, symmetric = 3 };

AIEKIT_INLINE rounding_mode get_rounding() { return static_cast<rounding_mode>(aiekit::rounding); }
AIEKIT_INLINE saturation_mode get_saturation() { return static_cast<saturation_mode>(aiekit::saturation); }
AIEKIT_INLINE void set_rounding(rounding_mode mode) { aiekit::rounding = static_cast<int32_t>(mode); }
AIEKIT_INLINE void set_saturation(saturation_mode mode) { aiekit::saturation = static_cast<int32_t>(mode); }
AIEKIT_INLINE rounding_mode swap_rounding(rounding_mode mode) {
  const rounding_mode before = get_rounding();
  set_rounding(mode);
  return before;
}
AIEKIT_INLINE saturation_mode swap_saturation(saturation_mode mode) {
  const saturation_mode before = get_saturation();
  set_saturation(mode);
  return before;
}

class tile {
 public:
  static tile current() { return {}; }
  void set_rounding(rounding_mode mode) const { aie::set_rounding(mode); }
  void set_saturation(saturation_mode mode) const { aie::set_saturation(mode); }
  rounding_mode get_rounding() const { return aie::get_rounding(); }
  saturation_mode get_saturation() const { return aie::get_saturation(); }
};

namespace detail {

template <bool Condition, typename A, typename B>
struct choose {
  using type = A;
};
template <typename A, typename B>
struct choose<false, A, B> {
  using type = B;
};
template <bool Condition, typename A, typename B>
using choose_t = typename choose<Condition, A, B>::type;

template <typename A, typename B>
inline constexpr bool same = false;
template <typename A>
inline constexpr bool same<A, A> = true;

// N lanes of one element; wasm32 has 128-bit registers, the compiler uses as many as it takes.
template <typename T, unsigned N>
using lanes = T __attribute__((ext_vector_type(N)));

template <typename To, typename From>
AIEKIT_INLINE To bits_as(From from) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, from);
}

template <unsigned... I>
struct indices {};
template <typename T, T... I>
struct indices_of {
  using type = indices<I...>;
};
template <unsigned N>
using make_indices = typename __make_integer_seq<indices_of, unsigned, N>::type;

// Lanes [part * M, (part + 1) * M) of v, for a part below N / M: one shuffle where the part is known at compile time. A loop
// over lanes would move them one by one.
template <unsigned From, typename Out, typename In, unsigned... I>
AIEKIT_INLINE Out lanes_from(In v, indices<I...>) {
  return __builtin_shufflevector(v, v, (From + I)...);
}
template <typename T, unsigned M, unsigned N, unsigned Part = 0>
AIEKIT_INLINE lanes<T, M> part_of(lanes<T, N> v, unsigned part) {
  if constexpr (Part + 1 < N / M) {
    if (part != Part) return part_of<T, M, N, Part + 1>(v, part);
  }
  return lanes_from<Part * M, lanes<T, M>>(v, make_indices<M>{});
}

// v with lanes [part * M, (part + 1) * M) from `from`.
template <unsigned N, unsigned M, typename Out, typename In, unsigned... I>
AIEKIT_INLINE Out stretched(In v, indices<I...>) {
  return __builtin_shufflevector(v, v, (I < M ? static_cast<int>(I) : -1)...);
}
template <unsigned From, unsigned M, typename Lanes, unsigned... I>
AIEKIT_INLINE Lanes blended(Lanes v, Lanes from, indices<I...>) {
  return __builtin_shufflevector(v, from, (I >= From && I < From + M ? sizeof...(I) + I - From : I)...);
}
template <typename T, unsigned M, unsigned N, unsigned Part = 0>
AIEKIT_INLINE lanes<T, N> with_part(lanes<T, N> v, lanes<T, M> from, unsigned part) {
  if constexpr (Part + 1 < N / M) {
    if (part != Part) return with_part<T, M, N, Part + 1>(v, from, part);
  }
  return blended<Part * M, M>(v, stretched<N, M, lanes<T, N>>(from, make_indices<N>{}), make_indices<N>{});
}

constexpr bool is_power_of_two(unsigned n) { return n != 0 && (n & (n - 1)) == 0; }

// Rounding of x / 2^s: floor((rest + addend) / 2^s) is added to floor(x / 2^s), where rest is x mod 2^s. The addend of a
// lane is `always`, plus `negative` where x < 0, plus `odd` where floor(x / 2^s) is odd. mask is 2^s - 1.
template <typename Held>
struct rounding_addend {
  Held always;
  Held negative;
  Held odd;

  AIEKIT_INLINE rounding_addend(rounding_mode mode, Held mask) : always(0), negative(0), odd(0) {
    const Held half = (mask >> 1) + 1;
    switch (mode) {
      case rounding_mode::floor: break;
      case rounding_mode::ceil: always = mask; break;
      case rounding_mode::symmetric_floor: negative = mask; break;
      case rounding_mode::symmetric_ceil: always = mask, negative = -mask; break;
      case rounding_mode::negative_inf: always = half - 1; break;
      case rounding_mode::positive_inf: always = half; break;
      case rounding_mode::symmetric_zero: always = half - 1, negative = 1; break;
      case rounding_mode::symmetric_inf: always = half, negative = -1; break;
      case rounding_mode::conv_even: always = half - 1, odd = 1; break;
      case rounding_mode::conv_odd: always = half, odd = -1; break;
      default: aiekit::trap(aiekit::trap_code::out_of_range, static_cast<int32_t>(mode), 13);
    }
  }

  // `is_negative` is -1 in lanes with x < 0.
  template <typename Lanes>
  AIEKIT_INLINE Lanes of(Lanes is_negative, Lanes quotient) const {
    return (Lanes)(always) + (is_negative & (Lanes)(negative)) + (-(quotient & 1) & (Lanes)(odd));
  }
};

// The mode that does to a magnitude what `mode` does to a two's complement value: a float is sign and magnitude.
AIEKIT_INLINE rounding_mode for_magnitude(rounding_mode mode) {
  switch (mode) {
    case rounding_mode::floor: return rounding_mode::symmetric_floor;
    case rounding_mode::ceil: return rounding_mode::symmetric_ceil;
    case rounding_mode::symmetric_floor: return rounding_mode::floor;
    case rounding_mode::symmetric_ceil: return rounding_mode::ceil;
    case rounding_mode::negative_inf: return rounding_mode::symmetric_zero;
    case rounding_mode::positive_inf: return rounding_mode::symmetric_inf;
    case rounding_mode::symmetric_zero: return rounding_mode::negative_inf;
    case rounding_mode::symmetric_inf: return rounding_mode::positive_inf;
    default: return mode;
  }
}

// Float to bfloat16: the upper half of the bits, rounded by the control register on the value (so floor makes negative
// numbers larger in magnitude). NaN stays NaN; overflow becomes infinity.
template <unsigned N>
AIEKIT_INLINE lanes<uint16_t, N> narrow_to_bf16(lanes<float, N> value) {
  using words = lanes<int32_t, N>;
  const words bits = bits_as<words>(value);
  const words magnitude = bits & 0x7fffffff;
  const words upper = magnitude >> 16;
  const rounding_addend<int32_t> addend(for_magnitude(get_rounding()), 0xffff);
  const words rounded = (magnitude + addend.of(bits >> 31, upper)) >> 16;
  const words is_nan = magnitude > 0x7f800000;
  const words result = (is_nan & (upper | 0x40)) | (~is_nan & rounded) | ((bits >> 16) & 0x8000);
  return __builtin_convertvector(result, lanes<uint16_t, N>);
}

template <unsigned N>
AIEKIT_INLINE lanes<float, N> widen_bf16(lanes<uint16_t, N> bits) {
  return bits_as<lanes<float, N>>(__builtin_convertvector(bits, lanes<uint32_t, N>) << 16);
}

}  // namespace detail
}  // namespace aie

// The upper half of a float: 8 significant bits. From float it rounds by the core's rounding mode; to float it is exact.
struct bfloat16 {
  uint16_t bits;

  bfloat16() = default;
  bfloat16(float value) : bits(aie::detail::narrow_to_bf16<4>((aie::detail::lanes<float, 4>)(value))[0]) {}
  explicit bfloat16(int value) : bfloat16(static_cast<float>(value)) {}
  operator float() const { return aie::detail::bits_as<float>(static_cast<uint32_t>(bits) << 16); }

  static constexpr bfloat16 from_bits(uint16_t value) {
    bfloat16 result;
    result.bits = value;
    return result;
  }
};
static_assert(sizeof(bfloat16) == 2);

// Accumulator tags: AIE2 and AIE2P have 32 and 64 bits; a tag means the next size up.
struct acc16 {};
struct acc24 {};
struct acc32 {};
struct acc40 {};
struct acc48 {};
struct acc56 {};
struct acc64 {};
// AIE1 widths: they round up to 64 like on the device.
struct acc72 {};
struct acc80 {};
struct accfloat {};
struct accauto {};

namespace aie::detail {

// How lanes of T are held. Element types that are not listed do not exist in this implementation.
template <typename T>
struct element;
template <typename Held, bool IsFloat, bool IsSigned>
struct element_of {
  using held = Held;
  static constexpr bool is_float = IsFloat;
  static constexpr bool is_signed = IsSigned;
};
template <> struct element<int8_t> : element_of<int8_t, false, true> {};
template <> struct element<int16_t> : element_of<int16_t, false, true> {};
template <> struct element<int32_t> : element_of<int32_t, false, true> {};
template <> struct element<uint8_t> : element_of<uint8_t, false, false> {};
template <> struct element<uint16_t> : element_of<uint16_t, false, false> {};
template <> struct element<uint32_t> : element_of<uint32_t, false, false> {};
template <> struct element<bfloat16> : element_of<uint16_t, true, true> {};
template <> struct element<float> : element_of<float, true, true> {};

template <typename T>
concept element_type = requires { typename element<T>::held; };
template <element_type T>
using held_t = typename element<T>::held;

// How lanes of an accumulator are held.
template <typename Tag>
struct accumulator;
template <> struct accumulator<acc16> { using held = int32_t; };
template <> struct accumulator<acc24> { using held = int32_t; };
template <> struct accumulator<acc32> { using held = int32_t; };
template <> struct accumulator<acc40> { using held = int64_t; };
template <> struct accumulator<acc48> { using held = int64_t; };
template <> struct accumulator<acc56> { using held = int64_t; };
template <> struct accumulator<acc64> { using held = int64_t; };
template <> struct accumulator<acc72> { using held = int64_t; };
template <> struct accumulator<acc80> { using held = int64_t; };
template <> struct accumulator<accfloat> { using held = float; };
template <typename Tag>
concept accumulator_tag = requires { typename accumulator<Tag>::held; };
template <accumulator_tag Tag>
using acc_held_t = typename accumulator<Tag>::held;

template <typename Tag>
inline constexpr bool is_float_tag = same<Tag, accfloat>;

}  // namespace aie::detail
