// (log10 x + 4) / 4 of positive floats in integers: the exponent and the fraction are fields of the number.
//
// Part of     logmel_bands.cc: the cycles are among its own, modelled.
#pragma once

#include <aie_api/aie.hpp>

#include "aie_kernel.h"
#include "logmel_tables.h"

namespace logmel {

constexpr int kFeatureBits = 28;
constexpr int kLog2Bits = 24;
constexpr int kFractionBits = 15;
constexpr int kCoefficientBits = 28;
// 1e-10 as binary32.
constexpr int32 kLeastEnergy = 0x2edbe6ff;
// log10(2) / 4, Q31.
constexpr int32 kQuarterOfLog10 = 161614248;

// Q28. Energies below 1e-10 count as 1e-10. Exact but for a fraction cut to 15 bits and the polynomial: 1e-5.
inline aie::vector<int32, 16> feature_of_energy(const aie::vector<float, 16> &energy) {
  const auto bits = aie::max(energy.cast_to<int32>(), kLeastEnergy);
  const auto exponent = aie::sub(aie::downshift(bits, 23), 127);
  const aie::accum<acc32, 16> cut(aie::bit_and(aie::downshift(bits, 23 - kFractionBits), (1 << kFractionBits) - 1));
  const auto fraction = cut.to_vector<int16>();

  auto polynomial = aie::broadcast<int32, 16>(kLog2[4]);
  AIE_LOOP_UNROLL_FULL
  for (int i = 3; i >= 0; --i) {
    polynomial = aie::add(aie::mul(polynomial, fraction).to_vector<int32>(kFractionBits), kLog2[i]);
  }
  const auto log2 = aie::mul(polynomial, fraction).to_vector<int32>(kFractionBits + kCoefficientBits - kLog2Bits);
  const auto whole = aie::add(aie::upshift(exponent, kLog2Bits), log2);
  const auto scaled = aie::mul(whole, kQuarterOfLog10).to_vector<int32>(kLog2Bits + 31 - kFeatureBits);
  return aie::add(scaled, 1 << kFeatureBits);
}

}  // namespace logmel
