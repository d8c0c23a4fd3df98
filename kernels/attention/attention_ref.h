// Scalar meaning of attention_*_bf16 for one query: the running maximum is a whole power of two near the largest score, the
// exponential is that of exp_scores.h bit for bit, sums are float in order of the keys.
#pragma once

#include <stdint.h>

namespace attention_ref {

inline float of_bf16(uint16_t bits) { return __builtin_bit_cast(float, static_cast<uint32_t>(bits) << 16); }
inline uint16_t to_bf16(float x) {
  const auto bits = __builtin_bit_cast(uint32_t, x);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// x / 2^shift, to nearest, ties up.
inline int32_t shifted(int32_t x, int shift) { return (x + (1 << (shift - 1))) >> shift; }

// Constants of a width, as exp_scores.h derives them.
struct constants {
  float least, origin;
  int32_t start, factor;
  int shift;
};

// bfloat16 bits of 2^(c x), x <= 8 / c.
inline uint16_t power(float x, const constants &c) {
  const float kept = x < c.least ? c.least : x;
  const auto fixed = static_cast<int16_t>(__builtin_bit_cast(uint32_t, kept + c.origin) & 0xffff);
  const int32_t t = shifted(c.start + fixed * c.factor, c.shift);
  const int32_t g = static_cast<int32_t>(t & 0xffff) - 32768;
  const int32_t q2 = shifted(368405830 + 1278 * g, 16);
  const int32_t q1 = shifted(1052717053 + q2 * g, 16);
  const int32_t mantissa = shifted(444649161 + q1 * g, 23);
  return static_cast<uint16_t>((((t >> 16) + 127) << 7) + mantissa);
}

// One row: q bf16[width], k and v bf16[keys][width], out float[width]. `per_power` is 1 / c.
inline void row(const uint16_t *q, const uint16_t *k, const uint16_t *v, float *out, int32_t width, int32_t keys,
                float per_power, const constants &c) {
  const auto score = [&](int32_t key) {
    float sum = 0;
    for (int32_t i = 0; i < width; ++i) sum += of_bf16(q[i]) * of_bf16(k[key * width + i]);
    return sum;
  };
  float greatest = score(0);
  for (int32_t key = 1; key < keys; ++key) greatest = score(key) > greatest ? score(key) : greatest;
  const float powers = greatest / per_power;
  const auto whole = static_cast<int32_t>(powers < 0 ? powers - 0.5f : powers + 0.5f);
  const float offset = static_cast<float>(whole) * per_power;
  float total = 0;
  for (int32_t i = 0; i < width; ++i) out[i] = 0;
  for (int32_t key = 0; key < keys; ++key) {
    const float p = of_bf16(power(score(key) - offset, c));
    total += p;
    for (int32_t i = 0; i < width; ++i) out[i] += p * of_bf16(v[key * width + i]);
  }
  for (int32_t i = 0; i < width; ++i) out[i] /= total;
}

}  // namespace attention_ref
