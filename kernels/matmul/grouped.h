// sums += (a b) scale for one group of k weights a column: each group's sum is an integer, scales and the sum of groups float.
//
//   sums[i][j] = sum over groups g of float(sum over k in g of a[i][k] b[k][j]) scale[g][j]
//
// A step is a group: its integers stay in registers, and only the float sums are in memory. An integer sum is exact: 128
// products of 2^14 are 2^21, of 2^22 are 2^29. As float it has 24 bits; times its scale is a product of pairs of bfloat16
// (math/bf16_parts.h), the way of dequantised results.
//
// Operations for 32 sums: int8 16 mmuls, int16 x int8 32 (AIE2, k = 128); the scale 2 MAC to split the sum, 6 for the product,
// 7 other vector issues, beside the mmuls of the next blocks. So the multiplier works on products in 16 of 24 and 32 of 40
// issues.
// Needs       rounding conv_even, saturation none.
// Part of     matmul_i16xi8g128.cc and matmul_i8g128.cc: the cycles are among theirs, modelled.
#pragma once

#include "matmul/finish_float.h"

namespace matmul {

// Lanes that are scaled at a time, all of a block or half of it.
template <typename T>
inline constexpr unsigned scaled_lanes = block<T>::size_C > 32 ? 32 : block<T>::size_C;

template <typename T>
AIE_INLINE aiekit_math::bf16_pair<scaled_lanes<T>> scale_of(const int32 *__restrict row) {
  constexpr unsigned lanes = scaled_lanes<T>;
  aie::vector<int32, lanes> words;
  const auto part = of_columns<native<T>::t>(row);
  if constexpr (lanes == 16) words = part;
  else words = aie::concat(part, part);
  return aiekit_math::bf16_parts(aie::accum<accfloat, lanes>(words.template cast_to<float>()));
}

template <typename T>
AIE_INLINE void add_scaled(const block<T> &group, const aiekit_math::bf16_pair<scaled_lanes<T>> &scale, float *__restrict sums,
                           bool first) {
  constexpr unsigned lanes = scaled_lanes<T>;
  const auto whole = group.to_accum();
  for (unsigned part = 0; part < block<T>::size_C / lanes; ++part) {
    const auto integers = whole.template extract<lanes>(part).template to_vector<int32>();
    const aie::accum<accfloat, lanes> value(aie::to_float<float>(integers));
    auto sum = aiekit_math::product(aiekit_math::bf16_parts(value), scale);
    float *const at = sums + part * lanes;
    if (!first) sum = aie::add(sum, aie::load_v<lanes>(at));
    aie::store_v(at, sum.template to_vector<float>());
  }
}

// Scales of blocks side by side, as members and not as an array.
template <typename T, unsigned Count>
struct scale_row {
  aiekit_math::bf16_pair<scaled_lanes<T>> head;
  scale_row<T, Count - 1> tail;
  AIE_INLINE explicit scale_row(const int32 *__restrict row) : head(scale_of<T>(row)), tail(row + native<T>::t) {}
  AIE_INLINE void add(const c_row<T, Count> &group, float *__restrict sums, bool first) const {
    add_scaled<T>(group.head, head, sums, first);
    tail.add(group.tail, sums + block<T>::size_C, first);
  }
};
template <typename T>
struct scale_row<T, 0> {
  AIE_INLINE explicit scale_row(const int32 *) {}
  AIE_INLINE void add(const c_row<T, 0> &, float *, bool) const {}
};

template <typename T, unsigned Rows>
AIE_INLINE void add_rows(const c_blocks<T, Rows, native<T>::en> &group, const scale_row<T, native<T>::en> &scales,
                         float *__restrict sums, unsigned stride, bool first) {
  if constexpr (Rows > 0) {
    scales.add(group.head, sums, first);
    add_rows<T, Rows - 1>(group.tail, scales, sums + stride, stride, first);
  }
}

// scales: bits of n floats. `first`: sums = instead of sums +=.
template <typename T, unsigned m, unsigned k, unsigned n>
AIE_INLINE void accumulate_group(const typename native<T>::left *__restrict a, const typename native<T>::right *__restrict b,
                                 const int32 *__restrict scales, float *__restrict sums, bool first) {
  using N = native<T>;
  using M = block<T>;
  constexpr unsigned c_stride = n / N::t * M::size_C;
  check_tile<T, m, k, n>();
  for (unsigned j = 0; j < n / N::t; j += N::en) {
    const scale_row<T, N::en> by(scales + j * N::t);
    for (unsigned i = 0; i < m / N::r; i += N::em) {
      c_blocks<T, N::em, N::en> group;
      group.clear();
      walk<T, k, n>(a + i * (k / N::s * M::size_A), b + j * M::size_B, group);
      add_rows<T, N::em>(group, by, sums + i * c_stride + j * M::size_C, c_stride, first);
    }
  }
}

}  // namespace matmul
