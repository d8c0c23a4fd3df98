// The second product and what becomes of it: sums of V by the exponentials, and their quotient.
//
// Part of     attention.cc: the cycles are among its own, modelled.
#pragma once

#include "attention/attention_shape.h"
#include "math/bf16_parts.h"
#include "math/reciprocal.h"

namespace attention {

// 8 keys of 8 columns become 8 columns of 8 keys, in place: once a block, not once for each strip that takes them.
AIE_INLINE void transpose_values(bfloat16 *__restrict values) {
  for (unsigned i = 0; i < kSlices * kKeys * 8; i += 64) {
    aie::store_v(values + i, aie::transpose(aie::load_v<64>(values + i), 8, 8));
  }
}

// sums += V^T p for kMany slices of V and both halves of a strip.
template <unsigned kMany>
[[gnu::noinline]] void add_slices(const bfloat16 *__restrict values, const bfloat16 *__restrict p, float *__restrict sums) {
  float *const s0 = sums;
  float *const s1 = sums + kHalfSums;
  const auto start = [](const float *at) { return columns_by_keys(tile_sums(aie::load_v<16>(at))); };
  columns_by_keys c0_0 = start(s0), c0_1 = start(s0 + 16), c1_0 = start(s1), c1_1 = start(s1 + 16);
  constexpr unsigned second = kMany == 2 ? 32 : 0;
  columns_by_keys c0_2 = start(s0 + second), c0_3 = start(s0 + second + 16);
  columns_by_keys c1_2 = start(s1 + second), c1_3 = start(s1 + second + 16);
  for (unsigned group = 0; group < kKeys / 8; ++group) {
    const auto p0 = aie::load_v<32>(p + group * 32);
    const auto p1 = aie::load_v<32>(p + (kKeys / 8 + group) * 32);
    const auto v = aie::load_v<64>(values + group * 64);
    c0_0.mac(v.template extract<32>(0), p0), c1_0.mac(v.template extract<32>(0), p1);
    c0_1.mac(v.template extract<32>(1), p0), c1_1.mac(v.template extract<32>(1), p1);
    if constexpr (kMany == 2) {
      const auto w = aie::load_v<64>(values + kKeys * 8 + group * 64);
      c0_2.mac(w.template extract<32>(0), p0), c1_2.mac(w.template extract<32>(0), p1);
      c0_3.mac(w.template extract<32>(1), p0), c1_3.mac(w.template extract<32>(1), p1);
    }
  }
  const auto put = [](float *at, const columns_by_keys &c) { aie::store_v(at, c.to_accum().to_vector<float>()); };
  put(s0, c0_0), put(s0 + 16, c0_1), put(s1, c1_0), put(s1 + 16, c1_1);
  if constexpr (kMany == 2) put(s0 + 32, c0_2), put(s0 + 48, c0_3), put(s1 + 32, c1_2), put(s1 + 48, c1_3);
}

// The sum of p, by the same unit and of the same rounded p: its rounding cancels in the quotient.
AIE_INLINE void add_totals(const bfloat16 *__restrict p, float *__restrict sums) {
  const auto ones = aie::broadcast<bfloat16, 32>(bfloat16::from_bits(0x3f80));
  float *const s0 = sums + kHalfSums - 16;
  float *const s1 = s0 + kHalfSums;
  columns_by_keys c0(tile_sums(aie::load_v<16>(s0))), c1(tile_sums(aie::load_v<16>(s1)));
  for (unsigned group = 0; group < kKeys / 8; ++group) {
    c0.mac(ones, aie::load_v<32>(p + group * 32));
    c1.mac(ones, aie::load_v<32>(p + (kKeys / 8 + group) * 32));
  }
  aie::store_v(s0, c0.to_accum().to_vector<float>());
  aie::store_v(s1, c1.to_accum().to_vector<float>());
}

AIE_INLINE void add_values(const bfloat16 *__restrict values, const bfloat16 *__restrict p, float *__restrict sums) {
  for (unsigned slice = 0; slice + 2 <= kSlices; slice += 2) {
    add_slices<2>(values + slice * kKeys * 8, p, sums + slice * 32);
  }
  if constexpr (kSlices % 2 == 1) add_slices<1>(values + (kSlices - 1) * kKeys * 8, p, sums + (kSlices - 1) * 32);
  add_totals(p, sums);
}

// Rows of values behind the last valid key become zero: p is zero there, and zero times what a buffer happens to hold is
// zero only for finite numbers.
AIE_INLINE void clear_values(bfloat16 *__restrict values, int32 valid) {
  const auto none = aie::broadcast<bfloat16, 8>(bfloat16::from_bits(0));
  for (unsigned slice = 0; slice < kSlices; ++slice) {
    for (unsigned key = static_cast<unsigned>(valid); key < kKeys; ++key) {
      aie::store_v(values + (slice * kKeys + key) * 8, none);
    }
  }
}

// One strip of the result: sums of values by the sum of p, rows of 8 columns.
AIE_INLINE void quotients(const float *__restrict sums, bfloat16 *__restrict out) {
  for (unsigned half = 0; half < 2; ++half) {
    const float *const s = sums + half * kHalfSums;
    const auto inverse =
        aiekit_math::bf16_parts(aiekit_math::reciprocal(tile_sums(aie::load_v<16>(s + kHalfSums - 16))));
    const auto quotient = [&](const float *at) {
      return aiekit_math::product(aiekit_math::bf16_parts(tile_sums(aie::load_v<16>(at))), inverse)
          .template to_vector<bfloat16>();
    };
    for (unsigned slice = 0; slice < kSlices; ++slice) {
      const auto columns = aie::concat(quotient(s + slice * 32), quotient(s + slice * 32 + 16));
      aie::store_v(out + slice * 64 + half * 32, aie::transpose(columns, 8, 4));
    }
  }
}

}  // namespace attention
