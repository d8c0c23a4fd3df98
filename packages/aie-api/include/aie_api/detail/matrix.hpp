// The product of two small matrices held in lanes, by registers: the arithmetic behind aie::mmul. A (M x K), B (K x N) and
// C (M x N) are row-major; N is a multiple of four. A product of whole registers takes an element of A in every lane and
// part of a row of B.
#pragma once

#include "multiply.hpp"
#include "registers.hpp"

namespace aie::detail {

// V8 orders the arithmetic of a block as it likes, and begins all rows of C side by side, which needs three times the
// registers that there are. Accesses to globals it may not reorder, so rows are worked on between two of them: the first sum
// of the next rows takes in a zero that is read after part of the sums of the rows before was put away. The zero lies in
// another eight bytes: a load next to what is just being stored waits for it.
__attribute__((weak, address_space(1))) volatile double order = 0;
__attribute__((weak, address_space(1))) volatile float nothing = 0;
template <typename Register>
AIEKIT_INLINE void begin_after_order(Register& sum) {
  const auto zero = bits_as<word_register>((register_of<float>)(static_cast<float>(nothing)));
  sum = bits_as<Register>(bits_as<word_register>(sum) | zero);
}
template <typename Held, unsigned N>
AIEKIT_INLINE void end_before_order(const registers<Held, N>& sums, unsigned first, unsigned count) {
  auto all = bits_as<word_register>(sums.at[first]);
  AIEKIT_UNROLL for (unsigned i = 1; i < count; ++i) all &= bits_as<word_register>(sums.at[first + i]);
  order = bits_as<register_of<double>>(all)[0];
}

// bfloat16: products are exact in binary32; sums are rounded to binary32 one after the other, in order of k.
template <unsigned M, unsigned K, unsigned N>
AIEKIT_INLINE lanes<float, M * N> multiply_bf16(lanes<float, M * N> start, lanes<uint16_t, M * K> a,
                                                lanes<uint16_t, K * N> b) {
  using quad = register_of<float>;
  constexpr unsigned parts = N / 4;
  registers<float, M * N> sums(start);
  const registers<uint16_t, K * N> of_b(b);
  quad row[K * parts];
  AIEKIT_UNROLL for (unsigned i = 0; i < of_b.count; ++i) widen_bf16(of_b.at[i], row[2 * i], row[2 * i + 1]);
  const registers<uint16_t, M * K> of_a(a);
  quad low[of_a.count], high[of_a.count];
  AIEKIT_UNROLL for (unsigned i = 0; i < of_a.count; ++i) widen_bf16(of_a.at[i], low[i], high[i]);
  // Two sums that do not wait for each other at a time.
  constexpr unsigned together = of_a.count >= 2 && K <= 8 && parts == 1 ? 2 : 1;
  constexpr unsigned sums_of_rows = (8 * together > K ? 8 * together / K : 1) * parts;
  AIEKIT_UNROLL for (unsigned first = 0; first < of_a.count; first += together) {
    const unsigned first_sum = 8 * first / K * parts;
    begin_after_order(sums.at[first_sum]);
    AIEKIT_UNROLL for (unsigned lane = 0; lane < 8 * together; ++lane) {
      const unsigned i = first + lane % together, at = lane / together, m = (8 * i + at) / K, k = (8 * i + at) % K;
      const quad x = (quad)((at < 4 ? low : high)[i][at % 4]);
      AIEKIT_UNROLL for (unsigned part = 0; part < parts; ++part) sums.at[m * parts + part] += x * row[k * parts + part];
    }
    end_before_order(sums, first_sum, sums_of_rows);
  }
  return sums.joined();
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
template <typename Held, unsigned M, unsigned K, unsigned N>
AIEKIT_INLINE lanes<Held, M * N> multiply_pairs(lanes<Held, M * N> start, lanes<int16_t, M * K> a, lanes<int16_t, K * N> b) {
  static_assert(K % 2 == 0);
  constexpr unsigned parts = N / 4, pairs = K / 2, sums_of_row = N / register_lanes<Held>, rows_together = M < 2 ? 1 : 2;
  registers<Held, M * N> sums(start);
  const registers<int32_t, M * pairs> of_a(bits_as<lanes<int32_t, M * pairs>>(a));
  int16_register rows[pairs * parts];
  pair_rows<N, K * N, 0>(b, rows);
  AIEKIT_UNROLL for (unsigned m = 0; m < M; ++m) {
    if (m % rows_together == 0) begin_after_order(sums.at[m * sums_of_row]);
    AIEKIT_UNROLL for (unsigned pair = 0; pair < pairs; ++pair) {
      const unsigned lane = m * pairs + pair;
      const auto x = bits_as<int16_register>((register_of<int32_t>)(of_a.at[lane / 4][lane % 4]));
      AIEKIT_UNROLL for (unsigned i = 0; i < parts; ++i) {
        const register_of<int32_t> two = __builtin_wasm_dot_s_i32x4_i16x8(x, rows[pair * parts + i]);
        if constexpr (sizeof(Held) == 4) {
          sums.at[m * parts + i] += two;
        } else {
          using both = register_of<int64_t>;
          const register_of<int32_t> less = two - 1;
          sums.at[2 * (m * parts + i)] += __builtin_convertvector(slice<0, 2>(less), both);
          sums.at[2 * (m * parts + i) + 1] += __builtin_convertvector(slice<2, 2>(less), both);
        }
      }
    }
    if constexpr (sizeof(Held) == 8) {
      AIEKIT_UNROLL for (unsigned i = 0; i < sums_of_row; ++i) sums.at[m * sums_of_row + i] += pairs;
    }
    if ((m + 1) % rows_together == 0) end_before_order(sums, (m + 1 - rows_together) * sums_of_row, rows_together * sums_of_row);
  }
  return sums.joined();
}

// Any integers, one product at a time.
template <typename Held, unsigned M, unsigned K, unsigned N>
AIEKIT_INLINE lanes<Held, M * N> multiply_integers(lanes<Held, M * N> start, lanes<Held, M * K> a, lanes<Held, K * N> b) {
  constexpr unsigned width = register_lanes<Held>, parts = N / width;
  registers<Held, M * N> sums(start);
  const registers<Held, M * K> of_a(a);
  const registers<Held, K * N> of_b(b);
  AIEKIT_UNROLL for (unsigned m = 0; m < M; ++m) {
    AIEKIT_UNROLL for (unsigned k = 0; k < K; ++k) {
      const unsigned lane = m * K + k;
      const auto x = (register_of<Held>)(of_a.at[lane / width][lane % width]);
      AIEKIT_UNROLL for (unsigned i = 0; i < parts; ++i) sums.at[m * parts + i] += x * of_b.at[k * parts + i];
    }
  }
  return sums.joined();
}

// C + A B. Integers wrap.
template <typename Held, unsigned M, unsigned K, unsigned N, typename A, typename B>
AIEKIT_INLINE lanes<Held, M * N> multiply_add(lanes<Held, M * N> start, const vector<A, M * K>& a, const vector<B, K * N>& b) {
  if constexpr (same<A, bfloat16>) {
    return multiply_bf16<M, K, N>(start, a.to_native(), b.to_native());
  } else if constexpr (fits_int16<A> && fits_int16<B> && K % 2 == 0) {
    return multiply_pairs<Held, M, K, N>(start, widen<int16_t>(a), widen<int16_t>(b));
  } else {
    return multiply_integers<Held, M, K, N>(start, widen<Held>(a), widen<Held>(b));
  }
}

}  // namespace aie::detail
