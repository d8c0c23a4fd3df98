// Sums of four rows of weights with each row of x: lane l has the products of k = l, l + 32, l + 64, ... in this order.
//
//   lanes[g][m][l] (+)= sum of w[g][k] x[m][k]      g < 4, m < M, l < 32
//
// Layout      w[4][kc], rows as they lie in the host's memory; x[M][pitch]; lanes float[4][M][32].
// Alignment   64 bytes each.
// Rounding    none: int8 becomes bfloat16 exactly, products of bfloat16 are exact, each sum is rounded to binary32.
//
// Operations for 32 weights, against 2 loads of 32 B and one issue of multiplier and other vector unit a cycle (AIE2):
//   bfloat16  load 64 B; 2 M multiplications
//   int8      load 32 B, unpack 1, conversion 2; 2 M multiplications
// G rows share what is loaded of x. G M accumulators of 1,024 bits are live, of the 9 that AIE2 has.
// Part of     gemv.cc: the cycles are among its own, modelled.
#pragma once

#include <aie_api/aie.hpp>

#include "aie_kernel.h"

namespace gemv {

constexpr unsigned kLanes = 32;
// Rows of a block of 8 that one of the two cores of a channel has.
constexpr unsigned kRows = 4;
using sum = aie::accum<accfloat, kLanes>;
using numbers = aie::vector<bfloat16, kLanes>;

AIE_INLINE numbers weights(const bfloat16 *__restrict w) { return aie::load_v<kLanes>(w); }
AIE_INLINE numbers weights(const int8 *__restrict w) { return aie::to_float<bfloat16>(aie::unpack(aie::load_v<kLanes>(w))); }

// The same part of every row of x, and the sums of one row of weights: members, because arrays of vectors end up in memory.
template <unsigned M>
struct x_parts {
  numbers head;
  x_parts<M - 1> tail;
  AIE_INLINE void load(const bfloat16 *__restrict x, unsigned pitch) {
    head = aie::load_v<kLanes>(x);
    tail.load(x + pitch, pitch);
  }
};
template <>
struct x_parts<0> {
  AIE_INLINE void load(const bfloat16 *, unsigned) {}
};

template <unsigned M>
struct row_sums {
  sum head;
  row_sums<M - 1> tail;
  AIE_INLINE void clear() {
    head = aie::zeros<accfloat, kLanes>();
    tail.clear();
  }
  AIE_INLINE void load(const float *__restrict lanes) {
    head = sum(aie::load_v<kLanes>(lanes));
    tail.load(lanes + kLanes);
  }
  AIE_INLINE void store(float *__restrict lanes) const {
    aie::store_v(lanes, head.to_vector<float>());
    tail.store(lanes + kLanes);
  }
  AIE_INLINE void mac(const numbers &w, const x_parts<M> &x) {
    head = aie::mac(head, w, x.head);
    tail.mac(w, x.tail);
  }
};
template <>
struct row_sums<0> {
  AIE_INLINE void clear() {}
  AIE_INLINE void load(const float *) {}
  AIE_INLINE void store(float *) const {}
  AIE_INLINE void mac(const numbers &, const x_parts<0> &) {}
};

template <unsigned G, unsigned M>
struct block_sums {
  row_sums<M> head;
  block_sums<G - 1, M> tail;
  AIE_INLINE void clear() {
    head.clear();
    tail.clear();
  }
  AIE_INLINE void load(const float *__restrict lanes) {
    head.load(lanes);
    tail.load(lanes + M * kLanes);
  }
  AIE_INLINE void store(float *__restrict lanes) const {
    head.store(lanes);
    tail.store(lanes + M * kLanes);
  }
  template <typename W>
  AIE_INLINE void mac(const W *__restrict w, unsigned stride, const x_parts<M> &x) {
    head.mac(weights(w), x);
    tail.mac(w + stride, stride, x);
  }
};
template <unsigned M>
struct block_sums<0, M> {
  AIE_INLINE void clear() {}
  AIE_INLINE void load(const float *) {}
  AIE_INLINE void store(float *) const {}
  template <typename W>
  AIE_INLINE void mac(const W *, unsigned, const x_parts<M> &) {}
};

// `first`: the sums begin with this part of the rows.
template <unsigned M, unsigned kc, typename W>
AIE_INLINE void dot_rows(const W *__restrict w, const bfloat16 *__restrict x, unsigned pitch, float *__restrict lanes, bool first) {
  constexpr unsigned G = M <= 2 ? 4 : M <= 4 ? 2 : 1;
  static_assert(kc % kLanes == 0, "gemv: a part of a row must be whole vectors");
  static_assert(M >= 1 && G * M <= 8, "gemv: at most 8 rows of x");
  for (unsigned g = 0; g < kRows; g += G) {
    float *const at = lanes + g * M * kLanes;
    block_sums<G, M> sums;
    if (first) sums.clear();
    else sums.load(at);
    AIE_LOOP_RANGE(kc / kLanes, kc / kLanes)
    for (unsigned k = 0; k < kc; k += kLanes) {
      x_parts<M> part;
      part.load(x + k, pitch);
      sums.mac(w + g * kc + k, kc, part);
    }
    sums.store(at);
  }
}

AIE_INLINE aie::vector<float, 16> folded(const float *__restrict lanes) {
  return aie::add(aie::load_v<16>(lanes), aie::load_v<16>(lanes + 16));
}

// The sums of four rows: lane i + lane i + 16, then + 8, 4, 2, 1. `stride` is from one row's lanes to the next one's.
AIE_INLINE aie::vector<float, kRows> totals(const float *__restrict lanes, unsigned stride) {
  const auto by_8 = [](const aie::vector<float, 16> &a, const aie::vector<float, 16> &b) __attribute__((always_inline)) {
    const auto halves = aie::interleave_zip(a, b, 8);
    return aie::add(halves.first, halves.second);
  };
  const auto low = by_8(folded(lanes), folded(lanes + stride));
  const auto high = by_8(folded(lanes + 2 * stride), folded(lanes + 3 * stride));
  const auto quarters = aie::interleave_unzip(low, high, 4);
  const auto fours = aie::add(quarters.first, quarters.second);
  const auto twos = aie::add(aie::filter_even(fours, 2), aie::filter_odd(fours, 2));
  return aie::add(aie::filter_even(twos, 1), aie::filter_odd(twos, 1));
}

}  // namespace gemv
