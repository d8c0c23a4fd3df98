// Stage 3 of mel: 10 log10 of the band energies.
//
// Part of     mel.cc: the cycles are among its own, modelled.
#pragma once

#include "bands.h"

namespace mel {

constexpr int32 kFloor = -100 * 256;
constexpr int kFractionBits = 15;
constexpr int kCoefficientBits = 28;
constexpr int kLogBits = 16;
// 256 * 10 log10(2) = 770.6367, with 13 bits of fraction.
constexpr int32 kDecibels = 6313056;
constexpr int kDecibelBits = 13;
// log2 of nothing: below any floor, and far from overflow.
constexpr int32 kLogOfZero = -512 * (1 << kLogBits);

alignas(aie::vector_decl_align) inline int16 fractions[kBands];
alignas(aie::vector_decl_align) inline int32 exponents[kBands];

// value = 2^e (1 + f): f in Q15 (truncated), e in Q16. Scalar: the vector unit has no shift by lanes.
inline void normalise(const int32_t *__restrict bands) {
  for (unsigned b = 0; b < kBands; ++b) {
    const bool fine = bands[b] < 0;
    const int32 value = fine ? -bands[b] : bands[b];
    const int bits = bits_of(value);
    const int exponent = bits - 1 + bands[kGroupExponents + b / kLanes] - (fine ? bands[kBandsFine] : 0);
    // The leading one is shifted out; what follows it fills the word from the top.
    fractions[b] = bits < 2 ? 0 : static_cast<int16>((static_cast<uint32_t>(value) << (33 - bits)) >> (32 - kFractionBits));
    exponents[b] = value == 0 ? kLogOfZero : exponent * (1 << kLogBits);
  }
  AIEKIT_SCALAR_CYCLES(kBands * 14);
}

// out[b] = round(256 max(10 log10 E[b], -100)).
inline void log_of_bands(const int32_t *__restrict bands, int16_t *__restrict out) {
  normalise(bands);
  AIE_LOOP_RANGE(kGroups, kGroups)
  for (unsigned b = 0; b < kBands; b += kLanes) {
    const auto f = aie::load_v<kLanes>(fractions + b);
    auto polynomial = aie::broadcast<int32, kLanes>(kLog2[4]);
    AIE_LOOP_UNROLL_FULL
    for (int i = 3; i >= 0; --i) {
      polynomial = aie::add(aie::mul(polynomial, f).template to_vector<int32>(kFractionBits), kLog2[i]);
    }
    const auto log2 = aie::mul(polynomial, f).template to_vector<int32>(kFractionBits + kCoefficientBits - kLogBits);
    const auto exponent = aie::load_v<kLanes>(exponents + b);
    const auto decibels = aie::mul(aie::add(exponent, log2), kDecibels).template to_vector<int32>(kLogBits + kDecibelBits);
    const aie::accum<acc32, kLanes> floored(aie::max(decibels, kFloor));
    aie::store_v(out + b, floored.template to_vector<int16>());
  }
}

}  // namespace mel
