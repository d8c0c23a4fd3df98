// attention_*_bf16: softmax(q k^T / sqrt(width)) v for one head and up to 64 queries of a core, key block by key block.
//
//   plan      what a unit of work is, from the words that the runtime sequence wrote
//   begin     no sums, no maxima
//   queries   one strip of 8 queries, transposed
//   scores    p = 2^(c (q k) - m) of 32 keys, 0 for keys that a query does not see; m raised where p would exceed 2^8
//   values    sums += p v, totals += p
//   finish    out = sums / totals, one strip of 8 queries
//
// Arguments   layouts in attention_shape.h. kv: bf16[2 slices][32][8], keys then values of 32 positions; the call of values
//             transposes them in place and clears those behind the last valid position. q, out: bf16[slices][8][8].
//             32-byte aligned, none overlap.
// Tile bytes  none of its own; arguments at width 64: queries 8,192, p 4,096, sums 17,408, state 2,048.
// Rounding    set at each entry: scores floor, with halves in the sums that are shifted (exp_scores.h), in every build;
//             values and finish conv_even. Saturation none.
// Error       exponentials: exp_scores.h, the part without the narrowing <= 2^-10.9 of p; narrowing of p and of the
//             quotient: 2^-8 each, 2^-9.2 as a root mean square; float sums. NaN or infinity in q or k: the rows that use
//             them are without meaning, others are not touched. NaN or infinity in v: in that column for every row of the head.
// Cycles      modelled by the simulator; not measured on a device.
// Source      running maximum and rescaled sums: M. Milakov, N. Gimelshein, Online normalizer calculation for softmax, 2018;
//             blocks of keys: T. Dao et al., FlashAttention, 2022.
// Meaning     attention_ref.h, within the bound.
#include "attention/scores.h"
#include "attention/values.h"

#include "aie_kernel.h"

namespace {

using attention::parameters;
using attention::plan;
using attention::view;

void set_modes(aie::rounding_mode mode) {
  aie::set_rounding(mode);
  aie::set_saturation(aie::saturation_mode::none);
}

const plan &as_plan(const int32 *words) { return *reinterpret_cast<const plan *>(words); }

}  // namespace

extern "C" void attention_plan_i32(const int32 *__restrict words, int32 *__restrict to, int32 unit, int32 core) {
  AIEKIT_SCALAR_CYCLES(100);
  const parameters &p = *reinterpret_cast<const parameters *>(words);
  constexpr int32 strip_rows = attention::kColumnCores * attention::kStripRows;
  constexpr int32 block_rows = attention::kStrips * strip_rows;
  int32 block = p.first_block + unit;
  while (block >= p.blocks) block -= p.blocks;
  const int32 strips = block == p.blocks - 1 ? p.last_strips : static_cast<int32>(attention::kStrips);
  // Keys that query 0 sees; without causality every query sees all of them.
  const int32 start = (p.causal != 0 ? p.keys - p.queries : p.keys) + 1;
  const int32 all = start - 1 + block * block_rows + strips * strip_rows;
  const int32 seen = all < p.keys ? all : p.keys;
  plan &out = *reinterpret_cast<plan *>(to);
  out.strips = strips;
  out.key_blocks = (seen + static_cast<int32>(attention::kKeys) - 1) / static_cast<int32>(attention::kKeys);
  out.seen = start + block * block_rows + core * static_cast<int32>(attention::kStripRows);
  out.keys = p.keys;
}

extern "C" void attention_begin_bf16(int32 *__restrict state, float *__restrict sums) {
  const auto none = aie::broadcast<int32, 16>(0);
  for (unsigned i = 0; i < 2 * attention::kMaximaAt; i += 16) aie::store_v(state + i, none);
  for (unsigned i = 0; i < attention::kStrips * attention::kStripSums; i += 16) {
    aie::store_v(sums + i, none.cast_to<float>());
  }
}

extern "C" void attention_queries_bf16(const bfloat16 *__restrict q, bfloat16 *__restrict queries, int32 strip) {
  bfloat16 *const to = queries + strip * static_cast<int32>(attention::kStripQueries);
  for (unsigned i = 0; i < attention::kStripQueries; i += 32) {
    aie::store_v(to + i, aie::transpose(aie::load_v<32>(q + i), 4, 8));
  }
}

extern "C" void attention_scores_bf16(const bfloat16 *__restrict kv, const bfloat16 *__restrict queries, int32 *__restrict state,
                                      float *__restrict sums, bfloat16 *__restrict p, const int32 *__restrict words,
                                      int32 block) {
  using namespace attention;
  set_modes(aie::rounding_mode::floor);
  event0();
  const plan &plan = as_plan(words);
  const strips all = {queries, state, sums, p};
  const view last = view::of(plan, 0, block);
  // Later strips see more keys: without causality all of them see all keys, but for the last block.
  AIEKIT_SCALAR_CYCLES(20 * plan.strips);
  uint32 above = 0;
  if (last.all() && block > 0) {
    above = exponentials<false>(kv, all, 0, plan.strips, last);
    if (above == 0) {
      event1();
      return;
    }
  }
  for (int32 strip = 0; strip < plan.strips; ++strip) {
    const view view = view::of(plan, strip, block);
    if (view.none()) continue;
    const auto again = [&] {
      return view.all() ? exponentials<false>(kv, all, strip, strip + 1, view) : exponentials<true>(kv, all, strip, strip + 1, view);
    };
    if (last.all() && block > 0 ? ((above >> strip) & 1) == 0 : block > 0 && again() == 0) continue;
    raise_maxima(kv, all.from(strip), view, block == 0);
    again();
  }
  event1();
}

extern "C" void attention_values_bf16(bfloat16 *__restrict kv, const bfloat16 *__restrict p, float *__restrict sums,
                                      const int32 *__restrict words, int32 block) {
  set_modes(aie::rounding_mode::AIEKIT_ROUNDING);
  event0();
  const plan &plan = as_plan(words);
  bfloat16 *const values = kv + attention::kSlices * attention::kKeys * 8;
  const int32 valid = view::of(plan, 0, block).keys;
  if (valid < static_cast<int32>(attention::kKeys)) attention::clear_values(values, valid < 0 ? 0 : valid);
  attention::transpose_values(values);
  for (int32 strip = 0; strip < plan.strips; ++strip) {
    AIEKIT_SCALAR_CYCLES(10);
    if (view::of(plan, strip, block).none()) continue;
    attention::add_values(values, p + strip * static_cast<int32>(attention::kStripP),
                          sums + strip * static_cast<int32>(attention::kStripSums));
  }
  event1();
}

extern "C" void attention_finish_bf16(const float *__restrict sums, bfloat16 *__restrict out, int32 strip) {
  set_modes(aie::rounding_mode::AIEKIT_ROUNDING);
  attention::quotients(sums + strip * static_cast<int32>(attention::kStripSums), out);
}
