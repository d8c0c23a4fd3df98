// Sizes and layouts of one core's part of attention.
//
// A core works on a unit: up to kStrips strips of 8 queries of one head, against all keys of the head in blocks of 32.
//
//   element [r, c] of 8 queries or 32 keys:   slice c / 8, then row r, then c % 8 -- so 4 rows of a slice are one matrix of
//                                             4 x 8, and 8 rows one of 8 x 8, each contiguous
//   queries   bf16[strips][slices][2][8 x 4]  transposed: 8 columns of 4 queries
//   p         bf16[strips][2][4][8 x 4]       exponentials: 8 keys of 4 queries
//   sums      f32[strips][2][slices 2 + 1][4 x 4]   4 columns of 4 queries; the last: the sum of p, four times
//   state     i32[2][strips][2][16]           bits of the offsets (float), then the maxima; lane 4 i + q is query q
//
// Here [2] is a half of a strip: 4 queries. Scores are computed transposed (keys are rows), so that two accumulators of 4
// keys x 4 queries are, narrowed, the 8 x 4 operand of the second product, and no lane has to move.
#pragma once

#include <aie_api/aie.hpp>

#include "aie_kernel.h"

#ifndef ATTENTION_WIDTH
#define ATTENTION_WIDTH 64
#endif

namespace attention {

constexpr unsigned kWidth = ATTENTION_WIDTH;
constexpr unsigned kSlices = kWidth / 8;
constexpr unsigned kStrips = 8;
constexpr unsigned kStripRows = 8;
constexpr unsigned kKeys = 32;
// Cores of a column take strips in turn.
constexpr unsigned kColumnCores = 4;
static_assert(kWidth % 8 == 0 && kWidth >= 8 && kWidth <= 64,
              "attention: a head has 8 to 64 columns, a multiple of 8: blocks, sums and queries fill a tile at 64");

constexpr unsigned kStripQueries = kSlices * 2 * 32;
constexpr unsigned kStripP = 2 * (kKeys / 8) * 32;
constexpr unsigned kHalfSums = (2 * kSlices + 1) * 16;
constexpr unsigned kStripSums = 2 * kHalfSums;
constexpr unsigned kMaximaAt = kStrips * 2 * 16;

// Words that a runtime sequence writes.
struct parameters {
  int32 units;
  int32 first_block;  // of the first unit, in its head
  int32 blocks;       // of queries in a head
  int32 last_strips;  // of the last block
  int32 queries;
  int32 keys;    // valid ones
  int32 causal;  // 1: query i sees keys 0 .. keys - queries + i
};

// Words of one unit.
struct plan {
  int32 strips;
  int32 key_blocks;
  int32 seen;  // keys that the first query of the core sees; one more for each row, up to `keys`
  int32 keys;
};

using columns_by_keys = aie::mmul<4, 8, 4, bfloat16, bfloat16>;
using tile_sums = columns_by_keys::accum_type;

// Which keys of a block a strip sees.
struct view {
  int32 first;  // keys that its first query sees, as a position in the block: may lie outside of 0 .. kKeys
  int32 keys;   // valid keys, likewise

  AIE_INLINE static view of(const plan &plan, int32 strip, int32 block) {
    const int32 start = block * static_cast<int32>(kKeys);
    const int32 rows = strip * static_cast<int32>(kColumnCores * kStripRows);
    return {plan.seen + rows - start, plan.keys - start};
  }
  AIE_INLINE bool none() const { return keys <= 0 || first + static_cast<int32>(kStripRows) - 1 <= 0; }
  AIE_INLINE bool all() const { return keys >= static_cast<int32>(kKeys) && first >= static_cast<int32>(kKeys); }
};

}  // namespace attention
