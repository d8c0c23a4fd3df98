// Reductions to one scalar of the element type. Sums of integers wrap: widen first where they may not fit.
#pragma once

#include "shape.hpp"

namespace aie {
namespace detail {

constexpr unsigned log2_of(unsigned n) { return n <= 1 ? 0 : 1 + log2_of(n / 2); }

// Halving tree: lane i + lane i + n/2, then n/4 ... The order matters for the last bit.
template <unsigned N>
AIEKIT_INLINE float sum_tree(lanes<float, N> v) {
  float part[N];
  __builtin_memcpy(part, &v, sizeof part);
  for (unsigned half = N / 2; half > 0; half /= 2) {
    for (unsigned i = 0; i < half; ++i) part[i] += part[i + half];
  }
  return part[0];
}

// Groups of eight products with one are summed exactly and rounded once; row r of four takes lanes 8r..8r+7 of each 32.
template <unsigned N>
AIEKIT_INLINE float sum_bf16(lanes<uint16_t, N> bits) {
  const lanes<float, N> v = widen_bf16<N>(bits);
  float row[4] = {0, 0, 0, 0};
  AIEKIT_UNROLL for (unsigned group = 0; group < N / 8; ++group) {
    double sum = row[group % 4];
    AIEKIT_UNROLL for (unsigned i = 0; i < 8; ++i) sum += static_cast<double>(v[8 * group + i]);
    row[group % 4] = static_cast<float>(sum);
  }
  return (row[0] + row[2]) + (row[1] + row[3]);
}

}  // namespace detail

// float: the halving tree of 16 lanes; 32 lanes are first added by halves. bfloat16: narrowed once, with the current
// rounding, so the sum has 8 significant bits.
template <typename T, unsigned N>
AIEKIT_INLINE T reduce_add(const vector<T, N>& v) {
  aiekit::count_vector(v.bits() * detail::log2_of(N));
  if constexpr (detail::same<T, bfloat16>) return bfloat16(detail::sum_bf16<N>(v.to_native()));
  else if constexpr (detail::same<T, float>) return detail::sum_tree<N>(v.to_native());
  else return static_cast<T>(__builtin_reduce_add(v.to_native()));
}

namespace detail {

// Halving tree with the larger or the smaller of each two.
template <bool Largest, typename T, unsigned N>
AIEKIT_INLINE T extreme(lanes<T, N> v) {
  if constexpr (N == 2) {
    return Largest == (v[0] < v[1]) ? v[1] : v[0];
  } else {
    const auto low = slice<0, N / 2>(v), high = slice<N / 2, N / 2>(v);
    if constexpr (Largest) return extreme<Largest, T, N / 2>(low < high ? high : low);
    else return extreme<Largest, T, N / 2>(high < low ? high : low);
  }
}

}  // namespace detail

#define AIEKIT_REDUCE(name, is_largest, builtin)                                              \
  template <typename T, unsigned N>                                                           \
  AIEKIT_INLINE T name(const vector<T, N>& v) {                                               \
    aiekit::count_vector(v.bits() * detail::log2_of(N));                                      \
    if constexpr (detail::element<T>::is_float) {                                             \
      const float found = detail::extreme<is_largest, float, N>(detail::open(v));             \
      if constexpr (detail::same<T, float>) return found;                                     \
      else return T::from_bits(static_cast<uint16_t>(detail::bits_as<uint32_t>(found) >> 16)); \
    } else {                                                                                  \
      return builtin(v.to_native());                                                          \
    }                                                                                         \
  }
AIEKIT_REDUCE(reduce_max, true, __builtin_reduce_max)
AIEKIT_REDUCE(reduce_min, false, __builtin_reduce_min)
#undef AIEKIT_REDUCE

}  // namespace aie
