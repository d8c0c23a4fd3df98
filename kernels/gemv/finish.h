// Sums to results, all in binary32 and rounded once:
//
//   y = gelu(sum scale + bias) + residual      int8 weights: scale and bias; bfloat16 weights: bias or nothing
//
// Channels and residual lie as the host has them, in rows of the channel; a core has four of every eight rows.
//
// Part of     gemv.cc: the cycles are among its own, modelled.
#pragma once

#include "aie_kernel.h"
#include "math/float_product.h"
#include "math/gelu.h"

namespace gemv {

constexpr unsigned kResults = 16;
using results = aie::accum<accfloat, kResults>;

// Bits of `flags`.
constexpr int32 kHasBias = 1;
constexpr int32 kGelu = 2;
constexpr int32 kHasResidual = 4;

// The 16 of 32 values that belong to this half of the rows.
template <typename T>
AIE_INLINE aie::vector<T, kResults> own(const T *__restrict values, int32 half) {
  const auto all = aie::concat(aie::load_v<16>(values), aie::load_v<16>(values + 16));
  return half == 0 ? aie::filter_even(all, 4) : aie::filter_odd(all, 4);
}

struct identity {
  AIE_INLINE results operator()(const results &x) const { return x; }
};

// What is added and multiplied: pointers to the first row of the unit, rows of `chapter` values.
struct vectors {
  const float *__restrict channels;
  const bfloat16 *__restrict residual;
  int32 chapter;
  int32 half;
  int32 flags;
};

// Results of one core as they are, in rows of whole vectors.
template <unsigned O, typename Out>
struct half_rows {
  static constexpr unsigned pitch = (O + kResults - 1) / kResults * kResults;
  Out *__restrict to;
  AIE_INLINE void store(unsigned m, unsigned o, const aie::vector<Out, kResults> &y) const { aie::store_v(to + m * pitch + o, y); }
};

// Results of both cores in the order of the rows of w: four of this core, four of the other one.
template <unsigned O, typename Out>
struct whole_rows {
  const Out *__restrict other;
  Out *__restrict to;
  AIE_INLINE void store(unsigned m, unsigned o, const aie::vector<Out, kResults> &y) const {
    const auto rows = aie::interleave_zip(y, aie::load_v<kResults>(other + m * half_rows<O, Out>::pitch + o), 4);
    aie::store_v(to + m * 2 * O + 2 * o, rows.first);
    if (O % kResults == 0 || o + kResults <= O) aie::store_v(to + m * 2 * O + 2 * o + kResults, rows.second);
  }
};

template <unsigned M, unsigned O, bool scaled, typename Out, typename Rows, typename Activation>
inline void finish_with(const float *__restrict sums, const vectors &by, const Rows &rows, const Activation &activation) {
  for (unsigned m = 0; m < M; ++m) {
    for (unsigned o = 0; o < O; o += kResults) {
      results x(aie::load_v<kResults>(sums + m * half_rows<O, Out>::pitch + o));
      if constexpr (scaled) x = aiekit_math::float_product(x, results(own(by.channels + by.chapter + 2 * o, by.half)));
      if ((by.flags & kHasBias) != 0) x = aie::add(x, own(by.channels + 2 * o, by.half));
      x = activation(x);
      if ((by.flags & kHasResidual) != 0) x = aie::add(x, own(by.residual + m * by.chapter + 2 * o, by.half));
      rows.store(m, o, x.template to_vector<Out>());
    }
  }
}

template <unsigned M, unsigned O, bool scaled, typename Out, typename Rows>
AIE_INLINE void finish(const float *__restrict sums, const vectors &by, const Rows &rows) {
  static_assert(O % 8 == 0, "gemv: rows of a unit must be whole vectors for both cores together");
  if ((by.flags & kGelu) != 0) finish_with<M, O, scaled, Out>(sums, by, rows, aiekit_math::gelu<kResults>());
  else finish_with<M, O, scaled, Out>(sums, by, rows, identity());
}

}  // namespace gemv
