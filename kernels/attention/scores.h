// Exponentials of the scores of one strip of queries and one block of keys, and the running maximum that they are relative to.
//
// The maximum m of a query is kept as a whole number of powers of two, and not raised before a score exceeds it by 2^8: the
// factor between an old and a new maximum is 2^-n, which float sums take without an error, and after the first block there
// is rarely a new one. -m / c is where the product's accumulators start, so subtracting it takes no operation.
//
// Part of     attention.cc: the cycles are among its own, modelled.
#pragma once

#include "attention/exp_scores.h"
#include "math/bf16_parts.h"

namespace attention {

// Position of each lane of 8 keys x 4 queries.
alignas(aie::vector_decl_align) constexpr int16 kKeyOfLane[32] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
                                                                  4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7};
alignas(aie::vector_decl_align) constexpr int16 kQueryOfLane[32] = {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3,
                                                                    0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3};

// Lanes of 8 keys x 4 queries that a view has, for each half of a strip.
class seen_lanes {
 public:
  AIE_INLINE explicit seen_lanes(const view &view) {
    const auto query = aie::load_v<32>(kQueryOfLane);
    const auto keys = static_cast<int16>(clamp(view.keys));
    low_ = aie::min(aie::add(query, static_cast<int16>(clamp(view.first))), keys);
    high_ = aie::min(aie::add(query, static_cast<int16>(clamp(view.first + 4))), keys);
  }
  AIE_INLINE aie::mask<32> operator()(unsigned half, unsigned group) const {
    const auto key = aie::add(aie::load_v<32>(kKeyOfLane), static_cast<int16>(8 * group));
    return aie::lt(key, half == 0 ? low_ : high_);
  }

 private:
  AIE_INLINE static int32 clamp(int32 x) { return x < -64 ? -64 : x > 64 ? 64 : x; }

  aie::vector<int16, 32> low_, high_;
};

// Scores of 16 keys x 8 queries relative to the maxima: -m / c + k q. Halves of the strip in h, keys 4 i.. in the numbers.
struct scores {
  tile_sums h0_0, h0_1, h0_2, h0_3, h1_0, h1_1, h1_2, h1_3;

  AIE_INLINE scores(const bfloat16 *__restrict keys, const bfloat16 *__restrict queries, const float *__restrict offsets) {
    const tile_sums start0(aie::load_v<16>(offsets));
    const tile_sums start1(aie::load_v<16>(offsets + 16));
    columns_by_keys c0_0(start0), c0_1(start0), c0_2(start0), c0_3(start0);
    columns_by_keys c1_0(start1), c1_1(start1), c1_2(start1), c1_3(start1);
    for (unsigned slice = 0; slice < kSlices; ++slice) {
      const bfloat16 *const k = keys + slice * kKeys * 8;
      const bfloat16 *const q = queries + slice * 64;
      const auto q0 = aie::load_v<32>(q);
      const auto q1 = aie::load_v<32>(q + 32);
      const auto k0 = aie::load_v<32>(k);
      const auto k1 = aie::load_v<32>(k + 32);
      const auto k2 = aie::load_v<32>(k + 64);
      const auto k3 = aie::load_v<32>(k + 96);
      c0_0.mac(k0, q0), c1_0.mac(k0, q1);
      c0_1.mac(k1, q0), c1_1.mac(k1, q1);
      c0_2.mac(k2, q0), c1_2.mac(k2, q1);
      c0_3.mac(k3, q0), c1_3.mac(k3, q1);
    }
    h0_0 = c0_0, h0_1 = c0_1, h0_2 = c0_2, h0_3 = c0_3;
    h1_0 = c1_0, h1_1 = c1_1, h1_2 = c1_2, h1_3 = c1_3;
  }
};

// Strips of one core and where what they need lies.
struct strips {
  const bfloat16 *queries;
  int32 *state;
  float *sums;
  bfloat16 *p;

  AIE_INLINE strips from(int32 strip) const {
    return {queries + strip * static_cast<int32>(kStripQueries), state + strip * 32,
            sums + strip * static_cast<int32>(kStripSums), p + strip * static_cast<int32>(kStripP)};
  }
};

// p of strips first .. end - 1 and a block. Returns a bit for each strip in which a score that counts was too large: its p
// is without meaning. `seen` matters where kPartly. Not inlined, as all larger parts: a core has 16 KiB of program.
template <bool kPartly>
[[gnu::noinline]] uint32 exponentials(const bfloat16 *__restrict keys, const strips &all, int32 first, int32 end,
                                      const view &view) {
  aie::set_rounding(aie::rounding_mode::floor);
  aie::set_saturation(aie::saturation_mode::none);
  const exp_scores exp;
  const seen_lanes seen(view);
  uint32 above = 0;
  for (int32 strip = first; strip < end; ++strip) {
    const strips mine = all.from(strip);
    auto top = aie::broadcast<int32, 16>(kNoTop);
    const auto put = [&](const tile_sums &upper, const tile_sums &lower, unsigned half, unsigned group) {
      auto fixed = exp_scores::fixed(aie::concat(upper, lower));
      auto power = exp.powers(fixed);
      if constexpr (kPartly) {
        const auto counts = seen(half, group);
        fixed = aie::select(kNoTop, fixed, counts);
        power = aie::select(bfloat16::from_bits(0), power, counts);
      }
      top = aie::max(top, aie::max(fixed.template extract<16>(0), fixed.template extract<16>(1)));
      aie::store_v(mine.p + (half * (kKeys / 8) + group) * 32, power);
    };
    for (unsigned group = 0; group < kKeys / 8; group += 2) {
      const scores s(keys + group * 64, mine.queries, reinterpret_cast<const float *>(mine.state));
      put(s.h0_0, s.h0_1, 0, group), put(s.h0_2, s.h0_3, 0, group + 1);
      put(s.h1_0, s.h1_1, 1, group), put(s.h1_2, s.h1_3, 1, group + 1);
    }
    if (aie::reduce_max(top) > kTopLimit) above |= 1u << strip;
  }
  return above;
}

// Order of floats as an order of integers, and back.
AIE_INLINE aie::vector<int32, 16> ordered(const aie::vector<int32, 16> &bits) {
  return aie::bit_xor(bits, aie::bit_and(aie::downshift(bits, 31), static_cast<int32>(0x7fffffff)));
}

// x times a constant in three parts, for an x of 24 bits: relative error 2^-22.
AIE_INLINE aie::accum<accfloat, 16> times(const aie::accum<accfloat, 16> &x, const float (&parts)[3]) {
  const auto high = x.to_vector<bfloat16>();
  const auto rest = aie::sub(x, high);
  const auto middle = rest.to_vector<bfloat16>();
  const auto low = aie::sub(rest, middle).to_vector<bfloat16>();
  auto sum = aie::mul(low, bfloat16(parts[0]));
  sum = aie::mac(sum, middle, bfloat16(parts[1]));
  sum = aie::mac(sum, high, bfloat16(parts[2]));
  sum = aie::mac(sum, middle, bfloat16(parts[0]));
  sum = aie::mac(sum, high, bfloat16(parts[1]));
  return aie::mac(sum, high, bfloat16(parts[0]));
}

constexpr float bf16_value(double x) {
  const auto bits = __builtin_bit_cast(uint32, static_cast<float>(x));
  return __builtin_bit_cast(float, (bits + 0x7fffu + ((bits >> 16) & 1)) & 0xffff0000u);
}
struct bf16_thirds {
  float parts[3];
  constexpr explicit bf16_thirds(double x)
      : parts{bf16_value(x), bf16_value(x - bf16_value(x)), bf16_value(x - bf16_value(x) - bf16_value(x - bf16_value(x)))} {}
};
constexpr bf16_thirds kScaleParts(kScale);
constexpr bf16_thirds kPerScaleParts(-1.0 / kScale);
// Scores beyond this keep their order but not their distances: 24 bits of float do not hold them either.
constexpr float kGreatest = 1048576.0f;
constexpr float kWholeOrigin = 12582912.0f;  // 3 * 2^22: a step is 1

// The largest score of each query of one half that counts, in all lanes of the query, as `ordered` bits.
AIE_INLINE aie::vector<int32, 16> largest(const aie::vector<int32, 16> &best) {
  const auto once = aie::max(best, aie::shuffle_down_rotate(best, 8));
  return aie::max(once, aie::shuffle_down_rotate(once, 4));
}

// Raises the maxima of a strip to what this block has, and multiplies its sums by the power of two between. `first`: there
// are no sums yet, and the maxima may fall.
[[gnu::noinline]] inline void raise_maxima(const bfloat16 *__restrict keys, const strips &mine, const view &view, bool first) {
  int32 *const state = mine.state;
  float *const offsets = reinterpret_cast<float *>(state);
  const seen_lanes seen(view);
  auto best0 = aie::broadcast<int32, 16>(kNoTop);
  auto best1 = best0;
  const auto meet = [&](aie::vector<int32, 16> &best, const tile_sums &upper, const tile_sums &lower, unsigned half,
                        unsigned group) {
    const auto upper_bits = ordered(upper.to_vector<float>().cast_to<int32>());
    const auto lower_bits = ordered(lower.to_vector<float>().cast_to<int32>());
    const auto counted = aie::select(kNoTop, aie::concat(upper_bits, lower_bits), seen(half, group));
    best = aie::max(best, aie::max(counted.extract<16>(0), counted.extract<16>(1)));
  };
  for (unsigned group = 0; group < kKeys / 8; group += 2) {
    const scores s(keys + group * 64, mine.queries, offsets);
    meet(best0, s.h0_0, s.h0_1, 0, group), meet(best0, s.h0_2, s.h0_3, 0, group + 1);
    meet(best1, s.h1_0, s.h1_1, 1, group), meet(best1, s.h1_2, s.h1_3, 1, group + 1);
  }

  for (unsigned half = 0; half < 2; ++half) {
    const auto most = __builtin_bit_cast(int32, kGreatest);
    auto best = largest(half == 0 ? best0 : best1);
    best = aie::max(aie::min(best, most), static_cast<int32>(-1 - most));
    const aie::accum<accfloat, 16> x(ordered(best).cast_to<float>());
    const auto scaled = aie::add(times(x, kScaleParts.parts).to_vector<float>(), kWholeOrigin);
    const auto origin = __builtin_bit_cast(int32, kWholeOrigin);
    auto by = aie::sub(scaled.cast_to<int32>(), origin);
    if (!first) by = aie::max(by, static_cast<int32>(0));

    int32 *const maxima = state + kMaximaAt + half * 16;
    const auto maximum = aie::add(aie::load_v<16>(maxima), by);
    aie::store_v(maxima, maximum);
    const auto whole = aie::sub(aie::add(maximum, origin).cast_to<float>(), kWholeOrigin);
    const aie::accum<accfloat, 16> wide(whole);
    aie::store_v(offsets + half * 16, times(wide, kPerScaleParts.parts).to_vector<float>());

    if (first) continue;
    const auto exponent = aie::max(aie::sub(static_cast<int32>(127), by), static_cast<int32>(0));
    const aie::accum<accfloat, 16> power(aie::upshift(exponent, 23).cast_to<float>());
    const auto factor = power.to_vector<bfloat16>();
    float *at = mine.sums + half * kHalfSums;
    for (unsigned tile = 0; tile < 2 * kSlices + 1; ++tile, at += 16) {
      const aie::accum<accfloat, 16> sum(aie::load_v<16>(at));
      const auto high = sum.to_vector<bfloat16>();
      const auto rest = aie::sub(sum, high);
      const auto middle = rest.to_vector<bfloat16>();
      const auto low = aie::sub(rest, middle).to_vector<bfloat16>();
      aie::store_v(at, aie::mac(aie::mac(aie::mul(low, factor), middle, factor), high, factor).to_vector<float>());
    }
  }
}

}  // namespace attention
