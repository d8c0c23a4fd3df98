// Power spectrum of eight frames, mel bands, logarithm.
//
// Part of     logmel_bands.cc: the cycles are among its own, modelled.
#pragma once

#include "log.h"
#include "logmel_filters.h"
#include "spectrum.h"

namespace logmel {

constexpr unsigned kBins = kHalf + 1;

// |X[k]|^2 as [bin][frame]; the rows behind bin 200 stay zero.
alignas(64) inline bfloat16 power[(kBins + 7) / 8 * kBlock];

// re^2 + im^2, each factor in two terms. The square of the lower term, 2^-16 of the whole, is left out.
inline aie::vector<bfloat16, kLanes> power_of(const aie::accum<accfloat, kLanes> &re, const aie::accum<accfloat, kLanes> &im) {
  const auto re_high = re.to_vector<bfloat16>();
  const auto im_high = im.to_vector<bfloat16>();
  const auto re_rest = aie::sub(re, re_high);
  const auto im_rest = aie::sub(im, im_high);
  auto sum = aie::mul_square(re_high);
  sum = aie::mac_square(sum, im_high);
  sum = aie::mac(sum, re_high, aie::add(re_rest, re_rest).to_vector<bfloat16>());
  sum = aie::mac(sum, im_high, aie::add(im_rest, im_rest).to_vector<bfloat16>());
  return sum.to_vector<bfloat16>();
}

// X[k] = (Ce + Co) - i (Se + So) and X[200 - k] = (Ce - Co) - i (So - Se), two bins and eight frames at a time.
// odd: rows k of So, then rows 100 - k of Co.
inline void power_of_parts(const float *__restrict odd, const float *__restrict cosine, const float *__restrict sine) {
  AIE_LOOP_RANGE(kHalf / 4, kHalf / 4)
  for (unsigned k = 0; k < kHalf / 2; k += 2) {
    // Row 100 - k, then row 99 - k, each by itself: a pair of them does not begin at whole 64 bytes, as AIE2P wants it.
    const float *const mirror = odd + kProduct + (kHalf / 2 - k) * kFrames;
    const auto co = aie::concat(aie::load_v<kFrames>(mirror), aie::load_v<kFrames>(mirror - kFrames));
    const auto so = aie::load_v<kLanes>(odd + k * kFrames);
    const aie::accum<accfloat, kLanes> ce(aie::load_v<kLanes>(cosine + k * kFrames));
    const aie::accum<accfloat, kLanes> se(aie::load_v<kLanes>(sine + k * kFrames));
    aie::store_v(power + k * kFrames, power_of(aie::add(ce, co), aie::add(se, so)));
    const auto mirrored = power_of(aie::sub(ce, co), aie::sub(se, so));
    aie::store_v(power + (kHalf - k) * kFrames, mirrored.extract<kFrames>(0));
    aie::store_v(power + (kHalf - k - 1) * kFrames, mirrored.extract<kFrames>(1));
  }
  // Bin 100 has no odd cosine and no even sine.
  const aie::accum<accfloat, kLanes> ce(aie::load_v<kLanes>(cosine + kHalf / 2 * kFrames));
  const aie::accum<accfloat, kLanes> so(aie::load_v<kLanes>(odd + kHalf / 2 * kFrames));
  aie::store_v(power + kHalf / 2 * kFrames, power_of(ce, so).extract<kFrames>(0));
}

// out[band][frame] = (log10 max(energy, 1e-10) + 4) / 4; `loudest` becomes the largest so far.
template <typename Filters>
inline void bands_of_power(float *__restrict out, int32_t *__restrict loudest) {
  using product = aie::mmul<4, 8, 8, bfloat16, bfloat16>;
  auto most = aie::load_v<kLanes>(loudest);
  for (unsigned group = 0; group < Filters::bands / 4; ++group) {
    const unsigned from = Filters::first_tile[group];
    const unsigned to = Filters::first_tile[group + 1];
    const auto *__restrict weight = reinterpret_cast<const bfloat16 *>(Filters::weights) + from * product::size_A;
    const bfloat16 *__restrict bins = power + Filters::first_block[group] * kBlock;
    product energy(aie::zeros<accfloat, product::size_C>());
    AIE_LOOP_RANGE(1, 8)
    for (unsigned tile = 0; tile < to - from; ++tile) {
      energy.mac(aie::load_v<product::size_A>(weight + tile * product::size_A), aie::load_v<kBlock>(bins + tile * kBlock));
    }
    const auto values = energy.to_vector<float>();
    AIE_LOOP_UNROLL_FULL
    for (unsigned half = 0; half < 2; ++half) {
      const auto feature = feature_of_energy(values.extract<kLanes>(half));
      most = aie::max(most, feature);
      aie::store_v(out + group * product::size_C + half * kLanes, aie::to_float<float>(feature, kFeatureBits));
    }
    AIEKIT_SCALAR_CYCLES(8);
  }
  aie::store_v(loudest, most);
}

}  // namespace logmel
