// Scalar meaning of gemv.cc: sums of four rows in 32 lanes, their totals, and the way out. bfloat16 as bits.
#pragma once

#include <stdint.h>

namespace gemv_ref {

inline float number(uint16_t bits) { return __builtin_bit_cast(float, static_cast<uint32_t>(bits) << 16); }
inline float number(int8_t value) { return value; }

// float to bfloat16, to nearest, ties to even; NaN stays NaN.
inline uint16_t narrowed(float value) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, value);
  if (value != value) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// lanes[g][m][l] of the rows 4 half + g of an object w[8][kc]; with the last part of K their totals go to sums[m][4 block + g].
template <unsigned M, unsigned kc, unsigned pitch, typename W>
void step(const W *w, const uint16_t *x, float *lanes, float *sums, int half, int block, int chunk, int chunks) {
  for (unsigned g = 0; g < 4; ++g) {
    for (unsigned m = 0; m < M; ++m) {
      float *const sum = lanes + (g * M + m) * 32;
      if (chunk == 0) {
        for (unsigned l = 0; l < 32; ++l) sum[l] = 0;
      }
      for (unsigned k = 0; k < kc; ++k) {
        sum[k % 32] += number(w[(4 * half + g) * kc + k]) * number(x[(m * chunks + chunk) * kc + k]);
      }
      if (chunk + 1 < chunks) continue;
      float part[32];
      for (unsigned l = 0; l < 32; ++l) part[l] = sum[l];
      for (unsigned apart = 16; apart > 0; apart /= 2) {
        for (unsigned l = 0; l < apart; ++l) part[l] += part[l + apart];
      }
      sums[m * pitch + 4 * block + g] = part[0];
    }
  }
}

// x y from three parts of each, in the order of math/float_product.h.
inline float product(float x, float y) {
  const float x1 = number(narrowed(x)), x2 = number(narrowed(x - x1)), x3 = number(narrowed(x - x1 - x2));
  const float y1 = number(narrowed(y)), y2 = number(narrowed(y - y1)), y3 = number(narrowed(y - y1 - y2));
  float sum = x1 * y3;
  sum += x3 * y1;
  sum += x2 * y2;
  sum += x1 * y2;
  sum += x2 * y1;
  return sum + x1 * y1;
}

// Without GELU: results of one half. Result o belongs to row 8 (o / 4) + 4 half + o % 4 of the unit, and goes there (`in_place`)
// or to its own position in a row of `pitch`.
template <unsigned M, unsigned O, unsigned pitch, bool scaled, bool in_place, typename Out>
void finish(const float *sums, const float *channels, const uint16_t *residual, Out *y, int half, int unit, int chapter, int flags) {
  for (unsigned m = 0; m < M; ++m) {
    for (unsigned o = 0; o < O; ++o) {
      const unsigned of_unit = o / 4 * 8 + half * 4 + o % 4, row = unit * 2 * O + of_unit;
      float value = sums[m * pitch + o];
      if constexpr (scaled) value = product(value, channels[chapter + row]);
      if ((flags & 1) != 0) value += channels[row];
      if ((flags & 4) != 0) value += number(residual[m * chapter + row]);
      Out &to = in_place ? y[m * 2 * O + of_unit] : y[m * pitch + o];
      if constexpr (sizeof(Out) == 2) to = narrowed(value);
      else to = value;
    }
  }
}

// Results of half 0 by `finish`, those of half 1 as they came.
template <unsigned M, unsigned O, unsigned pitch, bool scaled, typename Out>
void join(const float *sums, const float *channels, const uint16_t *residual, const Out *half, Out *y, int unit, int chapter, int flags) {
  finish<M, O, pitch, scaled, true>(sums, channels, residual, y, 0, unit, chapter, flags);
  for (unsigned m = 0; m < M; ++m) {
    for (unsigned o = 0; o < O; ++o) y[m * 2 * O + o / 4 * 8 + 4 + o % 4] = half[m * pitch + o];
  }
}

}  // namespace gemv_ref
