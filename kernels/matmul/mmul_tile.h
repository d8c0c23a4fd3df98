// c += a b for one tile: a is m x k, b is k x n, c is m x n, each of them blocked.
//
// Layout      Blocks of r x s (a), s x t (b) and r x t (c), row-major inside a block, blocks row-major in the tile: what one
//             load of aie::mmul takes is contiguous. Memtile DMAs make that order (docs/designs.md, "Another order on the way").
// Alignment   32 bytes; 64 on AIE2P. a, b and c may not overlap.
// Tile bytes  none: accumulators of EM x EN blocks stay in registers while k is walked.
// Rounding    none. Integers accumulate modulo 2^32 (where a is int16: 2^64), bfloat16 in binary32.
//
// Operations of one step of s for EM x EN blocks, against 2 loads of 32 B, 1 store of 32 B and one mmul a cycle (AIE2):
//   int8          4x8x8, 4 x 2 blocks: loads 4 x 32 + 2 x 64 B = 4 cycles, 8 mmuls = 8 cycles: the multiplier is the bound
//   bf16          4x8x4, 4 x 4 blocks: loads 4 x 64 + 4 x 64 B = 8 cycles, 16 mmuls = 16 cycles
//   int16         4x4x4, 4 x 2 blocks (64-bit accumulators): loads 4 x 32 + 2 x 32 B = 3 cycles, 8 mmuls = 8 cycles
//   int16 x int8  4x8x4, 4 x 2 blocks (64-bit accumulators): loads 4 x 64 + 2 x 32 B = 5 cycles, 8 mmuls = 8 cycles
//   bf16 x int8   4x8x4, 4 x 4 blocks: loads 4 x 64 + 4 x 32 B = 6 cycles, 12 vector issues that make bf16 of 4 blocks, 16 mmuls
// Accumulators take 8 of the 9 registers of 1,024 bits that AIE2 has in each case. Around the walk c is loaded and stored
// once: 8 x 128 B = 16 and 32 cycles for 8 k / s multiplications, which is why k is as long as the tile's memory lets it be.
// Part of     all kernels of this folder: the cycles are among theirs, modelled.
#pragma once

#include <aie_api/aie.hpp>

#include "aie_kernel.h"

namespace matmul {

// Names operands of two types: int16 or bfloat16 activations, int8 weights.
struct int16_by_int8;
struct bfloat16_by_int8;

// A sum of 64 bits as it lies in memory: aie::vector has no such elements.
struct wide {
  int32 low, high;
};

// Elements of a, b and the sums, and the accumulators' tag. aie_api takes no tag of 64 bits for int16 x int8 and
// accumulates in 64 all the same (detail/aie2/mmul_16_8.hpp): Asked is the tag that it is given. Factor: what the
// multiplier takes of b, where that is not its elements.
template <typename Left, typename Right, typename Acc, typename Tag, typename Asked = Tag, typename Factor = Right>
struct operands {
  using left = Left;
  using right = Right;
  using acc = Acc;
  using tag = Tag;
  using asked = Asked;
  using factor = Factor;
};
// Sizes of a block, and how many blocks of c are held in registers.
template <unsigned R, unsigned S, unsigned T, unsigned Em, unsigned En>
struct blocks {
  static constexpr unsigned r = R, s = S, t = T, em = Em, en = En;
};

// T: the type of both operands, or int16_by_int8 or bfloat16_by_int8.
template <typename T>
struct native;
#if __AIE_ARCH__ >= 21
template <> struct native<int8> : operands<int8, int8, int32, acc32>, blocks<8, 8, 8, 2, 2> {};
template <> struct native<int16> : operands<int16, int16, wide, acc64>, blocks<4, 4, 8, 2, 2> {};
template <> struct native<int16_by_int8> : operands<int16, int8, wide, acc64, acc32>, blocks<4, 8, 8, 2, 2> {};
template <> struct native<bfloat16> : operands<bfloat16, bfloat16, float, accfloat>, blocks<8, 8, 4, 2, 4> {};
template <>
struct native<bfloat16_by_int8> : operands<bfloat16, int8, float, accfloat, accfloat, bfloat16>, blocks<8, 8, 4, 2, 4> {};
#else
template <> struct native<int8> : operands<int8, int8, int32, acc32>, blocks<4, 8, 8, 4, 2> {};
template <> struct native<int16> : operands<int16, int16, wide, acc64>, blocks<4, 4, 4, 4, 2> {};
template <> struct native<int16_by_int8> : operands<int16, int8, wide, acc64, acc32>, blocks<4, 8, 4, 4, 2> {};
template <> struct native<bfloat16> : operands<bfloat16, bfloat16, float, accfloat>, blocks<4, 8, 4, 4, 4> {};
template <>
struct native<bfloat16_by_int8> : operands<bfloat16, int8, float, accfloat, accfloat, bfloat16>, blocks<4, 8, 4, 4, 4> {};
#endif

template <typename T>
using block = aie::mmul<native<T>::r, native<T>::s, native<T>::t, typename native<T>::left, typename native<T>::factor,
                        typename native<T>::asked>;

// N accumulators in memory.
template <typename Tag, unsigned N, typename Acc>
AIE_INLINE aie::accum<Tag, N> load_sums(const Acc *__restrict c) {
  return aie::accum<Tag, N>(aie::load_v<N>(c));
}
template <typename Tag, unsigned N>
AIE_INLINE aie::accum<Tag, N> load_sums(const wide *__restrict c) {
  return aie::accum<acc32, 2 * N>(aie::load_v<2 * N>(&c->low)).template cast_to<Tag>();
}
template <typename Tag, unsigned N, typename Acc>
AIE_INLINE void store_sums(Acc *__restrict c, const aie::accum<Tag, N> &from) {
  aie::store_v(c, from.template to_vector<Acc>());
}
template <typename Tag, unsigned N>
AIE_INLINE void store_sums(wide *__restrict c, const aie::accum<Tag, N> &from) {
  aie::store_v(&c->low, from.template cast_to<acc32>().template to_vector<int32>());
}

// Accumulators in memory: vectors of at most 1,024 bits.
template <typename T>
struct accumulators {
  using M = block<T>;
  using acc = typename native<T>::acc;
  using tag = typename native<T>::tag;
  static constexpr unsigned lanes = M::size_C * sizeof(acc) * 8 > 1024 ? 1024 / (8 * sizeof(acc)) : M::size_C;

  static AIE_INLINE M load(const acc *__restrict c) {
    if constexpr (lanes == M::size_C) {
      return M(load_sums<tag, lanes>(c));
    } else {
      aie::accum<tag, M::size_C> whole;
      for (unsigned part = 0; part < M::size_C / lanes; ++part) {
        whole.insert(part, load_sums<tag, lanes>(c + part * lanes));
      }
      return M(whole);
    }
  }
  static AIE_INLINE void store(acc *__restrict c, const M &from) {
    const auto whole = from.to_accum();
    for (unsigned part = 0; part < M::size_C / lanes; ++part) {
      store_sums<tag, lanes>(c + part * lanes, whole.template extract<lanes>(part));
    }
  }
};

// Blocks side by side, as members and not as an array: arrays of vectors end up in memory.
template <typename T, unsigned Count>
struct a_row {
  using M = block<T>;
  using A = typename native<T>::left;
  aie::vector<A, M::size_A> head;
  a_row<T, Count - 1> tail;
  AIE_INLINE void load(const A *__restrict a, unsigned stride) {
    head = aie::load_v<M::size_A>(a);
    tail.load(a + stride, stride);
  }
};
template <typename T>
struct a_row<T, 0> {
  AIE_INLINE void load(const typename native<T>::left *, unsigned) {}
};

template <typename T, unsigned Count>
struct c_row {
  using M = block<T>;
  using acc = typename native<T>::acc;
  M head;
  c_row<T, Count - 1> tail;
  AIE_INLINE void load(const acc *__restrict c) {
    head = accumulators<T>::load(c);
    tail.load(c + M::size_C);
  }
  AIE_INLINE void store(acc *__restrict c) const {
    accumulators<T>::store(c, head);
    tail.store(c + M::size_C);
  }
  AIE_INLINE void clear() {
    head = M(aie::zeros<typename native<T>::tag, M::size_C>());
    tail.clear();
  }
  template <typename Row>
  AIE_INLINE void mac(const aie::vector<typename native<T>::left, M::size_A> &a, const Row &b) {
    head.mac(a, b.head);
    tail.mac(a, b.tail);
  }
};
template <typename T>
struct c_row<T, 0> {
  using acc = typename native<T>::acc;
  AIE_INLINE void load(const acc *) {}
  AIE_INLINE void store(acc *) const {}
  AIE_INLINE void clear() {}
  template <typename A, typename Row>
  AIE_INLINE void mac(const A &, const Row &) {}
};

// int8 weights become bfloat16 exactly.
template <typename T>
AIE_INLINE aie::vector<typename native<T>::factor, block<T>::size_B> factors(const typename native<T>::right *__restrict b) {
  const auto elements = aie::load_v<block<T>::size_B>(b);
  if constexpr (sizeof(typename native<T>::factor) == sizeof(typename native<T>::right)) return elements;
  else return aie::to_float<typename native<T>::factor>(aie::unpack(elements));
}

template <typename T, unsigned Count>
struct b_row {
  using M = block<T>;
  using B = typename native<T>::right;
  aie::vector<typename native<T>::factor, M::size_B> head;
  b_row<T, Count - 1> tail;
  AIE_INLINE void load(const B *__restrict b) {
    head = factors<T>(b);
    tail.load(b + M::size_B);
  }
};
template <typename T>
struct b_row<T, 0> {
  AIE_INLINE void load(const typename native<T>::right *) {}
};

template <typename T, unsigned Rows, unsigned Columns>
struct c_blocks {
  using acc = typename native<T>::acc;
  c_row<T, Columns> head;
  c_blocks<T, Rows - 1, Columns> tail;
  AIE_INLINE void load(const acc *__restrict c, unsigned stride) {
    head.load(c);
    tail.load(c + stride, stride);
  }
  AIE_INLINE void store(acc *__restrict c, unsigned stride) const {
    head.store(c);
    tail.store(c + stride, stride);
  }
  AIE_INLINE void clear() {
    head.clear();
    tail.clear();
  }
  template <typename As, typename Bs>
  AIE_INLINE void mac(const As &a, const Bs &b) {
    head.mac(a.head, b);
    tail.mac(a.tail, b);
  }
};
template <typename T, unsigned Columns>
struct c_blocks<T, 0, Columns> {
  using acc = typename native<T>::acc;
  AIE_INLINE void load(const acc *, unsigned) {}
  AIE_INLINE void store(acc *, unsigned) const {}
  AIE_INLINE void clear() {}
  template <typename As, typename Bs>
  AIE_INLINE void mac(const As &, const Bs &) {}
};

// sums += a b for the blocks of c that are held in registers: a and b point to the first of them, k is walked.
template <typename T, unsigned k, unsigned n>
AIE_INLINE void walk(const typename native<T>::left *__restrict a, const typename native<T>::right *__restrict b,
                     c_blocks<T, native<T>::em, native<T>::en> &sums) {
  using N = native<T>;
  using M = block<T>;
  constexpr unsigned a_stride = k / N::s * M::size_A;
  constexpr unsigned b_stride = n / N::t * M::size_B;
  const typename N::left *from_a = a;
  const typename N::right *from_b = b;
  AIE_LOOP_RANGE(k / N::s, k / N::s)
  for (unsigned step = 0; step < k / N::s; ++step) {
    a_row<T, N::em> as;
    b_row<T, N::en> bs;
    as.load(from_a, a_stride);
    bs.load(from_b);
    sums.mac(as, bs);
    from_a += M::size_A;
    from_b += b_stride;
  }
}

template <typename T, unsigned m, unsigned k, unsigned n>
constexpr void check_tile() {
  using N = native<T>;
  static_assert(m % (N::r * N::em) == 0, "matmul: m must be whole blocks of r rows, em of them side by side");
  static_assert(k % N::s == 0, "matmul: k must be whole blocks of s");
  static_assert(n % (N::t * N::en) == 0, "matmul: n must be whole blocks of t columns, en of them side by side");
}

// c = a b (`first`) or c += a b.
template <typename T, unsigned m, unsigned k, unsigned n>
AIE_INLINE void accumulate(const typename native<T>::left *__restrict a, const typename native<T>::right *__restrict b,
                           typename native<T>::acc *__restrict c, bool first) {
  using N = native<T>;
  using M = block<T>;
  constexpr unsigned c_stride = n / N::t * M::size_C;
  check_tile<T, m, k, n>();
  for (unsigned i = 0; i < m / N::r; i += N::em) {
    for (unsigned j = 0; j < n / N::t; j += N::en) {
      typename N::acc *const at = c + i * c_stride + j * M::size_C;
      c_blocks<T, N::em, N::en> sums;
      if (first) sums.clear();
      else sums.load(at, c_stride);
      walk<T, k, n>(a + i * (k / N::s * M::size_A), b + j * M::size_B, sums);
      sums.store(at, c_stride);
    }
  }
}

}  // namespace matmul
