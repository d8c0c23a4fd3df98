// Scalar meaning of the matmul kernels: sums of one step, words of the columns, and the way out for integers.
//
// A tile of `rows` x `columns` is blocked: element (i, j) lies in block (i / height, j / width), blocks row-major.
#pragma once

#include <stdint.h>

namespace matmul_ref {

template <unsigned Height, unsigned Width>
constexpr unsigned blocked(unsigned i, unsigned j, unsigned columns) {
  const unsigned block = i / Height * (columns / Width) + j / Width;
  return block * Height * Width + i % Height * Width + j % Width;
}

// sums (+)= a b. Integers wrap: Sum is unsigned while it is added to. float: one rounding an addition, in order of k.
template <typename T, typename Sum, unsigned r, unsigned s, unsigned t, unsigned m, unsigned k, unsigned n, typename Read>
void step(const T *a, const T *b, Sum *sums, bool first, Read read) {
  for (unsigned i = 0; i < m; ++i) {
    for (unsigned j = 0; j < n; ++j) {
      Sum &sum = sums[blocked<r, t>(i, j, n)];
      if (first) sum = 0;
      for (unsigned x = 0; x < k; ++x) sum += read(a[blocked<r, s>(i, x, k)]) * read(b[blocked<s, t>(x, j, n)]);
    }
  }
}

// Word `word` of the channels, read where the blocks of b put its bytes.
template <typename T, unsigned s, unsigned t, unsigned n>
void channels(const T *b, int32_t *by) {
  for (unsigned word = 0; word < 4 * n; ++word) {
    const unsigned element = word * 4 / sizeof(T);
    by[word] = *reinterpret_cast<const int32_t *>(b + blocked<s, t>(element / n, element % n, n));
  }
}

// saturate(round((sum + bias) * multiplier / 2^shift)), ties to even, in 128 bits.
template <typename Out>
Out requantised(int32_t sum, int32_t bias, int32_t multiplier, int32_t shift, int32_t residual = 0) {
  const auto biased = static_cast<int32_t>(static_cast<uint32_t>(sum) + static_cast<uint32_t>(bias));
  const int64_t product = static_cast<int64_t>(biased) * multiplier;
  int64_t quotient = product >> shift;
  const int64_t doubled_rest = 2 * (product - (quotient << shift));
  const int64_t one = int64_t{1} << shift;
  if (doubled_rest > one || (doubled_rest == one && (quotient & 1) != 0)) ++quotient;
  quotient += residual;
  constexpr int64_t greatest = (int64_t{1} << (8 * sizeof(Out) - 1)) - 1;
  return static_cast<Out>(quotient > greatest ? greatest : quotient < -greatest - 1 ? -greatest - 1 : quotient);
}

// Row of the tile -> row of an object of b that brings a residual, or -1 where another object has it.
inline int residual_row(int i, int m, int k, int object, int row) {
  const int at = row * m + i - object * k;
  return at >= 0 && at < k ? at : -1;
}

// float to bfloat16, to nearest, ties to even. NaN is not asked for here.
inline uint16_t narrowed(float value) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, value);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}
inline float widened(uint16_t bits) { return __builtin_bit_cast(float, static_cast<uint32_t>(bits) << 16); }

// out = sum + bias, then + residual, in binary32; rounded once where out has 16 bits. Without a residual `residual` is null.
template <typename Out, unsigned r, unsigned s, unsigned t, unsigned m, unsigned k, unsigned n>
void finish(const float *sums, const int32_t *by, const uint16_t *residual, Out *out, bool has_bias, int object, int row) {
  for (unsigned i = 0; i < m; ++i) {
    const int from = residual ? residual_row(i, m, k, object, row) : 0;
    if (from < 0) continue;
    for (unsigned j = 0; j < n; ++j) {
      const unsigned at = blocked<r, t>(i, j, n);
      float value = sums[at] + (has_bias ? __builtin_bit_cast(float, by[j]) : 0.0f);
      if (residual) value += widened(residual[blocked<s, t>(from, j, n)]);
      if constexpr (sizeof(Out) == 2) out[at] = narrowed(value);
      else out[at] = value;
    }
  }
}

template <typename Out, unsigned r, unsigned t, unsigned m, unsigned n>
void store(const int32_t *sums, const int32_t *by, Out *out, bool has_channels) {
  for (unsigned i = 0; i < m; ++i) {
    for (unsigned j = 0; j < n; ++j) {
      const unsigned at = blocked<r, t>(i, j, n);
      if constexpr (sizeof(Out) == 4) {
        out[at] = static_cast<int32_t>(static_cast<uint32_t>(sums[at]) + static_cast<uint32_t>(has_channels ? by[j] : 0));
      } else {
        out[at] = requantised<Out>(sums[at], by[j], by[n + j], by[2 * n]);
      }
    }
  }
}

template <typename Out, unsigned r, unsigned s, unsigned t, unsigned m, unsigned k, unsigned n>
void store_residual(const int32_t *sums, const int32_t *by, const int8_t *residual, Out *out, int object, int row) {
  for (unsigned i = 0; i < m; ++i) {
    const int from = residual_row(i, m, k, object, row);
    for (unsigned j = 0; j < n && from >= 0; ++j) {
      const unsigned at = blocked<r, t>(i, j, n);
      out[at] = requantised<Out>(sums[at], by[j], by[n + j], by[2 * n], residual[blocked<s, t>(from, j, n)]);
    }
  }
}

}  // namespace matmul_ref
