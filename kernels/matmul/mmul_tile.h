// c += a b for one tile: a is m x k, b is k x n, c is m x n, each of them blocked.
//
// Layout      Blocks of r x s (a), s x t (b) and r x t (c), row-major inside a block, blocks row-major in the tile: what one
//             load of aie::mmul takes is contiguous. Memtile DMAs make that order (docs/designs.md, "Another order on the way").
// Alignment   32 bytes; 64 on AIE2P. a, b and c may not overlap.
// Tile bytes  none: accumulators of EM x EN blocks stay in registers while k is walked.
// Rounding    none. Integers accumulate modulo 2^32 (int16 operands: 2^64), bfloat16 in binary32.
//
// Operations of one step of s for EM x EN blocks, against 2 loads of 32 B, 1 store of 32 B and one mmul a cycle (AIE2):
//   int8   4x8x8, 4 x 2 blocks: loads 4 x 32 + 2 x 64 B = 4 cycles, 8 mmuls = 8 cycles: the multiplier is the bound
//   bf16   4x8x4, 4 x 4 blocks: loads 4 x 64 + 4 x 64 B = 8 cycles, 16 mmuls = 16 cycles
//   int16  4x4x4, 4 x 2 blocks (64-bit accumulators): loads 4 x 32 + 2 x 32 B = 3 cycles, 8 mmuls = 8 cycles
// Accumulators take 8 of the 9 registers of 1,024 bits that AIE2 has in each case. Around the walk c is loaded and stored
// once: 8 x 128 B = 16 and 32 cycles for 8 k / s multiplications, which is why k is as long as the tile's memory lets it be.
#pragma once

#include <aie_api/aie.hpp>

#include "aie_kernel.h"

namespace matmul {

// r, s, t and how many blocks are held in registers, by the type of the operands.
template <typename T>
struct native;
#if __AIE_ARCH__ >= 21
template <> struct native<int8> { static constexpr unsigned r = 8, s = 8, t = 8, em = 2, en = 2; using acc = int32; using tag = acc32; };
template <> struct native<int16> { static constexpr unsigned r = 4, s = 4, t = 8, em = 2, en = 2; using acc = int64_t; using tag = acc64; };
template <> struct native<bfloat16> { static constexpr unsigned r = 8, s = 8, t = 4, em = 2, en = 4; using acc = float; using tag = accfloat; };
#else
template <> struct native<int8> { static constexpr unsigned r = 4, s = 8, t = 8, em = 4, en = 2; using acc = int32; using tag = acc32; };
template <> struct native<int16> { static constexpr unsigned r = 4, s = 4, t = 4, em = 4, en = 2; using acc = int64_t; using tag = acc64; };
template <> struct native<bfloat16> { static constexpr unsigned r = 4, s = 8, t = 4, em = 4, en = 4; using acc = float; using tag = accfloat; };
#endif

template <typename T>
using block = aie::mmul<native<T>::r, native<T>::s, native<T>::t, T, T, typename native<T>::tag>;

// Accumulators in memory: vectors of at most 1,024 bits.
template <typename T>
struct accumulators {
  using M = block<T>;
  using acc = typename native<T>::acc;
  using tag = typename native<T>::tag;
  static constexpr unsigned lanes = M::size_C * sizeof(acc) * 8 > 1024 ? 1024 / (8 * sizeof(acc)) : M::size_C;

  static AIE_INLINE M load(const acc *__restrict c) {
    if constexpr (lanes == M::size_C) {
      return M(aie::accum<tag, lanes>(aie::load_v<lanes>(c)));
    } else {
      aie::accum<tag, M::size_C> whole;
      for (unsigned part = 0; part < M::size_C / lanes; ++part) {
        whole.insert(part, aie::accum<tag, lanes>(aie::load_v<lanes>(c + part * lanes)));
      }
      return M(whole);
    }
  }
  static AIE_INLINE void store(acc *__restrict c, const M &from) {
    const auto whole = from.to_accum();
    for (unsigned part = 0; part < M::size_C / lanes; ++part) {
      aie::store_v(c + part * lanes, whole.template extract<lanes>(part).template to_vector<acc>());
    }
  }
};

// Blocks side by side, as members and not as an array: arrays of vectors end up in memory.
template <typename T, unsigned Count>
struct a_row {
  using M = block<T>;
  aie::vector<T, M::size_A> head;
  a_row<T, Count - 1> tail;
  AIE_INLINE void load(const T *__restrict a, unsigned stride) {
    head = aie::load_v<M::size_A>(a);
    tail.load(a + stride, stride);
  }
};
template <typename T>
struct a_row<T, 0> {
  AIE_INLINE void load(const T *, unsigned) {}
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
  AIE_INLINE void mac(const aie::vector<T, M::size_A> &a, const Row &b) {
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

template <typename T, unsigned Count>
struct b_row {
  using M = block<T>;
  aie::vector<T, M::size_B> head;
  b_row<T, Count - 1> tail;
  AIE_INLINE void load(const T *__restrict b) {
    head = aie::load_v<M::size_B>(b);
    tail.load(b + M::size_B);
  }
};
template <typename T>
struct b_row<T, 0> {
  AIE_INLINE void load(const T *) {}
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

// c = a b (`first`) or c += a b.
template <typename T, unsigned m, unsigned k, unsigned n>
AIE_INLINE void accumulate(const T *__restrict a, const T *__restrict b, typename native<T>::acc *__restrict c, bool first) {
  using N = native<T>;
  using M = block<T>;
  constexpr unsigned a_stride = k / N::s * M::size_A;
  constexpr unsigned b_stride = n / N::t * M::size_B;
  constexpr unsigned c_stride = n / N::t * M::size_C;
  static_assert(m % (N::r * N::em) == 0, "matmul: m must be whole blocks of r rows, em of them side by side");
  static_assert(k % N::s == 0, "matmul: k must be whole blocks of s");
  static_assert(n % (N::t * N::en) == 0, "matmul: n must be whole blocks of t columns, en of them side by side");

  for (unsigned i = 0; i < m / N::r; i += N::em) {
    for (unsigned j = 0; j < n / N::t; j += N::en) {
      typename N::acc *const at = c + i * c_stride + j * M::size_C;
      c_blocks<T, N::em, N::en> sums;
      if (first) sums.clear();
      else sums.load(at, c_stride);
      const T *from_a = a + i * a_stride;
      const T *from_b = b + j * M::size_B;
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
      sums.store(at, c_stride);
    }
  }
}

}  // namespace matmul
