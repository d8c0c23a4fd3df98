// What fft512_i16 computes, in scalar integers: the kernel equals it bit for bit. Plain C++17, no aie_api.
#pragma once

#include <stdint.h>

#include "fft_tables.h"

namespace fft512 {

// value / 2^shift, to nearest, ties to even.
inline int32_t ref_round(int64_t value, int shift) {
  const int64_t quotient = value >> shift;
  const int64_t rest = value & ((static_cast<int64_t>(1) << shift) - 1);
  const int64_t half = static_cast<int64_t>(1) << (shift - 1);
  return static_cast<int32_t>(quotient + (rest > half || (rest == half && (quotient & 1) != 0) ? 1 : 0));
}

struct RefComplex {
  int32_t re;
  int32_t im;
};

// (re + i im) times a twiddle in Q31; minus_cos and minus_sin as the tables hold them.
inline RefComplex ref_turn(RefComplex x, int32_t minus_cos, int32_t minus_sin) {
  const int64_t re = x.re, im = x.im;
  return {ref_round(-re * minus_cos - im * minus_sin, 31), ref_round(re * minus_sin - im * minus_cos, 31)};
}

// bins[k] = 2 sum_n x[n] e^(-2 pi i k n / 512), k = 0..256.
inline void ref_transform(const int32_t *x, RefComplex *bins) {
  RefComplex z[257], next[256];
  for (int n = 0; n < 256; ++n) z[n] = {x[2 * n], x[2 * n + 1]};
  for (int stage = 0; stage < 8; ++stage) {
    const int stride = 1 << stage;
    for (int i = 0; i < 128; ++i) {
      const RefComplex a = z[i], b = z[i + 128];
      const RefComplex difference = {a.re - b.re, a.im - b.im};
      const int at = 2 * i - i % stride;
      next[at] = {a.re + b.re, a.im + b.im};
      next[at + stride] = stage == 7 ? difference : ref_turn(difference, kStageCos[stage][i], kStageSin[stage][i]);
    }
    for (int i = 0; i < 256; ++i) z[i] = next[i];
  }
  z[256] = z[0];
  for (int k = 0; k < 256; ++k) {
    const RefComplex mirrored = z[256 - k];
    const RefComplex turned = ref_turn({z[k].im + mirrored.im, mirrored.re - z[k].re}, kSplitCos[k], kSplitSin[k]);
    bins[k] = {z[k].re + mirrored.re + turned.re, z[k].im - mirrored.im + turned.im};
  }
  bins[256] = {2 * (z[0].re - z[0].im), 0};
}

inline void fft512_i16_ref(const int16_t *in, int32_t *out) {
  int32_t x[512];
  RefComplex bins[257];
  for (int n = 0; n < 512; ++n) x[n] = static_cast<int32_t>(in[n]) * 32;
  ref_transform(x, bins);
  for (int k = 0; k < 512; ++k) {
    const RefComplex bin = k <= 256 ? bins[k] : bins[512 - k];
    out[2 * k] = bin.re;
    out[2 * k + 1] = k < 256 ? bin.im : -bin.im;
  }
}

}  // namespace fft512
