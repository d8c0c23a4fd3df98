// Lanes of any width, and the same as registers of WebAssembly: 16 bytes each, picked, rearranged and put together at
// compile time.
//
// Shuffles of registers become one instruction each. Lanes that are inserted one by one, or wide shuffles that take from
// more than two registers, become a chain of scalar moves instead, so what is used often goes through here.
#pragma once

#include "machine.hpp"

namespace aie::detail {

template <bool Condition, typename A, typename B>
struct choose {
  using type = A;
};
template <typename A, typename B>
struct choose<false, A, B> {
  using type = B;
};
template <bool Condition, typename A, typename B>
using choose_t = typename choose<Condition, A, B>::type;

template <typename A, typename B>
inline constexpr bool same = false;
template <typename A>
inline constexpr bool same<A, A> = true;

// N lanes of one element; wasm32 has 128-bit registers, the compiler uses as many as it takes.
template <typename T, unsigned N>
using lanes = T __attribute__((ext_vector_type(N)));

template <typename To, typename From>
AIEKIT_INLINE To bits_as(From from) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, from);
}

template <unsigned... I>
struct indices {};
template <typename T, T... I>
struct indices_of {
  using type = indices<I...>;
};
template <unsigned N>
using make_indices = typename __make_integer_seq<indices_of, unsigned, N>::type;

// Lanes [part * M, (part + 1) * M) of v, for a part below N / M: one shuffle where the part is known at compile time. A loop
// over lanes would move them one by one.
template <unsigned From, typename Out, typename In, unsigned... I>
AIEKIT_INLINE Out lanes_from(In v, indices<I...>) {
  return __builtin_shufflevector(v, v, (From + I)...);
}
template <typename T, unsigned M, unsigned N, unsigned Part = 0>
AIEKIT_INLINE lanes<T, M> part_of(lanes<T, N> v, unsigned part) {
  if constexpr (Part + 1 < N / M) {
    if (part != Part) return part_of<T, M, N, Part + 1>(v, part);
  }
  return lanes_from<Part * M, lanes<T, M>>(v, make_indices<M>{});
}

// v with lanes [part * M, (part + 1) * M) from `from`.
template <unsigned N, unsigned M, typename Out, typename In, unsigned... I>
AIEKIT_INLINE Out stretched(In v, indices<I...>) {
  return __builtin_shufflevector(v, v, (I < M ? static_cast<int>(I) : -1)...);
}
template <unsigned From, unsigned M, typename Lanes, unsigned... I>
AIEKIT_INLINE Lanes blended(Lanes v, Lanes from, indices<I...>) {
  return __builtin_shufflevector(v, from, (I >= From && I < From + M ? sizeof...(I) + I - From : I)...);
}
template <typename T, unsigned M, unsigned N, unsigned Part = 0>
AIEKIT_INLINE lanes<T, N> with_part(lanes<T, N> v, lanes<T, M> from, unsigned part) {
  if constexpr (Part + 1 < N / M) {
    if (part != Part) return with_part<T, M, N, Part + 1>(v, from, part);
  }
  return blended<Part * M, M>(v, stretched<N, M, lanes<T, N>>(from, make_indices<N>{}), make_indices<N>{});
}

constexpr bool is_power_of_two(unsigned n) { return n != 0 && (n & (n - 1)) == 0; }

// A loop whose bounds are constants becomes straight code, and arrays that it indexes become registers.
#define AIEKIT_UNROLL _Pragma("clang loop unroll(full)")

template <typename T>
inline constexpr unsigned register_lanes = 16 / sizeof(T);
template <typename T>
using register_of = lanes<T, register_lanes<T>>;

// Lanes [First, First + Count).
template <unsigned First, unsigned Count, typename T, unsigned N>
AIEKIT_INLINE lanes<T, Count> slice(lanes<T, N> v) {
  if constexpr (Count == N) return v;
  else return lanes_from<First, lanes<T, Count>>(v, make_indices<Count>{});
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
