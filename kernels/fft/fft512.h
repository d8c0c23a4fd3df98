// 512-point transform of real int32 data on one core: the vector code shared by fft.cc and mel.cc.
//
//   X2[k] = 2 sum_n x[n] e^(-2 pi i k n / 512),  k = 0..256
//
// Method: even and odd samples are real and imaginary parts of 256 complex points; eight radix-2 Stockham stages (both
// halves are read contiguously, results are interleaved, no bit reversal); one pass separates the two real transforms.
// Data int32 without scaling between stages, twiddles Q31, products in 64-bit accumulators.
//
// Precondition  sum |x| < 2^29 - 2^10, met by |x| <= 2^20 (and by |x| < 2^21 after a Hann window of 400): no value leaves
//               int32, as no stage can exceed the sum of magnitudes.
// Rounding      conv_even, set by the caller; saturation is not reached.
// Tile bytes    tables 9,216.
// Error         the rounding of products: 6.5 units of X2's last place rms, 28 the most seen. X2 reaches 2^30. Q15 twiddles
//               would take half the multiplications and leave errors of 2^-16 of the largest bin; see kernels/README.md.
// Source        A. Stockham's autosort transform; C. Van Loan, Computational Frameworks for the FFT (1992), 1.7 and 4.3.
// Part of     fft.cc and mel.cc: the cycles are among theirs, modelled.
#pragma once

#include <aie_api/aie.hpp>

#include "aie_kernel.h"
#include "fft_tables.h"

namespace fft512 {

constexpr unsigned kLanes = 16;
constexpr unsigned kPoints = 512;
constexpr unsigned kComplex = kPoints / 2;
constexpr unsigned kHalf = kComplex / 2;
constexpr unsigned kStages = 8;
constexpr int kTwiddleBits = 31;
static_assert(1u << kStages == kComplex, "fft512: one stage for each factor of two");
static_assert(kHalf % kLanes == 0, "fft512: halves must be whole vectors");

// Real and imaginary parts apart; room for bin 256, and padded to whole vectors.
struct alignas(aie::vector_decl_align) Planes {
  int32 re[kComplex + kLanes];
  int32 im[kComplex + kLanes];
};

struct Vectors {
  aie::vector<int32, kLanes> re;
  aie::vector<int32, kLanes> im;
};

// x times e^(-i angle): the tables hold -cos and -sin, so (re + i im) (-c + i s).
inline Vectors turn(const Vectors &x, const int32_t *__restrict minus_cos, const int32_t *__restrict minus_sin) {
  const auto c = aie::load_v<kLanes>(minus_cos);
  const auto s = aie::load_v<kLanes>(minus_sin);
  const auto re = aie::msc(aie::negmul(x.re, c), x.im, s);
  const auto im = aie::msc(aie::mul(x.re, s), x.im, c);
  return {re.template to_vector<int32>(kTwiddleBits), im.template to_vector<int32>(kTwiddleBits)};
}

struct Butterfly {
  Vectors sum;
  Vectors difference;
};

inline Butterfly butterfly(const Planes &__restrict from, unsigned i) {
  const auto a_re = aie::load_v<kLanes>(from.re + i);
  const auto a_im = aie::load_v<kLanes>(from.im + i);
  const auto b_re = aie::load_v<kLanes>(from.re + i + kHalf);
  const auto b_im = aie::load_v<kLanes>(from.im + i + kHalf);
  return {{aie::add(a_re, b_re), aie::add(a_im, b_im)}, {aie::sub(a_re, b_re), aie::sub(a_im, b_im)}};
}

// Every stage: from[i] and from[i + 128] become to[2i - q] and to[2i - q + stride], with stride = 2^stage, q = i mod stride.
// Stages 0..3 have strides below a vector: sums and turned differences are interleaved.
template <unsigned Stage>
inline void narrow_stage(const Planes &__restrict from, Planes &__restrict to) {
  constexpr unsigned stride = 1u << Stage;
  static_assert(stride < kLanes, "fft512: the stride of a narrow stage is below a vector");
  AIE_LOOP_RANGE(kHalf / kLanes, kHalf / kLanes)
  for (unsigned i = 0; i < kHalf; i += kLanes) {
    const Butterfly b = butterfly(from, i);
    const Vectors turned = turn(b.difference, kStageCos[Stage] + i, kStageSin[Stage] + i);
    const auto re = aie::interleave_zip(b.sum.re, turned.re, stride);
    const auto im = aie::interleave_zip(b.sum.im, turned.im, stride);
    aie::store_v(to.re + 2 * i, re.first);
    aie::store_v(to.re + 2 * i + kLanes, re.second);
    aie::store_v(to.im + 2 * i, im.first);
    aie::store_v(to.im + 2 * i + kLanes, im.second);
  }
}

// Stages 4..7. The last one turns by nothing.
inline void wide_stage(unsigned stage, const Planes &__restrict from, Planes &__restrict to) {
  const unsigned stride = 1u << stage;
  AIE_LOOP_RANGE(kHalf / kLanes, kHalf / kLanes)
  for (unsigned i = 0; i < kHalf; i += kLanes) {
    const Butterfly b = butterfly(from, i);
    const Vectors turned =
        stage + 1 == kStages ? b.difference : turn(b.difference, kStageCos[stage] + i, kStageSin[stage] + i);
    const unsigned at = 2 * i - (i & (stride - 1));
    aie::store_v(to.re + at, b.sum.re);
    aie::store_v(to.re + at + stride, turned.re);
    aie::store_v(to.im + at, b.sum.im);
    aie::store_v(to.im + at + stride, turned.im);
  }
}

// Bins 0..256 of X2 from the transform z of the even and odd samples:
//   X2[k] = (z[k] + z*[256 - k]) - i w (z[k] - z*[256 - k]),  w = e^(-2 pi i k / 512).
inline void split(Planes &__restrict z, Planes &__restrict bins) {
  const int32 first_re = z.re[0];
  const int32 first_im = z.im[0];
  z.re[kComplex] = first_re;
  z.im[kComplex] = first_im;
  AIE_LOOP_RANGE(kComplex / kLanes, kComplex / kLanes)
  for (unsigned k = 0; k < kComplex; k += kLanes) {
    const auto z_re = aie::load_v<kLanes>(z.re + k);
    const auto z_im = aie::load_v<kLanes>(z.im + k);
    const auto m_re = aie::reverse(aie::load_unaligned_v<kLanes>(z.re + kComplex - kLanes + 1 - k));
    const auto m_im = aie::reverse(aie::load_unaligned_v<kLanes>(z.im + kComplex - kLanes + 1 - k));
    // -i (z[k] - z*[256 - k])
    const Vectors turned = turn({aie::add(z_im, m_im), aie::sub(m_re, z_re)}, kSplitCos + k, kSplitSin + k);
    aie::store_v(bins.re + k, aie::add(aie::add(z_re, m_re), turned.re));
    aie::store_v(bins.im + k, aie::add(aie::sub(z_im, m_im), turned.im));
  }
  bins.re[kComplex] = 2 * (first_re - first_im);
  bins.im[kComplex] = 0;
  AIEKIT_SCALAR_CYCLES(12);
}

// z: even samples in re, odd ones in im, 256 each; overwritten. bins: X2[0..256].
inline void transform(Planes &__restrict z, Planes &__restrict bins) {
  narrow_stage<0>(z, bins);
  narrow_stage<1>(bins, z);
  narrow_stage<2>(z, bins);
  narrow_stage<3>(bins, z);
  wide_stage(4, z, bins);
  wide_stage(5, bins, z);
  wide_stage(6, z, bins);
  wide_stage(7, bins, z);
  split(z, bins);
}

}  // namespace fft512
