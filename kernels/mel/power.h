// Stage 1 of mel: window, transform, block-scaled power spectrum.
//
// Part of     mel.cc: the cycles are among its own, modelled.
#pragma once

#include "fft/fft512.h"
#include "mel_tables.h"

namespace mel {

constexpr unsigned kLanes = 16;
constexpr unsigned kWindowSamples = 400;
constexpr unsigned kPowerWords = 264;
constexpr unsigned kPowerExponent = 257;
constexpr unsigned kPowerFine = 258;
// Before the transform the largest product of sample and window gets this many bits; see fft512.h's precondition.
constexpr int kFrameBits = 21;
// Powers are brought below 2^31 with this.
constexpr int kPowerBits = 31;
// A small power is held negated, on a scale that is finer by up to so many bits: 31 bits reach 93 dB below the largest
// bin of the frame, but a tone's spectrum and the floor of -100 dB lie 139 dB apart.
constexpr int kFineBits = 16;
constexpr int kWindowBits = 31;
constexpr int kProductBits = 30;
constexpr int kSampleBits = 15;
static_assert(kWindowSamples % kLanes == 0, "mel: the window must be whole vectors");

inline fft512::Planes even_odd;
inline fft512::Planes bins;
// Sample times window, Q30; the samples from 400 on stay zero.
alignas(aie::vector_decl_align) inline int32 products[fft512::kPoints];

// Bits of a magnitude: the least b with m < 2^b.
inline int bits_of(int32 m) { return m == 0 ? 0 : 32 - __builtin_clz(static_cast<uint32_t>(m)); }

inline int32 window_frame(const int16_t *__restrict pcm) {
  auto largest = aie::zeros<int32, kLanes>();
  AIE_LOOP_RANGE(kWindowSamples / kLanes, kWindowSamples / kLanes)
  for (unsigned n = 0; n < kWindowSamples; n += kLanes) {
    const auto product = aie::mul(aie::load_v<kLanes>(kHann + n), aie::load_v<kLanes>(pcm + n)).template to_vector<int32>(kSampleBits + kWindowBits - kProductBits);
    largest = aie::max(largest, aie::abs(product));
    aie::store_v(products + n, product);
  }
  return aie::reduce_max(largest);
}

// Shifts left by `up` (right and rounded where negative) and parts even from odd samples.
inline void scale_frame(int up, fft512::Planes &__restrict z) {
  AIE_LOOP_RANGE(fft512::kComplex / kLanes, fft512::kComplex / kLanes)
  for (unsigned n = 0; n < fft512::kComplex; n += kLanes) {
    const auto parted = aie::interleave_unzip(aie::load_v<kLanes>(products + 2 * n), aie::load_v<kLanes>(products + 2 * n + kLanes), 1);
    if (up >= 0) {
      aie::store_v(z.re + n, aie::upshift(parted.first, static_cast<unsigned>(up)));
      aie::store_v(z.im + n, aie::upshift(parted.second, static_cast<unsigned>(up)));
    } else {
      aie::store_v(z.re + n, aie::accum<acc64, kLanes>(parted.first).template to_vector<int32>(-up));
      aie::store_v(z.im + n, aie::accum<acc64, kLanes>(parted.second).template to_vector<int32>(-up));
    }
  }
}

inline int32 largest_part(const fft512::Planes &__restrict bins) {
  auto largest = aie::zeros<int32, kLanes>();
  AIE_LOOP_RANGE(fft512::kComplex / kLanes, fft512::kComplex / kLanes)
  for (unsigned k = 0; k < fft512::kComplex; k += kLanes) {
    largest = aie::max(largest, aie::abs(aie::load_v<kLanes>(bins.re + k)));
    largest = aie::max(largest, aie::abs(aie::load_v<kLanes>(bins.im + k)));
  }
  const int32 last = bins.re[fft512::kComplex] < 0 ? -bins.re[fft512::kComplex] : bins.re[fft512::kComplex];
  const int32 most = aie::reduce_max(largest);
  return most > last ? most : last;
}

// Accumulated squares as words: coarse, or negated and `fine` bits finer where the coarse word is below 2^(31 - fine).
template <unsigned N>
inline aie::vector<int32, N> power_words(const aie::accum<acc64, N> &squares, int down, int fine) {
  const auto coarse = squares.template to_vector<int32>(down);
  const auto finer = squares.template to_vector<int32>(down - fine);
  const int32 limit = fine > 0 ? 1 << (kPowerBits - fine) : 0;
  return aie::select(coarse, aie::neg(finer), aie::lt(coarse, limit));
}

// |X[k]|^2 = power[k] 2^power[257], or -power[k] 2^(power[257] - power[258]) where power[k] < 0; x in full-scale units,
// k = 0..256. power[259..263] = 0.
inline void power_of_frame(const int16_t *__restrict pcm, int32_t *__restrict power) {
  const int up = kFrameBits - bits_of(window_frame(pcm));
  scale_frame(up, even_odd);
  fft512::transform(even_odd, bins);

  const int excess = 2 * bits_of(largest_part(bins)) + 1 - kPowerBits;
  const int down = excess > 0 ? excess : 0;
  const int fine = down < kFineBits ? down : kFineBits;
  AIE_LOOP_RANGE(fft512::kComplex / kLanes, fft512::kComplex / kLanes)
  for (unsigned k = 0; k < fft512::kComplex; k += kLanes) {
    const auto re = aie::load_v<kLanes>(bins.re + k);
    const auto im = aie::load_v<kLanes>(bins.im + k);
    aie::store_v(power + k, power_words(aie::mac_square(aie::mul_square(re), im), down, fine));
  }
  // Bin 256 is real; what follows it in `bins` is never written, so it stays zero.
  const auto last = aie::load_v<8>(bins.re + fft512::kComplex);
  aie::store_v(power + fft512::kComplex, power_words(aie::mul_square(last), down, fine));
  // Q30 of full scale, `up` more bits, and twice the spectrum: all squared.
  power[kPowerExponent] = down - 2 * (kProductBits + up + 1);
  power[kPowerFine] = fine;
  AIEKIT_SCALAR_CYCLES(60);
}

}  // namespace mel
