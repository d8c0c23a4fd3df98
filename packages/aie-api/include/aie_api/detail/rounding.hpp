// Rounding by the mode of the core: integers that are shifted right, and floats that become bfloat16.
//
// The two modes that kernels set are written out where they are used; a call leads to the others.
#pragma once

#include "modes.hpp"
#include "registers.hpp"

namespace aie::detail {

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

template <typename Held>
using unsigned_held = choose_t<sizeof(Held) == 8, uint64_t, uint32_t>;

// x / 2^shift for shift > 0 in any mode.
template <typename Held>
[[gnu::noinline]] register_of<Held> shift_round(register_of<Held> x, int shift) {
  const Held mask = static_cast<Held>((static_cast<unsigned_held<Held>>(1) << shift) - 1);
  const register_of<Held> quotient = x >> static_cast<Held>(shift);
  const auto addend = rounding_addend<Held>(get_rounding(), mask).of(x >> static_cast<Held>(8 * sizeof(Held) - 1), quotient);
  // The rest is below 2^shift and so is the addend: their sum fits, and its shift is unsigned, which is cheaper.
  const auto carry = bits_as<register_of<unsigned_held<Held>>>((x & mask) + addend) >> static_cast<unsigned_held<Held>>(shift);
  return quotient + bits_as<register_of<Held>>(carry);
}

// To nearest, ties to even, where x plus half is no overflow: half is added, less one for even quotients. V8 makes four
// instructions of a shift by a variable, and six of a signed one of 64 bits, hence an unsigned one there.
template <typename Held>
AIEKIT_INLINE register_of<Held> shift_round_even(register_of<Held> x, int shift) {
  using unsigned_lanes = register_of<unsigned_held<Held>>;
  const unsigned_held<Held> bit = static_cast<unsigned_held<Held>>(1) << shift;
  const register_of<Held> is_even = (x & static_cast<Held>(bit)) == 0;
  const register_of<Held> sum = x + static_cast<Held>(bit >> 1) + is_even;
  if constexpr (sizeof(Held) == 4) {
    return sum >> static_cast<Held>(shift);
  } else {
    constexpr uint64_t least = static_cast<uint64_t>(1) << 63;
    unsigned_lanes above_least = bits_as<unsigned_lanes>(sum) + least;
    // Else the compiler sees what is meant and makes a signed shift of it.
    __asm__("" : "+r"(above_least));
    return bits_as<register_of<Held>>((above_least >> static_cast<uint64_t>(shift)) - (least >> shift));
  }
}

AIEKIT_INLINE bool any_above(register_of<int32_t> words, int32_t limit) {
  return __builtin_wasm_any_true_v128(bits_as<register_of<int8_t>>(static_cast<register_of<int32_t>>(words > limit)));
}

// True where a lane plus half of 2^shift is an overflow, or, for lanes of 64 bits, not far from one.
template <typename Held, unsigned N>
AIEKIT_INLINE bool may_overflow(const registers<Held, N>& x, int shift) {
  using words = register_of<int32_t>;
  words largest = bits_as<words>(x.at[0]);
  AIEKIT_UNROLL for (unsigned i = 1; i < x.count; ++i) largest = __builtin_elementwise_max(largest, bits_as<words>(x.at[i]));
  const auto half = static_cast<unsigned_held<Held>>(1) << (shift - 1);
  if constexpr (sizeof(Held) == 4) return any_above(largest, 0x7fffffff - static_cast<int32_t>(half));
  // The upper halves of the lanes; the lower ones say nothing.
  return any_above(__builtin_shufflevector(largest, largest, 1, 3, 1, 3), 0x7ffffffe - static_cast<int32_t>(half >> 32));
}

// Every register divided by 2^shift, in the mode of the core.
template <typename Held, unsigned N>
AIEKIT_INLINE void shift_round_all(registers<Held, N>& x, int shift) {
  if (shift == 0) return;
  const rounding_mode mode = get_rounding();
  if (mode == rounding_mode::conv_even && !may_overflow(x, shift)) {
    AIEKIT_UNROLL for (unsigned i = 0; i < x.count; ++i) x.at[i] = shift_round_even<Held>(x.at[i], shift);
  } else if (mode == rounding_mode::floor) {
    AIEKIT_UNROLL for (unsigned i = 0; i < x.count; ++i) x.at[i] >>= static_cast<Held>(shift);
  } else {
    AIEKIT_UNROLL for (unsigned i = 0; i < x.count; ++i) x.at[i] = shift_round<Held>(x.at[i], shift);
  }
}

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

using word_register = register_of<int32_t>;
using int16_register = register_of<int16_t>;

// Bits of floats -> words whose upper half is the bfloat16, in any mode. NaN stays NaN; overflow becomes infinity.
[[gnu::noinline]] inline word_register round_to_upper_half(word_register bits) {
  const word_register magnitude = bits & 0x7fffffff;
  const rounding_addend<int32_t> addend(for_magnitude(get_rounding()), 0xffff);
  const word_register rounded = magnitude + addend.of(bits >> 31, magnitude >> 16);
  const word_register is_nan = magnitude > 0x7f800000;
  return (is_nan & (magnitude | 0x400000)) | (~is_nan & rounded) | (bits & static_cast<int32_t>(0x80000000));
}

// The same to nearest, ties to even, for what is not NaN: only there could a carry go beyond the exponent.
AIEKIT_INLINE word_register round_even_to_upper_half(word_register bits) { return bits + ((bits >> 16) & 1) + 0x7fff; }

// False where no lane is NaN, which one sum of all tells; infinities of both signs make it true as well.
template <unsigned N>
AIEKIT_INLINE bool may_have_nan(const registers<int32_t, N>& bits) {
  using floats = register_of<float>;
  floats sum = bits_as<floats>(bits.at[0]);
  AIEKIT_UNROLL for (unsigned i = 1; i < bits.count; ++i) sum += bits_as<floats>(bits.at[i]);
  return __builtin_wasm_any_true_v128(bits_as<register_of<int8_t>>(static_cast<word_register>(sum != sum)));
}

// The upper halves of N words.
template <unsigned N>
AIEKIT_INLINE lanes<uint16_t, N> upper_halves(const registers<int32_t, N>& words) {
  registers<uint16_t, N> out;
  AIEKIT_UNROLL for (unsigned i = 0; i < out.count; ++i) {
    out.at[i] = bits_as<register_of<uint16_t>>(__builtin_wasm_narrow_s_i16x8_i32x4(words.at[2 * i] >> 16, words.at[2 * i + 1] >> 16));
  }
  return out.joined();
}

// Float to bfloat16: the upper half of the bits, rounded by the control register on the value (so floor makes negative
// numbers larger in magnitude).
template <unsigned N>
AIEKIT_INLINE lanes<uint16_t, N> narrow_to_bf16(lanes<float, N> value) {
  registers<int32_t, N> words(bits_as<lanes<int32_t, N>>(value));
  if (get_rounding() == rounding_mode::conv_even && !may_have_nan(words)) {
    AIEKIT_UNROLL for (unsigned i = 0; i < words.count; ++i) words.at[i] = round_even_to_upper_half(words.at[i]);
  } else {
    AIEKIT_UNROLL for (unsigned i = 0; i < words.count; ++i) words.at[i] = round_to_upper_half(words.at[i]);
  }
  return upper_halves(words);
}
AIEKIT_INLINE uint16_t narrow_to_bf16(float value) {
  const uint32_t bits = bits_as<uint32_t>(value);
  if (get_rounding() != rounding_mode::conv_even) {
    return static_cast<uint16_t>(bits_as<register_of<uint32_t>>(round_to_upper_half((word_register)(static_cast<int32_t>(bits))))[0] >> 16);
  }
  if (value != value) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// For values that bfloat16 holds exactly.
template <unsigned N>
AIEKIT_INLINE lanes<uint16_t, N> pack_bf16(lanes<float, N> value) {
  return upper_halves(registers<int32_t, N>(bits_as<lanes<int32_t, N>>(value)));
}

// Floats of eight bfloat16: the first four, the last four.
AIEKIT_INLINE void widen_bf16(register_of<uint16_t> v, register_of<float>& low, register_of<float>& high) {
  const register_of<uint16_t> zero = {};
  low = bits_as<register_of<float>>(__builtin_shufflevector(zero, v, 0, 8, 1, 9, 2, 10, 3, 11));
  high = bits_as<register_of<float>>(__builtin_shufflevector(zero, v, 4, 12, 5, 13, 6, 14, 7, 15));
}

template <unsigned N>
AIEKIT_INLINE lanes<float, N> widen_bf16(lanes<uint16_t, N> bits) {
  const registers<uint16_t, N> in(bits);
  registers<float, N> out;
  AIEKIT_UNROLL for (unsigned i = 0; i < in.count; ++i) widen_bf16(in.at[i], out.at[2 * i], out.at[2 * i + 1]);
  return out.joined();
}

}  // namespace aie::detail
