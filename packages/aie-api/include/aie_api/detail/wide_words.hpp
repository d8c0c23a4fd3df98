// Accumulators of 64 bits to int32: shifted, rounded to nearest even and saturated, four results at a time where that is exact.
#pragma once

#include "rounding.hpp"

namespace aie::detail {

// The lower and the upper halves of four lanes of 64 bits.
AIEKIT_INLINE word_register low_words(register_of<int64_t> a, register_of<int64_t> b) {
  return __builtin_shufflevector(bits_as<word_register>(a), bits_as<word_register>(b), 0, 2, 4, 6);
}
AIEKIT_INLINE word_register high_words(register_of<int64_t> a, register_of<int64_t> b) {
  return __builtin_shufflevector(bits_as<word_register>(a), bits_as<word_register>(b), 1, 3, 5, 7);
}

// x / 2^shift to nearest even, for shifts of 1 to 31. False where a lane of `out` does not hold it: beyond int32.
template <unsigned N>
AIEKIT_INLINE bool round_even_by_less_than_32(const registers<int64_t, N>& x, int shift, registers<int32_t, N>& out) {
  using unsigned_lanes = register_of<uint64_t>;
  using unsigned_words = register_of<uint32_t>;
  const int64_t bit = static_cast<int64_t>(1) << shift;
  const uint32_t range = static_cast<uint32_t>(1) << (shift - 1);
  unsigned_words largest = {};
  AIEKIT_UNROLL for (unsigned i = 0; i < out.count; ++i) {
    register_of<int64_t> sum[2];
    AIEKIT_UNROLL for (unsigned j = 0; j < 2; ++j) {
      const register_of<int64_t> value = x.at[2 * i + j], is_even = (value & bit) == 0;
      sum[j] = value + (bit >> 1) + is_even;
    }
    // The sum's upper half is within -range .. range - 1; a sum that wrapped is not.
    largest = __builtin_elementwise_max(largest, bits_as<unsigned_words>(high_words(sum[0], sum[1])) + range);
    AIEKIT_UNROLL for (unsigned j = 0; j < 2; ++j) {
      sum[j] = bits_as<register_of<int64_t>>(bits_as<unsigned_lanes>(sum[j]) >> static_cast<uint64_t>(shift));
    }
    out.at[i] = low_words(sum[0], sum[1]);
  }
  return !__builtin_wasm_any_true_v128(bits_as<register_of<int8_t>>(largest >= 2 * range));
}

// The same for shifts of 33 to 63, by the upper halves: the lower ones only tell whether a half is one. False where a half
// more is an overflow.
template <unsigned N>
AIEKIT_INLINE bool round_even_by_more_than_32(const registers<int64_t, N>& x, int shift, registers<int32_t, N>& out) {
  const auto bit = static_cast<int32_t>(static_cast<uint32_t>(1) << (shift - 32));
  const auto half = static_cast<int32_t>(static_cast<uint32_t>(1) << (shift - 33));
  word_register largest = {};
  AIEKIT_UNROLL for (unsigned i = 0; i < out.count; ++i) {
    const word_register low = low_words(x.at[2 * i], x.at[2 * i + 1]), high = high_words(x.at[2 * i], x.at[2 * i + 1]);
    const word_register down = ((high & bit) == 0) & (low == 0);
    largest = __builtin_elementwise_max(largest, high);
    out.at[i] = (high + half + down) >> (shift - 32);
  }
  return !any_above(largest, 0x7fffffff - half);
}

// Four lanes of 64 bits in any modes and by any shift: the lower half of what is rounded, which without saturation is all, and
// with it stays where the upper half is its sign; else it is the end on the upper one's side.
[[gnu::noinline]] inline word_register shift_round_to_words(register_of<int64_t> a, register_of<int64_t> b, int shift) {
  if (shift != 0) a = shift_round<int64_t>(a, shift), b = shift_round<int64_t>(b, shift);
  const word_register low = low_words(a, b), high = high_words(a, b);
  const saturation_mode mode = get_saturation();
  if (mode == saturation_mode::none) return low;
  const word_register fits = high == low >> 31;
  const word_register nearest = (low & fits) | (((high >> 31) ^ 0x7fffffff) & ~fits);
  return mode == saturation_mode::symmetric ? __builtin_elementwise_max(nearest, (word_register)(-0x7fffffff)) : nearest;
}

// Shift, round and saturate to int32 in the modes of the core. What the short ways round fits, so it needs no saturation; but
// the least int32 is none of symmetric saturation.
template <unsigned N>
AIEKIT_INLINE registers<int32_t, N> shift_round_to_words(const registers<int64_t, N>& x, int shift) {
  registers<int32_t, N> out;
  if (get_rounding() == rounding_mode::conv_even && get_saturation() != saturation_mode::symmetric) {
    if (shift > 32) {
      if (round_even_by_more_than_32<N>(x, shift, out)) return out;
    } else if (shift > 0 && shift < 32) {
      if (round_even_by_less_than_32<N>(x, shift, out)) return out;
    }
  }
  AIEKIT_UNROLL for (unsigned i = 0; i < out.count; ++i) out.at[i] = shift_round_to_words(x.at[2 * i], x.at[2 * i + 1], shift);
  return out;
}

}  // namespace aie::detail
