// aie::accum<Tag, N>: lanes of 32 or 64 bits that wrap, or of binary32; the way out is shift, round, saturate.
#pragma once

#include "vector.hpp"
#include "wide_words.hpp"

namespace aie {
namespace detail {

// Smallest and largest value of T under a saturation mode.
template <typename T>
constexpr int64_t greatest() {
  constexpr unsigned bits = 8 * sizeof(T) - (element<T>::is_signed ? 1 : 0);
  return (static_cast<int64_t>(1) << bits) - 1;
}
template <typename T>
AIEKIT_INLINE int64_t least(saturation_mode mode) {
  if constexpr (!element<T>::is_signed) return 0;
  return mode == saturation_mode::symmetric ? -greatest<T>() : -greatest<T>() - 1;
}

// Words to T, saturating. Narrowing takes signed lanes: an unsigned byte goes by int16, where it is cut off at zero.
template <typename T, unsigned N>
AIEKIT_INLINE lanes<T, N> narrow_saturating(const registers<int32_t, N>& words) {
  using half = choose_t<same<T, uint16_t>, uint16_t, int16_t>;
  registers<half, N> halves;
  AIEKIT_UNROLL for (unsigned i = 0; i < halves.count; ++i) {
    const word_register a = words.at[2 * i], b = words.at[2 * i + 1];
    if constexpr (same<T, uint16_t>) halves.at[i] = bits_as<register_of<half>>(__builtin_wasm_narrow_u_i16x8_i32x4(a, b));
    else halves.at[i] = __builtin_wasm_narrow_s_i16x8_i32x4(a, b);
  }
  if constexpr (sizeof(T) == 2) {
    return bits_as<lanes<T, N>>(halves.joined());
  } else {
    registers<T, N> bytes;
    AIEKIT_UNROLL for (unsigned i = 0; i < bytes.count; ++i) {
      const int16_register x = halves.at[2 * i], y = halves.at[2 * i + 1];
      if constexpr (same<T, uint8_t>) bytes.at[i] = bits_as<register_of<T>>(__builtin_wasm_narrow_u_i8x16_i16x8(x, y));
      else bytes.at[i] = bits_as<register_of<T>>(__builtin_wasm_narrow_s_i8x16_i16x8(x, y));
    }
    return bytes.joined();
  }
}

// Lanes that were shifted and rounded, to T by the saturation mode. Held is wider than T, or as wide.
template <typename T, typename Held, unsigned N>
AIEKIT_INLINE lanes<T, N> saturate(const registers<Held, N>& rounded) {
  using wide = lanes<Held, N>;
  const saturation_mode mode = get_saturation();
  if (mode == saturation_mode::saturate) {
    if constexpr (sizeof(Held) == 4 && sizeof(T) < 4) return narrow_saturating<T, N>(rounded);
    // Nothing is beyond the accumulator's own type.
    if constexpr (same<Held, T>) return rounded.joined();
  }
  wide value = rounded.joined();
  if (mode != saturation_mode::none) {
    if constexpr (greatest<T>() <= static_cast<int64_t>(~static_cast<unsigned_held<Held>>(0) >> 1)) {
      value = __builtin_elementwise_min(value, (wide)(static_cast<Held>(greatest<T>())));
    }
    value = __builtin_elementwise_max(value, (wide)(static_cast<Held>(least<T>(mode))));
  }
  return __builtin_convertvector(value, lanes<T, N>);
}

// Shift, round and saturate one accumulator of integers to T.
template <typename T, typename Held, unsigned N>
AIEKIT_INLINE lanes<T, N> shift_round_saturate(lanes<Held, N> value, int shift) {
  constexpr int held_bits = 8 * sizeof(Held);
  if (shift < 0 || shift >= held_bits) aiekit::trap(aiekit::trap_code::out_of_range, shift, held_bits - 1);
  aiekit::count_vector(N * held_bits / 2);
  registers<Held, N> x(value);
  if constexpr (sizeof(Held) == 8 && !same<T, uint32_t>) {
    const registers<int32_t, N> words = shift_round_to_words<N>(x, shift);
    if constexpr (sizeof(T) == 4) return words.joined();
    else return saturate<T, int32_t, N>(words);
  } else {
    shift_round_all<Held, N>(x, shift);
    return saturate<T, Held, N>(x);
  }
}

}  // namespace detail

template <detail::accumulator_tag Tag, unsigned N>
class accum {
 public:
  using held = detail::acc_held_t<Tag>;
  using native_type = detail::lanes<held, N>;
  static constexpr bool is_float = detail::is_float_tag<Tag>;
  static_assert(detail::is_power_of_two(N) && N >= 4 && N <= 128,
                "aie::accum: expected 4, 8, 16, 32, 64 or 128 lanes");

  static constexpr unsigned bits() { return N * sizeof(held) * 8; }
  static constexpr unsigned size() { return N; }

  // Undefined on the device; see vector().
  AIEKIT_INLINE accum() { __builtin_memset(&lanes_, 0xa5, sizeof lanes_); }
  AIEKIT_INLINE accum(native_type lanes) : lanes_(lanes) {}
  template <detail::element_type T>
  AIEKIT_INLINE explicit accum(const vector<T, N>& from, int shift = 0) {
    from_vector(from, shift);
  }
  template <detail::element_type T>
  AIEKIT_INLINE accum& operator=(const vector<T, N>& from) {
    from_vector(from, 0);
    return *this;
  }
  // Tags of the same width are the same accumulator.
  template <detail::accumulator_tag Other>
    requires(!detail::same<Other, Tag> && detail::same<detail::acc_held_t<Other>, held>)
  AIEKIT_INLINE accum(const accum<Other, N>& other) : lanes_(other.to_native()) {}

  AIEKIT_INLINE native_type to_native() const { return lanes_; }

  // Widen, then shift left; exact as long as the accumulator is wide enough, else it wraps.
  template <detail::element_type T>
  AIEKIT_INLINE void from_vector(const vector<T, N>& from, int shift = 0) {
    static_assert(detail::element<T>::is_float == is_float,
                  "aie::accum: integers go into integer accumulators, bfloat16 and float into accfloat");
    aiekit::count_vector(bits() / 2);
    if constexpr (detail::same<T, bfloat16>) {
      lanes_ = detail::widen_bf16<N>(from.to_native());
    } else if constexpr (is_float) {
      lanes_ = from.to_native();
    } else {
      if (shift < 0 || shift >= static_cast<int>(8 * sizeof(held))) {
        aiekit::trap(aiekit::trap_code::out_of_range, shift, 8 * sizeof(held) - 1);
      }
      lanes_ = __builtin_convertvector(from.to_native(), native_type) << static_cast<held>(shift);
    }
  }

  // Integers: shift right, round, saturate by the control registers. bfloat16: rounded; float: the same bits.
  template <detail::element_type T>
  AIEKIT_INLINE vector<T, N> to_vector(int shift = 0) const {
    static_assert(detail::element<T>::is_float == is_float,
                  "aie::accum::to_vector: integer accumulators give integers, accfloat gives bfloat16 or float");
    if constexpr (detail::same<T, bfloat16>) {
      aiekit::count_vector(bits() / 2);
      return detail::narrow_to_bf16<N>(lanes_);
    } else if constexpr (is_float) {
      return lanes_;
    } else {
      static_assert(sizeof(T) <= sizeof(held), "aie::accum::to_vector: the accumulator is narrower than the vector");
      return detail::shift_round_saturate<T, held, N>(lanes_, shift);
    }
  }
  AIEKIT_INLINE vector<float, N> to_vector() const
    requires is_float
  {
    return lanes_;
  }

  // Only floating-point accumulators turn into vectors by themselves: integers need a shift, so they need to_vector.
  template <detail::element_type T>
    requires(is_float && detail::element<T>::is_float && N <= 32)
  AIEKIT_INLINE operator vector<T, N>() const {
    return to_vector<T>();
  }

  template <detail::accumulator_tag Other>
  AIEKIT_INLINE auto cast_to() const {
    constexpr unsigned count = bits() / (8 * sizeof(detail::acc_held_t<Other>));
    return accum<Other, count>(detail::bits_as<typename accum<Other, count>::native_type>(lanes_));
  }

  template <unsigned M>
  AIEKIT_INLINE accum<Tag, M> extract(unsigned part) const {
    static_assert(M <= N, "aie::accum::extract: more lanes than the accumulator has");
    check_part(part, N / M);
    return detail::part_of<held, M, N>(lanes_, part);
  }
  template <unsigned M>
  AIEKIT_INLINE accum& insert(unsigned part, const accum<Tag, M>& from) {
    static_assert(M <= N, "aie::accum::insert: more lanes than the accumulator has");
    check_part(part, N / M);
    lanes_ = detail::with_part<held, M, N>(lanes_, from.to_native(), part);
    return *this;
  }
  template <unsigned M>
  AIEKIT_INLINE accum<Tag, M> grow() const {
    return accum<Tag, M>().insert(0, *this);
  }

 private:
  static AIEKIT_INLINE void check_part(unsigned part, unsigned count) {
    if (part >= count) aiekit::trap(aiekit::trap_code::out_of_range, static_cast<int32_t>(part), count);
  }

  native_type lanes_;
};

namespace detail {
template <typename A>
inline constexpr bool is_accum = false;
template <typename Tag, unsigned N>
inline constexpr bool is_accum<accum<Tag, N>> = true;
}  // namespace detail

template <detail::element_type T, unsigned N = native_vector_length_v<T>>
AIEKIT_INLINE vector<T, N> zeros() {
  return broadcast<T, N>(T(0));
}
template <detail::accumulator_tag Tag, unsigned N>
AIEKIT_INLINE accum<Tag, N> zeros() {
  aiekit::count_vector(accum<Tag, N>::bits() / 2);
  return accum<Tag, N>(typename accum<Tag, N>::native_type{});
}

template <detail::element_type T, unsigned N, detail::accumulator_tag Tag>
AIEKIT_INLINE vector<T, N> to_vector(const accum<Tag, N>& from, int shift = 0) {
  return from.template to_vector<T>(shift);
}

// Lane-wise, wrapping for integers.
template <detail::accumulator_tag Tag, unsigned N>
AIEKIT_INLINE accum<Tag, N> add(const accum<Tag, N>& a, const accum<Tag, N>& b) {
  aiekit::count_vector(a.bits() / 2);
  return accum<Tag, N>(a.to_native() + b.to_native());
}
template <detail::accumulator_tag Tag, unsigned N>
AIEKIT_INLINE accum<Tag, N> sub(const accum<Tag, N>& a, const accum<Tag, N>& b) {
  aiekit::count_vector(a.bits() / 2);
  return accum<Tag, N>(a.to_native() - b.to_native());
}
template <detail::accumulator_tag Tag, unsigned N>
AIEKIT_INLINE accum<Tag, N> neg(const accum<Tag, N>& a) {
  aiekit::count_vector(a.bits() / 2);
  return accum<Tag, N>(-a.to_native());
}
template <detail::accumulator_tag Tag, unsigned N, detail::element_type T>
AIEKIT_INLINE accum<Tag, N> add(const accum<Tag, N>& a, const vector<T, N>& b) {
  return add(a, accum<Tag, N>(b));
}
template <detail::accumulator_tag Tag, unsigned N, detail::element_type T>
AIEKIT_INLINE accum<Tag, N> sub(const accum<Tag, N>& a, const vector<T, N>& b) {
  return sub(a, accum<Tag, N>(b));
}

}  // namespace aie

using v16accfloat = aie::accum<accfloat, 16>;
using v32accfloat = aie::accum<accfloat, 32>;
using v16acc32 = aie::accum<acc32, 16>;
using v32acc32 = aie::accum<acc32, 32>;
using v8acc64 = aie::accum<acc64, 8>;
using v16acc64 = aie::accum<acc64, 16>;
