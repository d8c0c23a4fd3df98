// Stage 2 of mel: 80 triangles over the power spectrum, block-scaled in groups of 16.
//
// Part of     mel.cc: the cycles are among its own, modelled.
#pragma once

#include "power.h"

namespace mel {

constexpr unsigned kBands = 80;
constexpr unsigned kGroups = kBands / kLanes;
constexpr unsigned kBandWords = 88;
constexpr unsigned kGroupExponents = 80;
constexpr unsigned kBandsFine = 85;
constexpr int kWeightBits = 15;
// The largest sum is below 2^50 (powers below 2^31, weights of a band below 8.8 in Q15), so this leaves 31 bits.
constexpr int kSumBits = 19;

// E[b] = bands[b] 2^e, or -bands[b] 2^(e - bands[85]) where bands[b] < 0, with e = bands[80 + b / 16]: power's two scales.
// bands[86..87] = 0.
inline void bands_of_power(const int32_t *__restrict power, int32_t *__restrict bands) {
  const int fine = power[kPowerFine];
  const int32 limit = fine > 0 ? 1 << (30 - fine) : 0;
  for (unsigned group = 0; group < kGroups; ++group) {
    const int16_t *__restrict weights = kMelWeights[kFirstRow[group]];
    const int32_t *__restrict bin = power + kFirstBin[group];
    const int rows = kFirstRow[group + 1] - kFirstRow[group];
    auto coarse_sums = aie::zeros<acc64, kLanes>();
    auto fine_sums = aie::zeros<acc64, kLanes>();
    AIE_LOOP_RANGE(15, 115)
    for (int row = 0; row < rows; ++row) {
      const auto weight = aie::load_v<kLanes>(weights + row * kLanes);
      coarse_sums = aie::mac(coarse_sums, weight, bin[row] > 0 ? bin[row] : 0);
      fine_sums = aie::mac(fine_sums, weight, bin[row] < 0 ? -bin[row] : 0);
    }

    const auto tops = aie::add(coarse_sums.template to_vector<int32>(kSumBits), fine_sums.template to_vector<int32>(kSumBits + fine));
    const int spare = 31 - bits_of(aie::reduce_max(tops));
    const int down = spare < kSumBits ? kSumBits - spare : 0;
    const auto coarse = aie::add(coarse_sums.template to_vector<int32>(down), fine_sums.template to_vector<int32>(down + fine));
    // A band stays fine where it is small and has no part on the coarse scale: such parts are 2^(31 - fine) at least.
    const auto no_coarse = aie::eq(coarse_sums.template to_vector<int32>(kPowerBits - kFineBits), 0);
    const auto finer = aie::neg(fine_sums.template to_vector<int32>(down));
    aie::store_v(bands + group * kLanes, aie::select(coarse, finer, aie::lt(coarse, limit) & no_coarse));
    bands[kGroupExponents + group] = power[kPowerExponent] + down - kWeightBits;
    AIEKIT_SCALAR_CYCLES(20 + 4 * rows);
  }
  bands[kBandsFine] = fine;
  bands[86] = bands[87] = 0;
}

}  // namespace mel
