// First half of a spectrum: eight windows of 400 samples, folded at their middle and split into two bfloat16 terms.
//
// Part of     all kernels of this folder: the cycles are among theirs, modelled.
#pragma once

#include <aie_api/aie.hpp>

#include "aie_kernel.h"

namespace logmel {

constexpr unsigned kFrames = 8;
constexpr unsigned kHop = 160;
constexpr unsigned kWindow = 400;
constexpr unsigned kHalf = kWindow / 2;
// Samples of an object: eight windows that overlap.
constexpr unsigned kSamples = (kFrames - 1) * kHop + kWindow;
constexpr unsigned kLanes = 16;
// Folded samples in blocks of eight, as the matrix unit takes them: 13 blocks have weights, the last is never read.
constexpr unsigned kBlocks = 13;
constexpr unsigned kBlock = 8 * kFrames;
constexpr int kSampleBits = 15;

// span[0]: batches of this launch and column; [1]: 1 where batch 0 begins 200 samples before the sound, else 0;
// [2]: samples of the last batch up to the end of the sound, kSamples or more where it does not reach the end.
constexpr unsigned kBatches = 0;
constexpr unsigned kLead = 1;
constexpr unsigned kTail = 2;

// Of x[n], n = 2j + 1 or 2j: the sum or the difference of x[n] and x[400 - n].
enum class part { odd_difference, odd_alternating_sum, even_sum, even_difference };
constexpr bool is_odd(part p) { return p == part::odd_difference || p == part::odd_alternating_sum; }
constexpr bool is_sum(part p) { return p == part::odd_alternating_sum || p == part::even_sum; }

// [block][folded sample][frame]; value = coarse + fine, to 16 or 17 significant bits: exact for 16-bit samples.
struct folded {
  alignas(64) bfloat16 coarse[(kBlocks + 1) * kBlock];
  alignas(64) bfloat16 fine[(kBlocks + 1) * kBlock];
};

// Mirrors what a batch lacks before and after the sound, without repeating the sample at the edge.
template <typename T>
inline void mirror_edges(T *pcm, const int32_t *span, int32_t batch) {
  if (span[kLead] != 0 && batch == 0) {
    // The batch was read from sample 0 on.
    for (unsigned n = kSamples - 1; n >= kHalf; --n) pcm[n] = pcm[n - kHalf];
    for (unsigned n = 1; n <= kHalf; ++n) pcm[kHalf - n] = pcm[kHalf + n];
    AIEKIT_SCALAR_CYCLES(3 * kSamples);
  }
  if (batch == span[kBatches] - 1) {
    const unsigned end = static_cast<unsigned>(span[kTail]);
    for (unsigned n = end; n < kSamples; ++n) pcm[n] = pcm[2 * (end - 1) - n];
    if (end < kSamples) AIEKIT_SCALAR_CYCLES(3 * (kSamples - end));
  }
}

template <typename V>
inline V alternating(const V &v) {
  return aie::select(v, aie::neg(v), aie::mask<kLanes>::from_uint32(0xaaaa));
}

// a + b or a - b in full-scale units.
template <part P>
inline aie::accum<accfloat, kLanes> combined(const aie::vector<int16, kLanes> &a, const aie::vector<int16, kLanes> &b) {
  const aie::accum<acc32, kLanes> left(a);
  const auto both = (is_sum(P) ? aie::add(left, b) : aie::sub(left, b)).template to_vector<int32>();
  const auto value = P == part::odd_alternating_sum ? alternating(both) : both;
  return aie::accum<accfloat, kLanes>(aie::to_float<float>(value, kSampleBits));
}
template <part P>
inline aie::accum<accfloat, kLanes> combined(const aie::vector<float, kLanes> &a, const aie::vector<float, kLanes> &b) {
  const aie::accum<accfloat, kLanes> left(a);
  const auto both = (is_sum(P) ? aie::add(left, b) : aie::sub(left, b)).template to_vector<float>();
  return aie::accum<accfloat, kLanes>(P == part::odd_alternating_sum ? alternating(both) : both);
}

// 64 bfloat16 of each block from [frame][sample] to [sample][frame].
inline void turn_blocks(bfloat16 *__restrict blocks) {
  AIE_LOOP_RANGE(kBlocks, kBlocks)
  for (unsigned b = 0; b < kBlocks; ++b) {
    aie::store_v(blocks + b * kBlock, aie::transpose(aie::load_v<kBlock>(blocks + b * kBlock), kFrames, 8));
  }
}

// 2 kLanes samples in halves: frames and objects of int16 begin at whole 32 bytes, not at 64, as AIE2P wants whole vectors.
template <typename T>
AIE_INLINE aie::vector<T, 2 * kLanes> two_of(const T *__restrict samples) {
  return aie::concat(aie::load_v<kLanes>(samples), aie::load_v<kLanes>(samples + kLanes));
}

template <part P, typename T>
inline void fold(const T *__restrict pcm, folded &__restrict to) {
  for (unsigned f = 0; f < kFrames; ++f) {
    const T *__restrict frame = pcm + f * kHop;
    bfloat16 *__restrict coarse = to.coarse + f * 8;
    bfloat16 *__restrict fine = to.fine + f * 8;
    // x[400] meets x[0], and the window is 0 there.
    auto before = aie::zeros<T, kLanes>();
    AIE_LOOP_RANGE(7, 7)
    for (unsigned i = 0; i < (kBlocks + 1) / 2; ++i) {
      const auto forward = two_of(frame + 2 * kLanes * i);
      const auto backward = two_of(frame + kWindow - 2 * kLanes * (i + 1));
      auto near = aie::filter_odd(forward);
      auto far = aie::reverse(aie::filter_odd(backward));
      if constexpr (!is_odd(P)) {
        near = aie::filter_even(forward);
        // The block of even samples ends at x[400 - 2 (j + 1)]: one place on.
        const auto next = aie::reverse(aie::filter_even(backward));
        far = aie::shuffle_up_fill(next, before, 1);
        before = next;
      }
      const auto value = combined<P>(near, far);
      const auto high = value.template to_vector<bfloat16>();
      const auto low = aie::sub(value, high).template to_vector<bfloat16>();
      aie::store_v(coarse + 2 * i * kBlock, high.template extract<8>(0));
      aie::store_v(coarse + (2 * i + 1) * kBlock, high.template extract<8>(1));
      aie::store_v(fine + 2 * i * kBlock, low.template extract<8>(0));
      aie::store_v(fine + (2 * i + 1) * kBlock, low.template extract<8>(1));
    }
  }
  turn_blocks(to.coarse);
  turn_blocks(to.fine);
}

}  // namespace logmel
