// Lane-wise products into accumulators.
#pragma once

#include "arithmetic.hpp"

namespace aie {
namespace detail {

// Accumulator of a product where the caller names none. Source: aie_api's default accumulation table for AIE2.
template <typename A, typename B>
struct default_tag {
  static_assert(element<A>::is_float == element<B>::is_float, "aie::mul: one operand is an integer, the other is not");
  static constexpr unsigned bytes = sizeof(A) + sizeof(B);
  using type = choose_t<element<A>::is_float, accfloat,
                        choose_t<bytes <= 4, acc32, acc64>>;
};
template <typename A, typename B, typename Tag>
struct tag_of {
  using type = Tag;
};
template <typename A, typename B>
struct tag_of<A, B, accauto> {
  using type = typename default_tag<A, B>::type;
};

// Issue cycles of N lane-wise products: 32 lanes of a 32-bit accumulator or 16 of a 64-bit one; 32x32 takes two steps.
template <typename A, typename B, unsigned N>
constexpr unsigned product_cycles() {
  constexpr bool wide = sizeof(A) + sizeof(B) > 4 || element<A>::is_float;
  constexpr unsigned lanes_per_cycle = (wide ? 16 : 32) * (__AIE_ARCH__ >= 21 ? 2 : 1);
  constexpr unsigned steps = !element<A>::is_float && sizeof(A) == 4 && sizeof(B) == 4 ? 2 : 1;
  return steps * (N <= lanes_per_cycle ? 1 : N / lanes_per_cycle);
}

// What an operand of a product is: a vector, or a scalar that meets every lane in its own type.
template <typename O>
struct factor_of {};
template <typename T, unsigned N>
struct factor_of<vector<T, N>> {
  using type = T;
  static constexpr unsigned lanes = N;
};
template <element_type S>
struct factor_of<S> {
  using type = S;
  static constexpr unsigned lanes = 0;
};
template <typename O>
concept factor = requires { typename factor_of<O>::type; };
template <typename O>
using factor_t = typename factor_of<O>::type;

// One of the two is a vector, or both are, of equal length.
template <typename A, typename B>
concept factors = factor<A> && factor<B> && (factor_of<A>::lanes + factor_of<B>::lanes > 0) &&
                  (factor_of<A>::lanes == factor_of<B>::lanes || factor_of<A>::lanes * factor_of<B>::lanes == 0);
template <typename A, typename B>
inline constexpr unsigned lanes_of = factor_of<A>::lanes > factor_of<B>::lanes ? factor_of<A>::lanes : factor_of<B>::lanes;

template <typename Held, unsigned N, typename T>
AIEKIT_INLINE lanes<Held, N> widen(const vector<T, N>& v) {
  if constexpr (same<T, bfloat16>) return widen_bf16<N>(v.to_native());
  else return __builtin_convertvector(v.to_native(), lanes<Held, N>);
}
template <typename Held, unsigned N, element_type S>
AIEKIT_INLINE lanes<Held, N> widen(S s) {
  return (lanes<Held, N>)(static_cast<Held>(s));
}

// True where lanes of T are whole numbers of 32 bits with a sign.
template <typename T>
inline constexpr bool fits_int32 = !element<T>::is_float && (sizeof(T) < 4 || same<T, int32_t>);

// Products of 64 bits. WebAssembly has an instruction for half a register, V8 only a long way round for factors of 64 bits; so
// factors must not be widened somewhere else, outside a loop, which the compiler does with those that it knows nothing of.
template <unsigned N>
AIEKIT_INLINE lanes<int64_t, N> wide_product(lanes<int32_t, N> a, lanes<int32_t, N> b) {
  using both = register_of<int64_t>;
  const registers<int32_t, N> of_a(a), of_b(b);
  registers<int64_t, N> out;
  AIEKIT_UNROLL for (unsigned i = 0; i < of_a.count; ++i) {
    register_of<int32_t> x = of_a.at[i], y = of_b.at[i];
    __asm__ volatile("" : "+r"(x), "+r"(y));
    out.at[2 * i] = __builtin_convertvector(slice<0, 2>(x), both) * __builtin_convertvector(slice<0, 2>(y), both);
    out.at[2 * i + 1] = __builtin_convertvector(slice<2, 2>(x), both) * __builtin_convertvector(slice<2, 2>(y), both);
  }
  return out.joined();
}

template <typename Tag, typename A, typename B>
AIEKIT_INLINE lanes<acc_held_t<Tag>, lanes_of<A, B>> product(const A& a, const B& b) {
  using T = factor_t<A>;
  using U = factor_t<B>;
  static_assert(is_float_tag<Tag> == element<T>::is_float && element<T>::is_float == element<U>::is_float,
                "aie::mul: integers accumulate in integer tags, bfloat16 and float in accfloat");
  static_assert(__AIE_ARCH__ >= 21 || !(same<T, float> || same<U, float>),
                "aie::mul: AIE2 has no float multiplier and Peano cannot link its emulation; split into bfloat16 parts");
  constexpr unsigned N = lanes_of<A, B>;
  aiekit::count_mac(product_cycles<T, U, N>());
  if constexpr (sizeof(acc_held_t<Tag>) == 8 && fits_int32<T> && fits_int32<U>) {
    return wide_product<N>(widen<int32_t, N>(a), widen<int32_t, N>(b));
  } else {
    return widen<acc_held_t<Tag>, N>(a) * widen<acc_held_t<Tag>, N>(b);
  }
}

}  // namespace detail

// mul: a * b.  negmul: -(a * b).
template <typename AccTag = accauto, typename A, typename B>
  requires detail::factors<A, B>
AIEKIT_INLINE auto mul(const A& a, const B& b) {
  using tag = typename detail::tag_of<detail::factor_t<A>, detail::factor_t<B>, AccTag>::type;
  return accum<tag, detail::lanes_of<A, B>>(detail::product<tag>(a, b));
}
template <typename AccTag = accauto, typename A, typename B>
  requires detail::factors<A, B>
AIEKIT_INLINE auto negmul(const A& a, const B& b) {
  using tag = typename detail::tag_of<detail::factor_t<A>, detail::factor_t<B>, AccTag>::type;
  return accum<tag, detail::lanes_of<A, B>>(-detail::product<tag>(a, b));
}

// mac: acc + a * b.  msc: acc - a * b.  Integer accumulators wrap.
template <typename Tag, unsigned N, typename A, typename B>
  requires(detail::factors<A, B> && detail::lanes_of<A, B> == N)
AIEKIT_INLINE accum<Tag, N> mac(const accum<Tag, N>& acc, const A& a, const B& b) {
  return accum<Tag, N>(acc.to_native() + detail::product<Tag>(a, b));
}
template <typename Tag, unsigned N, typename A, typename B>
  requires(detail::factors<A, B> && detail::lanes_of<A, B> == N)
AIEKIT_INLINE accum<Tag, N> msc(const accum<Tag, N>& acc, const A& a, const B& b) {
  return accum<Tag, N>(acc.to_native() - detail::product<Tag>(a, b));
}

template <typename AccTag = accauto, typename T, unsigned N>
AIEKIT_INLINE auto mul_square(const vector<T, N>& a) {
  return mul<AccTag>(a, a);
}
template <typename Tag, unsigned N, typename T>
AIEKIT_INLINE accum<Tag, N> mac_square(const accum<Tag, N>& acc, const vector<T, N>& a) {
  return mac(acc, a, a);
}

}  // namespace aie
