// Second half of a spectrum: the folded samples times window and basis, a matrix product of two-term bfloat16 numbers.
//
// Part of     all kernels of this folder: the cycles are among theirs, modelled.
#pragma once

#include "fold.h"
#include "logmel_tables.h"

namespace logmel {

// Rows k = 0..100 of a product, and three of zeros.
constexpr unsigned kRows = 8 * kBlocks;
constexpr unsigned kProduct = kRows * kFrames;

// Weights in the order in which they are read: [4 rows][block][coarse, fine][row][folded sample].
struct basis {
  alignas(64) uint16_t bits[kRows * kRows * 2];
};

constexpr uint16_t bf16_bits(float value) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, value);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
constexpr float bf16_value(uint16_t bits) { return __builtin_bit_cast(float, static_cast<uint32_t>(bits) << 16); }

// Window times sine (shift 100: -sin) or cosine (shift 0) of 2 pi k n / 400, n = 2j + `first`, k = row, j = column.
constexpr basis make_basis(unsigned first, unsigned shift) {
  basis out{};
  for (unsigned j = 0; j < kRows; ++j) {
    const unsigned n = 2 * j + first;
    if (n > kHalf) break;
    // The middle sample is folded onto itself.
    const double window = (0.5 - 0.5 * kCosine[n]) * (n == kHalf ? 0.5 : 1.0) * (shift == 0 ? 1 : -1);
    for (unsigned k = 0; k <= kHalf / 2; ++k) {
      const double weight = window * kCosine[(k * n + shift) % kWindow];
      const unsigned at = ((k / 4 * kBlocks + j / 8) * 2 * 4 + k % 4) * 8 + j % 8;
      out.bits[at] = bf16_bits(static_cast<float>(weight));
      out.bits[at + 4 * 8] = bf16_bits(static_cast<float>(weight - bf16_value(out.bits[at])));
    }
  }
  return out;
}

template <unsigned First, unsigned Shift>
inline constexpr basis kBasis = make_basis(First, Shift);

inline folded samples;

// out[k][frame] = sum over j of basis[k][j] samples[j][frame], k = 0..103.
inline void transform(const basis &__restrict weights, const folded &__restrict x, float *__restrict out) {
  using product = aie::mmul<4, 8, 8, bfloat16, bfloat16>;
  constexpr unsigned tile = product::size_A;
  const auto *__restrict a = reinterpret_cast<const bfloat16 *>(weights.bits);
  AIE_LOOP_RANGE(kBlocks, kBlocks)
  for (unsigned pair = 0; pair < kBlocks; ++pair) {
    const bfloat16 *__restrict upper_rows = a + pair * 4 * kBlocks * tile;
    const bfloat16 *__restrict lower_rows = upper_rows + 2 * kBlocks * tile;
    product upper(aie::zeros<accfloat, product::size_C>());
    product lower(aie::zeros<accfloat, product::size_C>());
    // 12 issues of the multiplier for 512 bytes, which take 8 cycles to load.
    AIE_LOOP_RANGE(kBlocks, kBlocks)
    for (unsigned b = 0; b < kBlocks; ++b) {
      const auto coarse = aie::load_v<kBlock>(x.coarse + b * kBlock);
      const auto fine = aie::load_v<kBlock>(x.fine + b * kBlock);
      const auto upper_coarse = aie::load_v<tile>(upper_rows + 2 * b * tile);
      const auto upper_fine = aie::load_v<tile>(upper_rows + (2 * b + 1) * tile);
      const auto lower_coarse = aie::load_v<tile>(lower_rows + 2 * b * tile);
      const auto lower_fine = aie::load_v<tile>(lower_rows + (2 * b + 1) * tile);
      upper.mac(upper_coarse, coarse);
      upper.mac(upper_coarse, fine);
      upper.mac(upper_fine, coarse);
      lower.mac(lower_coarse, coarse);
      lower.mac(lower_coarse, fine);
      lower.mac(lower_fine, coarse);
    }
    aie::store_v(out + pair * kBlock, upper.to_vector<float>());
    aie::store_v(out + pair * kBlock + product::size_C, lower.to_vector<float>());
  }
}

inline void set_modes() {
  aie::set_rounding(aie::rounding_mode::AIEKIT_ROUNDING);
  aie::set_saturation(aie::saturation_mode::none);
}

// One half of the even samples' part: the sum with the cosine or the difference with the sine.
template <part P, typename T>
inline void even_part(T *pcm, float *out, const int32_t *span, int32_t batch) {
  set_modes();
  mirror_edges(pcm, span, batch);
  fold<P>(pcm, samples);
  transform(kBasis<0, P == part::even_sum ? 0 : 100>, samples, out);
}

// The odd samples' part. cos(2 pi (100 - k) n / 400) = (-1)^j sin(2 pi k n / 400) for n = 2j + 1: one basis serves both.
template <typename T>
inline void odd_part(T *pcm, float *out, const int32_t *span, int32_t batch) {
  set_modes();
  mirror_edges(pcm, span, batch);
  fold<part::odd_difference>(pcm, samples);
  transform(kBasis<1, 100>, samples, out);
  fold<part::odd_alternating_sum>(pcm, samples);
  transform(kBasis<1, 100>, samples, out + kProduct);
}

}  // namespace logmel
