// What the columns of c are treated with: rows of n words, four in most kernels, that come to the core as an object of b.
//
// The memtile sends every object of b in blocks of s x t, so a word stands where the block order of b puts its bytes. A
// run of t elements stays together; they are 4 to 16 bytes. Scalar: n words a row, once for a column of tiles.
//
// Part of     all kernels of this folder: the cycles are among theirs, modelled.
#pragma once

#include "matmul/mmul_tile.h"

namespace matmul {

constexpr unsigned kChannelRows = 4;

template <typename T, unsigned n>
inline void channels_of_b(const typename native<T>::right *__restrict b, int32 *__restrict by, unsigned rows = kChannelRows) {
  using N = native<T>;
  constexpr unsigned run_words = N::t * sizeof(typename N::right) / 4;
  constexpr unsigned runs_per_row = n / N::t;
  for (unsigned run = 0; run < rows * n / run_words; ++run) {
    const unsigned row = run / runs_per_row, column = run % runs_per_row;
    const unsigned block = row / N::s * runs_per_row + column;
    const int32 *const from = reinterpret_cast<const int32 *>(b + (block * N::s + row % N::s) * N::t);
    for (unsigned word = 0; word < run_words; ++word) by[run * run_words + word] = from[word];
  }
  // A load and a store of one word: two cycles each when the loop is pipelined.
  AIEKIT_SCALAR_CYCLES(2 * rows * n);
}

// Words of `row` that belong to the 16 values of a block (or half a block) that begin in column j: t of them, repeated.
template <unsigned t>
AIE_INLINE aie::vector<int32, 16> of_columns(const int32 *__restrict row) {
  if constexpr (t == 8) {
    const auto part = aie::load_v<8>(row);
    return aie::concat(part, part);
  } else {
    const auto part = aie::load_v<4>(row);
    return aie::concat(part, part, part, part);
  }
}

// Values are worked on in runs of 32 that are contiguous in the tile: two blocks side by side, a block, or half of one.
template <typename T>
struct run_of {
  using N = native<T>;
  static constexpr unsigned lanes = 32, block_size = N::r * N::t;

  // Words of `row` that belong to the values of run q of a row of blocks.
  static AIE_INLINE aie::vector<int32, lanes> words(const int32 *__restrict row, unsigned q) {
    if constexpr (block_size == 16) {
      return aie::concat(of_columns<N::t>(row + 2 * q * N::t), of_columns<N::t>(row + (2 * q + 1) * N::t));
    } else {
      const auto part = of_columns<N::t>(row + q * lanes / block_size * N::t);
      return aie::concat(part, part);
    }
  }
};

// How a tile goes out, as bits of the store kernels' `flags`.
constexpr int32 kHasChannels = 1;
constexpr int32 kGelu = 2;

// Rows of a residual arrive as objects of b: k rows of n values as wide as those of b, in blocks of s x t. A tile of c finds
// its rows in one of them, or in several one after another. `object` counts them in a step of `row`s of tiles.
template <typename T, unsigned m, unsigned k, unsigned n>
struct residual_rows {
  using N = native<T>;
  using value = typename N::right;
  static_assert(N::s % N::r == 0, "matmul: the rows of a block of c must lie in one block of b");
  static_assert(m % k == 0 || k % m == 0, "matmul: a residual needs tiles that are whole objects, or objects that are whole tiles");
  static constexpr unsigned rows = m < k ? m : k;

  const value *__restrict values;
  unsigned first;         // row of the object
  unsigned first_of_tile;  // row of the tile that it belongs to
  bool is_mine;

  AIE_INLINE residual_rows(const value *__restrict from, int32 object, int32 row) : values(from) {
    const int32 tile_row = row * static_cast<int32>(m), object_row = object * static_cast<int32>(k);
    first = object_row < tile_row ? static_cast<unsigned>(tile_row - object_row) : 0;
    first_of_tile = object_row < tile_row ? 0 : static_cast<unsigned>(object_row - tile_row);
    is_mine = first < k && first_of_tile < m;
  }

  // The values of block (i, j) of c, r x t of them; i counts blocks of the whole tile.
  AIE_INLINE const value *__restrict block_of(unsigned i, unsigned j) const {
    const unsigned at = first + i * N::r - first_of_tile;
    return values + (at / N::s * (n / N::t) + j) * N::s * N::t + at % N::s * N::t;
  }

  // Values 32 q.. of row i of blocks.
  AIE_INLINE aie::vector<value, 32> run(unsigned i, unsigned q) const {
    constexpr unsigned block_size = N::r * N::t;
    if constexpr (block_size == 16) {
      return aie::concat(aie::load_v<16>(block_of(i, 2 * q)), aie::load_v<16>(block_of(i, 2 * q + 1)));
    } else {
      return aie::load_v<32>(block_of(i, q * 32 / block_size) + q * 32 % block_size);
    }
  }
};

// Where no residual is added: all rows of the tile.
template <unsigned m>
struct no_residual {
  static constexpr unsigned rows = m;
  static constexpr unsigned first_of_tile = 0;
};

}  // namespace matmul
