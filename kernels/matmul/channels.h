// What the columns of c are treated with: four rows of n words that come to the core as an object of b.
//
// The memtile sends every object of b in blocks of s x t, so a word stands where the block order of b puts its bytes. A
// run of t elements stays together; they are 8 bytes (AIE2P, int16: 16). Scalar: 4 n words, once for a column of tiles.
#pragma once

#include "matmul/mmul_tile.h"

namespace matmul {

constexpr unsigned kChannelRows = 4;

template <typename T, unsigned n>
inline void channels_of_b(const T *__restrict b, int32 *__restrict by) {
  using N = native<T>;
  constexpr unsigned run_words = N::t * sizeof(T) / 4;
  constexpr unsigned runs = kChannelRows * n / run_words;
  constexpr unsigned runs_per_row = n / N::t;
  for (unsigned run = 0; run < runs; ++run) {
    const unsigned row = run / runs_per_row, column = run % runs_per_row;
    const unsigned block = row / N::s * runs_per_row + column;
    const int32 *const from = reinterpret_cast<const int32 *>(b + (block * N::s + row % N::s) * N::t);
    for (unsigned word = 0; word < run_words; ++word) by[run * run_words + word] = from[word];
  }
  // A load and a store of one word: two cycles each when the loop is pipelined.
  AIEKIT_SCALAR_CYCLES(2 * kChannelRows * n);
}

}  // namespace matmul
