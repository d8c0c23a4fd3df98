// aie::mmul<M, K, N, A, B>: C (M x N) = A (M x K) times B (K x N), each row-major in one vector.
#pragma once

#include "matrix.hpp"

namespace aie {
namespace detail {

struct mmul_shape {
  unsigned m, k, n;
};
template <unsigned Count>
constexpr bool contains(const mmul_shape (&shapes)[Count], mmul_shape wanted) {
  for (const mmul_shape& s : shapes) {
    if (s.m == wanted.m && s.k == wanted.k && s.n == wanted.n) return true;
  }
  return false;
}

// The shapes that the published headers have, by operand types. Source: aie_api, matrix multiplication, tables for AIE-ML
// (AIE2) and XDNA 2 (AIE2P), less those with an operand of 2,048 bits, which aie::vector has not here.
#if __AIE_ARCH__ >= 21
constexpr mmul_shape shapes_8x8[] = {{8, 8, 8}, {2, 8, 8}, {4, 8, 8}, {4, 16, 8}, {8, 16, 8}};
constexpr mmul_shape shapes_16x8[] = {{4, 4, 8}, {8, 4, 8}, {4, 8, 8}, {2, 16, 8}, {4, 16, 8}};
constexpr mmul_shape shapes_8x16[] = {{8, 2, 8}, {4, 4, 8}};
constexpr mmul_shape shapes_16x16[] = {{4, 4, 8}, {4, 2, 8}, {8, 2, 8}, {2, 4, 8}, {2, 8, 8}, {4, 8, 8}, {8, 1, 8}};
constexpr mmul_shape shapes_32x16[] = {{4, 2, 8}, {2, 4, 8}, {4, 4, 8}, {4, 1, 8}};
constexpr mmul_shape shapes_16x32[] = {{4, 4, 8}};
constexpr mmul_shape shapes_32x32[] = {{4, 2, 8}, {4, 4, 4}, {4, 4, 8}, {8, 2, 8}, {4, 1, 8}};
constexpr mmul_shape shapes_bf16[] = {{8, 8, 4}, {4, 8, 8}, {4, 8, 4}, {8, 8, 8}, {8, 1, 8}};
#else
constexpr mmul_shape shapes_8x8[] = {{4, 8, 8}, {4, 8, 4}, {4, 16, 4}, {8, 8, 4}, {2, 8, 8}, {8, 8, 8},
                                     {1, 16, 8}, {2, 16, 8}, {4, 16, 8}, {8, 16, 8}};
constexpr mmul_shape shapes_16x8[] = {{4, 4, 8}, {4, 4, 4}, {8, 4, 4}, {4, 8, 4}, {8, 4, 8}, {2, 8, 8}, {2, 16, 8}, {4, 16, 8}};
constexpr mmul_shape shapes_8x16[] = {{4, 4, 8}, {4, 4, 4}};
constexpr mmul_shape shapes_16x16[] = {{4, 4, 4}, {2, 4, 8}, {4, 4, 8}, {4, 2, 8}, {8, 2, 8},
                                       {2, 8, 8}, {4, 8, 8}, {8, 1, 8}};
constexpr mmul_shape shapes_32x16[] = {{2, 4, 8}, {4, 4, 8}, {4, 4, 4}, {4, 2, 4}, {4, 1, 8}};
constexpr mmul_shape shapes_16x32[] = {{2, 4, 8}, {4, 4, 4}};
constexpr mmul_shape shapes_32x32[] = {{4, 2, 4}, {4, 4, 4}, {8, 2, 4}, {4, 1, 8}};
constexpr mmul_shape shapes_bf16[] = {{4, 8, 4}, {8, 8, 4}, {8, 8, 8}, {4, 8, 8}, {4, 16, 4}, {8, 1, 8}};
#endif

template <typename A, typename B>
constexpr bool mmul_exists(mmul_shape shape) {
  if constexpr (same<A, bfloat16> && same<B, bfloat16>) return contains(shapes_bf16, shape);
  else if constexpr (element<A>::is_float || element<B>::is_float) return false;
  else if constexpr (sizeof(A) == 1 && sizeof(B) == 1) return contains(shapes_8x8, shape);
  else if constexpr (sizeof(A) == 2 && sizeof(B) == 1) return contains(shapes_16x8, shape);
  else if constexpr (sizeof(A) == 1 && sizeof(B) == 2) return contains(shapes_8x16, shape);
  else if constexpr (sizeof(A) == 2 && sizeof(B) == 2) return contains(shapes_16x16, shape);
  else if constexpr (sizeof(A) == 4 && sizeof(B) == 2) return contains(shapes_32x16, shape);
  else if constexpr (sizeof(A) == 2 && sizeof(B) == 4) return contains(shapes_16x32, shape);
  else if constexpr (sizeof(A) == 4 && sizeof(B) == 4) return contains(shapes_32x32, shape);
  else return false;
}

// Shapes of int16 x int8 whose accumulators have 64 bits, although the operands' own tag is acc32: the multiplier has 16 lanes
// of 64 bits there (AIE2P: 32). Source: aie_api, detail/aie2/mmul_16_8.hpp and detail/aie2p/mmul_16_8.hpp.
#if __AIE_ARCH__ >= 21
constexpr mmul_shape wide_16x8[] = {{4, 8, 8}, {2, 16, 8}, {4, 16, 8}};
#else
constexpr mmul_shape wide_16x8[] = {{4, 8, 4}, {2, 8, 8}, {2, 16, 8}, {4, 16, 8}};
#endif

// Tag of what a shape accumulates in.
template <typename A, typename B, typename AccTag>
struct mmul_tag {
  using asked = typename tag_of<A, B, AccTag>::type;
  template <unsigned M, unsigned K, unsigned N>
  using of = choose_t<!is_float_tag<asked> && sizeof(A) == 2 && sizeof(B) == 1 && contains(wide_16x8, {M, K, N}), acc64, asked>;
};

// Multiplications a cycle. Source: AM020 (AIE-ML), table of supported precisions; AIE2P has twice as many.
template <typename A, typename B>
constexpr unsigned macs_per_cycle() {
  constexpr unsigned bytes = sizeof(A) * sizeof(B);
  constexpr unsigned aie2 = same<A, bfloat16> ? 128 : 256 / bytes;
  return aie2 * (__AIE_ARCH__ >= 21 ? 2 : 1);
}

}  // namespace detail

template <unsigned M, unsigned K, unsigned N, detail::element_type A, detail::element_type B = A, typename AccTag = accauto>
class mmul {
  static_assert(detail::mmul_exists<A, B>({M, K, N}),
                "aie::mmul: no such shape for these types; detail/mmul.hpp lists those that exist");

 public:
  using tag = typename detail::mmul_tag<A, B, AccTag>::template of<M, K, N>;
  static constexpr unsigned size_M = M, size_K = K, size_N = N;
  static constexpr unsigned size_A = M * K, size_B = K * N, size_C = M * N;
  using accum_type = accum<tag, size_C>;

  AIEKIT_INLINE mmul() : mmul(accum_type()) {}
  AIEKIT_INLINE mmul(const accum_type& start) : sums_(start.to_native()) {}
  template <detail::element_type T>
  AIEKIT_INLINE explicit mmul(const vector<T, size_C>& start, int shift = 0) : mmul(accum_type(start, shift)) {}

  AIEKIT_INLINE void mul(const vector<A, size_A>& a, const vector<B, size_B>& b) { multiply<false>(a, b); }

  // Integers wrap. bfloat16: products are exact, each sum is rounded to binary32, in order of k.
  AIEKIT_INLINE void mac(const vector<A, size_A>& a, const vector<B, size_B>& b) { multiply<true>(a, b); }

  template <detail::element_type T>
  AIEKIT_INLINE vector<T, size_C> to_vector(int shift = 0) const {
    return to_accum().template to_vector<T>(shift);
  }
  AIEKIT_INLINE accum_type to_accum() const { return accum_type(sums_.joined()); }
  AIEKIT_INLINE operator accum_type() const { return to_accum(); }

 private:
  template <bool Adds>
  AIEKIT_INLINE void multiply(const vector<A, size_A>& a, const vector<B, size_B>& b) {
    constexpr unsigned macs = detail::macs_per_cycle<A, B>();
    aiekit::count_mac(M * K * N <= macs ? 1 : M * K * N / macs);
    detail::multiply<Adds, typename accum_type::held, M, K, N>(sums_, a, b);
  }

  detail::sums_in_memory<typename accum_type::held, size_C> sums_;
};

}  // namespace aie
