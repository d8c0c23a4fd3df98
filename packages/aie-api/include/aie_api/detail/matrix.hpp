// The product of two small matrices held in lanes, by registers: the arithmetic behind aie::mmul. A (M x K), B (K x N) and
// C (M x N) are row-major; N is a multiple of four. A product of whole registers takes an element of A in every lane and
// part of a row of B.
#pragma once

#include "multiply.hpp"
#include "registers.hpp"

namespace aie::detail {

// The sums of a product. They lie in memory, on the stack: V8 orders the arithmetic of a loop as it likes, but no access to
// memory, so a row's sums that are read, added to and written keep it apart from the next row, for which there are no
// registers left. Together they find none anyway: blocks of a kernel have 32 to 64. The simulator
// knows them by their accesses, whole registers at fixed places, and does not count them as stack.
template <typename Held, unsigned N>
struct sums_in_memory {
  using sum = register_of<Held>;
  static constexpr unsigned count = N / register_lanes<Held>;
  sum at[count];

  AIEKIT_INLINE explicit sums_in_memory(lanes<Held, N> start) {
    const registers<Held, N> from(start);
    AIEKIT_UNROLL for (unsigned i = 0; i < count; ++i) at[i] = from.at[i];
  }
  AIEKIT_INLINE lanes<Held, N> joined() const {
    registers<Held, N> out;
    AIEKIT_UNROLL for (unsigned i = 0; i < count; ++i) out.at[i] = at[i];
    return out.joined();
  }

  // Sums First + [0, Count) in registers, or zeros, and back: in order with all other such accesses.
  template <bool Adds, unsigned Count>
  AIEKIT_INLINE void read(unsigned first, sum (&into)[Count]) const {
    AIEKIT_UNROLL for (unsigned i = 0; i < Count; ++i) into[i] = Adds ? const_cast<const volatile sum&>(at[first + i]) : sum{};
  }
  template <unsigned Count>
  AIEKIT_INLINE void write(unsigned first, const sum (&from)[Count]) {
    AIEKIT_UNROLL for (unsigned i = 0; i < Count; ++i) const_cast<volatile sum&>(at[first + i]) = from[i];
  }
};

// bfloat16: products are exact in binary32; sums are rounded to binary32 one after the other, in order of k.
template <bool Adds, unsigned M, unsigned K, unsigned N>
AIEKIT_INLINE void multiply_bf16(sums_in_memory<float, M * N>& sums, lanes<uint16_t, M * K> a, lanes<uint16_t, K * N> b) {
  using quad = register_of<float>;
  constexpr unsigned parts = N / 4;
  const registers<uint16_t, K * N> of_b(b);
  quad rows[K * parts];
  AIEKIT_UNROLL for (unsigned i = 0; i < of_b.count; ++i) widen_bf16(of_b.at[i], rows[2 * i], rows[2 * i + 1]);
  const registers<uint16_t, M * K> of_a(a);
  quad low[of_a.count], high[of_a.count];
  AIEKIT_UNROLL for (unsigned i = 0; i < of_a.count; ++i) widen_bf16(of_a.at[i], low[i], high[i]);
  AIEKIT_UNROLL for (unsigned m = 0; m < M; ++m) {
    quad row[parts];
    sums.template read<Adds>(m * parts, row);
    AIEKIT_UNROLL for (unsigned k = 0; k < K; ++k) {
      const unsigned lane = m * K + k, i = lane / 8, at = lane % 8;
      const quad x = (quad)((at < 4 ? low : high)[i][at % 4]);
      AIEKIT_UNROLL for (unsigned part = 0; part < parts; ++part) row[part] += x * rows[k * parts + part];
    }
    sums.write(m * parts, row);
  }
}

// True where lanes of T are whole numbers of 16 bits with a sign.
template <typename T>
inline constexpr bool fits_int16 = !element<T>::is_float && (sizeof(T) == 1 || same<T, int16_t>);

// Rows 2 pair and 2 pair + 1 of B, columns [column, column + 4): both elements of a column side by side.
template <unsigned First, unsigned N, unsigned Count, unsigned... I>
AIEKIT_INLINE int16_register column_pairs(lanes<int16_t, Count> b, indices<I...>) {
  return __builtin_shufflevector(b, b, (First + I % 2 * N + I / 2)...);
}
template <unsigned N, unsigned Count, unsigned I>
AIEKIT_INLINE void pair_rows(lanes<int16_t, Count> b, int16_register* rows) {
  if constexpr (I < Count / 8) {
    rows[I] = column_pairs<I / (N / 4) * 2 * N + I % (N / 4) * 4, N, Count>(b, make_indices<8>{});
    pair_rows<N, Count, I + 1>(b, rows);
  }
}

// Two products and their sum at a time. The sum of two products of int16 fits 32 bits unless both are 2^30; then it wraps,
// which an accumulator of 32 bits does as well. One of 64 bits takes the sum less one, which always fits, and adds the ones.
template <bool Adds, typename Held, unsigned M, unsigned K, unsigned N>
AIEKIT_INLINE void multiply_pairs(sums_in_memory<Held, M * N>& sums, lanes<int16_t, M * K> a, lanes<int16_t, K * N> b) {
  static_assert(K % 2 == 0);
  constexpr unsigned parts = N / 4, pairs = K / 2, sums_of_row = N / register_lanes<Held>;
  const registers<int32_t, M * pairs> of_a(bits_as<lanes<int32_t, M * pairs>>(a));
  int16_register rows[pairs * parts];
  pair_rows<N, K * N, 0>(b, rows);
  AIEKIT_UNROLL for (unsigned m = 0; m < M; ++m) {
    register_of<Held> row[sums_of_row];
    sums.template read<Adds>(m * sums_of_row, row);
    AIEKIT_UNROLL for (unsigned pair = 0; pair < pairs; ++pair) {
      const unsigned lane = m * pairs + pair;
      const auto x = bits_as<int16_register>((register_of<int32_t>)(of_a.at[lane / 4][lane % 4]));
      AIEKIT_UNROLL for (unsigned i = 0; i < parts; ++i) {
        const register_of<int32_t> two = __builtin_wasm_dot_s_i32x4_i16x8(x, rows[pair * parts + i]);
        if constexpr (sizeof(Held) == 4) {
          row[i] += two;
        } else {
          using both = register_of<int64_t>;
          const register_of<int32_t> less = two - 1;
          row[2 * i] += __builtin_convertvector(slice<0, 2>(less), both);
          row[2 * i + 1] += __builtin_convertvector(slice<2, 2>(less), both);
        }
      }
    }
    if constexpr (sizeof(Held) == 8) {
      AIEKIT_UNROLL for (unsigned i = 0; i < sums_of_row; ++i) row[i] += pairs;
    }
    sums.write(m * sums_of_row, row);
  }
}

// Any integers, one product at a time.
template <bool Adds, typename Held, unsigned M, unsigned K, unsigned N>
AIEKIT_INLINE void multiply_integers(sums_in_memory<Held, M * N>& sums, lanes<Held, M * K> a, lanes<Held, K * N> b) {
  constexpr unsigned width = register_lanes<Held>, parts = N / width;
  const registers<Held, M * K> of_a(a);
  const registers<Held, K * N> of_b(b);
  AIEKIT_UNROLL for (unsigned m = 0; m < M; ++m) {
    register_of<Held> row[parts];
    sums.template read<Adds>(m * parts, row);
    AIEKIT_UNROLL for (unsigned k = 0; k < K; ++k) {
      const unsigned lane = m * K + k;
      const auto x = (register_of<Held>)(of_a.at[lane / width][lane % width]);
      AIEKIT_UNROLL for (unsigned i = 0; i < parts; ++i) row[i] += x * of_b.at[k * parts + i];
    }
    sums.write(m * parts, row);
  }
}

// C = A B, or C += A B (`Adds`). Integers wrap.
template <bool Adds, typename Held, unsigned M, unsigned K, unsigned N, typename A, typename B>
AIEKIT_INLINE void multiply(sums_in_memory<Held, M * N>& sums, const vector<A, M * K>& a, const vector<B, K * N>& b) {
  if constexpr (same<A, bfloat16>) {
    multiply_bf16<Adds, M, K, N>(sums, a.to_native(), b.to_native());
  } else if constexpr (fits_int16<A> && fits_int16<B> && K % 2 == 0) {
    multiply_pairs<Adds, Held, M, K, N>(sums, widen<int16_t>(a), widen<int16_t>(b));
  } else {
    multiply_integers<Adds, Held, M, K, N>(sums, widen<Held>(a), widen<Held>(b));
  }
}

}  // namespace aie::detail
