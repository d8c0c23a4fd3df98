// fft512_i16: 512-point transform of one real frame.
//
//   out[2k] + i out[2k + 1] = 64 sum_n in[n] e^(-2 pi i k n / 512),  k = 0..511
//
// in          int16[512], 32-byte aligned, any values. In full-scale units (int16 / 32768) out is 2^21 X[k].
// out         int32[1024], re and im interleaved, 32-byte aligned, may not overlap `in`. Bins 257..511 are the conjugates
//             of 255..1. The largest value, a constant of full scale, is 2^30: no overflow.
// Tile bytes  13,568: tables 9,216, work 4,352; none of the stack.
// Rounding    conv_even, set at entry; saturation none.
// Error       6.5 units of the last place rms, 28 the most seen (fft512.h); out reaches 2^30.
// Cycles      modelled by the simulator; not measured on a device.
// Meaning     fft_ref.h, bit for bit.
#include "fft512.h"

namespace {

constexpr int kScaleBits = 5;

fft512::Planes even_odd;
fft512::Planes bins;

void load_frame(const int16_t *__restrict in, fft512::Planes &__restrict z) {
  constexpr unsigned samples = 2 * fft512::kLanes;
  AIE_LOOP_RANGE(fft512::kPoints / samples, fft512::kPoints / samples)
  for (unsigned n = 0; n < fft512::kPoints; n += samples) {
    const auto x = aie::load_v<samples>(in + n);
    const aie::accum<acc32, fft512::kLanes> even(aie::filter_even(x), kScaleBits);
    const aie::accum<acc32, fft512::kLanes> odd(aie::filter_odd(x), kScaleBits);
    aie::store_v(z.re + n / 2, even.to_vector<int32>());
    aie::store_v(z.im + n / 2, odd.to_vector<int32>());
  }
}

void store_bins(const fft512::Planes &__restrict bins, int32_t *__restrict out) {
  AIE_LOOP_RANGE(fft512::kComplex / fft512::kLanes, fft512::kComplex / fft512::kLanes)
  for (unsigned k = 0; k < fft512::kComplex; k += fft512::kLanes) {
    const auto lower = aie::interleave_zip(aie::load_v<fft512::kLanes>(bins.re + k), aie::load_v<fft512::kLanes>(bins.im + k), 1);
    aie::store_v(out + 2 * k, lower.first);
    aie::store_v(out + 2 * k + fft512::kLanes, lower.second);

    // Bins 256 + k.. are the conjugates of 256 - k, downwards.
    const unsigned mirrored = fft512::kComplex - k - fft512::kLanes + 1;
    const auto re = aie::reverse(aie::load_unaligned_v<fft512::kLanes>(bins.re + mirrored));
    const auto im = aie::neg(aie::reverse(aie::load_unaligned_v<fft512::kLanes>(bins.im + mirrored)));
    const auto upper = aie::interleave_zip(re, im, 1);
    aie::store_v(out + fft512::kPoints + 2 * k, upper.first);
    aie::store_v(out + fft512::kPoints + 2 * k + fft512::kLanes, upper.second);
  }
}

}  // namespace

extern "C" void fft512_i16(const int16_t *__restrict in, int32_t *__restrict out) {
  aie::set_rounding(aie::rounding_mode::AIEKIT_ROUNDING);
  aie::set_saturation(aie::saturation_mode::none);
  event0();
  load_frame(in, even_odd);
  fft512::transform(even_odd, bins);
  store_bins(bins, out);
  event1();
}
