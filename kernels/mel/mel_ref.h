// What the functions of mel.cc compute, in scalar integers: the kernel equals it bit for bit. Plain C++17, no aie_api.
#pragma once

#include <stdint.h>

#include "fft/fft_ref.h"
#include "mel_tables.h"

namespace mel {

// The least b with m < 2^b.
inline int ref_bits(int64_t m) {
  int bits = 0;
  for (; m > 0; m >>= 1) ++bits;
  return bits;
}

// value / 2^down, to nearest even; times 2^-down where down is negative.
inline int32_t ref_scale(int64_t value, int down) {
  if (down > 0) return fft512::ref_round(value, down);
  return static_cast<int32_t>(value * (static_cast<int64_t>(1) << -down));
}

inline int64_t ref_magnitude(int64_t x) { return x < 0 ? -x : x; }

inline void mel_power_i16_ref(const int16_t *pcm, int32_t *power) {
  int32_t x[512] = {};
  int64_t largest = 0;
  for (int n = 0; n < 400; ++n) {
    x[n] = fft512::ref_round(static_cast<int64_t>(pcm[n]) * kHann[n], 16);
    if (ref_magnitude(x[n]) > largest) largest = ref_magnitude(x[n]);
  }
  const int up = 21 - ref_bits(largest);
  for (int n = 0; n < 512; ++n) x[n] = ref_scale(x[n], -up);

  fft512::RefComplex bins[257];
  fft512::ref_transform(x, bins);
  largest = 0;
  for (int k = 0; k <= 256; ++k) {
    if (ref_magnitude(bins[k].re) > largest) largest = ref_magnitude(bins[k].re);
    if (ref_magnitude(bins[k].im) > largest) largest = ref_magnitude(bins[k].im);
  }
  const int excess = 2 * ref_bits(largest) - 30;
  const int down = excess > 0 ? excess : 0;
  const int fine = down < 16 ? down : 16;
  for (int k = 0; k <= 256; ++k) {
    const int64_t re = bins[k].re, im = bins[k].im;
    const int32_t coarse = ref_scale(re * re + im * im, down);
    const bool is_fine = fine > 0 && ref_bits(coarse) <= 31 - fine;
    power[k] = is_fine ? -ref_scale(re * re + im * im, down - fine) : coarse;
  }
  power[257] = down - 2 * (31 + up);
  power[258] = fine;
  for (int k = 259; k < 264; ++k) power[k] = 0;
}

inline void mel_bands_i32_ref(const int32_t *power, int32_t *bands) {
  const int fine = power[258];
  for (int group = 0; group < 5; ++group) {
    int64_t coarse_sums[16] = {}, fine_sums[16] = {};
    for (int row = kFirstRow[group]; row < kFirstRow[group + 1]; ++row) {
      const int64_t bin = power[kFirstBin[group] + row - kFirstRow[group]];
      for (int lane = 0; lane < 16; ++lane) (bin > 0 ? coarse_sums : fine_sums)[lane] += ref_magnitude(bin) * kMelWeights[row][lane];
    }
    int64_t largest = 0;
    for (int lane = 0; lane < 16; ++lane) {
      const int64_t top = ref_scale(coarse_sums[lane], 19) + ref_scale(fine_sums[lane], 19 + fine);
      if (top > largest) largest = top;
    }
    const int spare = 31 - ref_bits(largest);
    const int down = spare < 19 ? 19 - spare : 0;
    for (int lane = 0; lane < 16; ++lane) {
      const int32_t coarse = ref_scale(coarse_sums[lane], down) + ref_scale(fine_sums[lane], down + fine);
      const bool is_fine = fine > 0 && ref_bits(coarse) <= 30 - fine && coarse_sums[lane] == 0;
      bands[16 * group + lane] = is_fine ? -ref_scale(fine_sums[lane], down) : coarse;
    }
    bands[80 + group] = power[257] + down - 15;
  }
  bands[85] = fine;
  bands[86] = bands[87] = 0;
}

inline void mel_log_i16_ref(const int32_t *bands, int16_t *out) {
  for (int b = 0; b < 80; ++b) {
    const int64_t value = ref_magnitude(bands[b]);
    if (value == 0) {
      out[b] = -25600;
      continue;
    }
    const int exponent = ref_bits(value) - 1;
    const int64_t fraction = (value - (static_cast<int64_t>(1) << exponent)) * 32768 >> exponent;
    int64_t polynomial = kLog2[4];
    for (int i = 3; i >= 0; --i) polynomial = ref_scale(polynomial * fraction, 15) + kLog2[i];
    const int scale = bands[80 + b / 16] - (bands[b] < 0 ? bands[85] : 0);
    const int64_t log2 = (exponent + scale) * 65536 + ref_scale(polynomial * fraction, 27);
    const int32_t decibels = ref_scale(log2 * 6313056, 29);
    out[b] = static_cast<int16_t>(decibels < -25600 ? -25600 : decibels);
  }
}

inline void mel_frame_i16_ref(const int16_t *pcm, int16_t *out) {
  int32_t power[264];
  int32_t bands[88];
  mel_power_i16_ref(pcm, power);
  mel_bands_i32_ref(power, bands);
  mel_log_i16_ref(bands, out);
}

}  // namespace mel
