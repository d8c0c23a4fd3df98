// Element types and accumulator tags of the published aie_api interface.
#pragma once

#include <stddef.h>

#include "rounding.hpp"

using int8 = int8_t;
using int16 = int16_t;
using int32 = int32_t;
using int64 = int64_t;
using uint8 = uint8_t;
using uint16 = uint16_t;
using uint32 = uint32_t;
using uint64 = uint64_t;

// The upper half of a float: 8 significant bits. From float it rounds by the core's rounding mode; to float it is exact.
struct bfloat16 {
  uint16_t bits;

  bfloat16() = default;
  bfloat16(float value) : bits(aie::detail::narrow_to_bf16(value)) {}
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
