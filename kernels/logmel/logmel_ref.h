// Scalar meaning of logmel's kernels, in double: the parts of the spectrum as sums over samples, the features as logarithms
// of weighted powers. The kernels are held to stated bounds of it; mirroring, joining and clamping are exact.
#pragma once

#include <stdint.h>

#include "logmel_filters.h"
#include "logmel_tables.h"

namespace logmel {

inline double ref_full_scale(int16_t x) { return x / 32768.0; }
inline double ref_full_scale(float x) { return x; }

// A batch of 8 frames whose edges lie beyond the sound: x[-n] = x[n], x[end - 1 + n] = x[end - 1 - n].
template <typename T>
inline void mirror_edges_ref(T *pcm, const int32_t *span, int32_t batch) {
  const int lead = batch == 0 && span[1] != 0 ? 200 : 0;
  const int end = batch == span[0] - 1 && span[2] < 1520 ? span[2] : 1520;
  T whole[1520];
  for (int i = 0; i < 1520; ++i) {
    const int n = i < end ? i - lead : 2 * (end - 1) - i - lead;
    whole[i] = pcm[n < 0 ? -n : n];
  }
  for (int i = 0; i < 1520; ++i) pcm[i] = whole[i];
}

// Sum over every second n from `first` on, of 1..399, of x[n] window[n] cos or sin(2 pi k n / 400).
template <typename T>
inline double ref_part(const T *frame, int first, int k, bool sine) {
  double sum = 0;
  for (int n = first; n < 400; n += 2) {
    const double basis = kCosine[(k * n + (sine ? 300 : 0)) % 400];
    sum += ref_full_scale(frame[n]) * (0.5 - 0.5 * kCosine[n]) * basis;
  }
  return sum;
}

// out[104][8]: bins 0..100, three rows of zeros.
template <typename T>
inline void part_ref(const T *pcm, float *out, int first, bool sine, bool reversed) {
  for (int k = 0; k < 104; ++k) {
    for (int f = 0; f < 8; ++f) {
      out[8 * k + f] = k > 100 ? 0 : static_cast<float>(ref_part(pcm + 160 * f, first, reversed ? 100 - k : k, sine));
    }
  }
}

// out[2][104][8]: rows k of the sine, then rows 100 - k of the cosine.
template <typename T>
inline void odd_ref(T *pcm, float *out, const int32_t *span, int32_t batch) {
  mirror_edges_ref(pcm, span, batch);
  part_ref(pcm, out, 1, true, false);
  part_ref(pcm, out + 104 * 8, 1, false, true);
}
template <typename T>
inline void cos_ref(T *pcm, float *out, const int32_t *span, int32_t batch) {
  mirror_edges_ref(pcm, span, batch);
  part_ref(pcm, out, 0, false, false);
}
template <typename T>
inline void sin_ref(T *pcm, float *out, const int32_t *span, int32_t batch) {
  mirror_edges_ref(pcm, span, batch);
  part_ref(pcm, out, 0, true, false);
}

inline double ref_bf16(uint16_t bits) { return __builtin_bit_cast(float, static_cast<uint32_t>(bits) << 16); }

template <typename Filters>
inline double ref_weight(int band, int bin) {
  const int tile = Filters::first_tile[band / 4] + bin / 8 - Filters::first_block[band / 4];
  const bool is_in = tile >= Filters::first_tile[band / 4] && tile < Filters::first_tile[band / 4 + 1];
  return is_in ? ref_bf16(Filters::weights[tile][band % 4 * 8 + bin % 8]) : 0;
}

// Bit by bit: x in [1, 2) is squared, and a square of 2 or more is a bit of the logarithm.
inline double ref_log2(double x) {
  double whole = 0;
  for (; x >= 2; x /= 2) whole += 1;
  for (; x < 1; x *= 2) whole -= 1;
  double bit = 0.5;
  for (int i = 0; i < 40; ++i, bit /= 2) {
    x *= x;
    if (x >= 2) {
      x /= 2;
      whole += bit;
    }
  }
  return whole;
}

inline double ref_feature(double energy) {
  return (ref_log2(energy < 1e-10 ? 1e-10 : energy) * 0.30102999566398119521 + 4) / 4;
}

// out[bands][8] = (log10 of the energy + 4) / 4.
template <typename Filters>
inline void bands_ref(const float *odd, const float *cosine, const float *sine, float *out) {
  const auto part = [](const float *p, int k, int f) { return static_cast<double>(p[8 * k + f]); };
  for (int f = 0; f < 8; ++f) {
    double power[201];
    for (int k = 0; k <= 100; ++k) {
      const double co = k == 100 ? 0 : part(odd + 104 * 8, 100 - k, f);
      const double re[2] = {part(cosine, k, f) + co, part(cosine, k, f) - co};
      const double se = k == 100 ? 0 : part(sine, k, f);
      const double im[2] = {se + part(odd, k, f), se - part(odd, k, f)};
      power[200 - k] = re[1] * re[1] + im[1] * im[1];
      power[k] = re[0] * re[0] + im[0] * im[0];
    }
    for (unsigned band = 0; band < Filters::bands; ++band) {
      double energy = 0;
      for (int bin = 0; bin <= 200; ++bin) energy += ref_weight<Filters>(static_cast<int>(band), bin) * power[bin];
      out[8 * band + static_cast<unsigned>(f)] = static_cast<float>(ref_feature(energy));
    }
  }
}

}  // namespace logmel
