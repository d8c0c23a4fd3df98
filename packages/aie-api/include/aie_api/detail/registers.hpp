// Lanes of any width as registers of WebAssembly: 16 bytes each, picked, rearranged and put together at compile time.
//
// Shuffles of registers become one instruction each. Lanes that are inserted one by one, or wide shuffles that take from
// more than two registers, become a chain of scalar moves instead, so what is used often goes through here.
#pragma once

#include "types.hpp"

namespace aie::detail {

// A loop whose bounds are constants becomes straight code, and arrays that it indexes become registers.
#define AIEKIT_UNROLL _Pragma("clang loop unroll(full)")

template <typename T>
inline constexpr unsigned register_lanes = 16 / sizeof(T);
template <typename T>
using register_of = lanes<T, register_lanes<T>>;

template <unsigned First, typename T, unsigned N, unsigned... I>
AIEKIT_INLINE lanes<T, sizeof...(I)> slice_at(lanes<T, N> v, indices<I...>) {
  return __builtin_shufflevector(v, v, (First + I)...);
}
// Lanes [First, First + Count).
template <unsigned First, unsigned Count, typename T, unsigned N>
AIEKIT_INLINE lanes<T, Count> slice(lanes<T, N> v) {
  if constexpr (Count == N) return v;
  else return slice_at<First, T, N>(v, make_indices<Count>{});
}

template <typename T, unsigned N, unsigned... I>
AIEKIT_INLINE lanes<T, 2 * N> join_at(lanes<T, N> low, lanes<T, N> high, indices<I...>) {
  return __builtin_shufflevector(low, high, I...);
}
template <typename T, unsigned N>
AIEKIT_INLINE lanes<T, 2 * N> join(lanes<T, N> low, lanes<T, N> high) {
  return join_at<T, N>(low, high, make_indices<2 * N>{});
}

// N lanes in registers.
template <typename T, unsigned N>
struct registers {
  static constexpr unsigned count = N / register_lanes<T>;
  register_of<T> at[count];

  AIEKIT_INLINE registers() = default;
  AIEKIT_INLINE explicit registers(lanes<T, N> v) : registers(v, make_indices<count>{}) {}
  AIEKIT_INLINE lanes<T, N> joined() const { return joined_from<0, count>(); }

 private:
  template <unsigned... I>
  AIEKIT_INLINE registers(lanes<T, N> v, indices<I...>)
      : at{slice<I * register_lanes<T>, register_lanes<T>, T, N>(v)...} {}
  template <unsigned From, unsigned Count>
  AIEKIT_INLINE lanes<T, Count * register_lanes<T>> joined_from() const {
    if constexpr (Count == 1) {
      return at[From];
    } else {
      return join<T, Count / 2 * register_lanes<T>>(joined_from<From, Count / 2>(), joined_from<From + Count / 2, Count / 2>());
    }
  }
};

}  // namespace aie::detail
