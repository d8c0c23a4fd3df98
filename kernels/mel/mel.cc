// mel_frame_i16: log-mel energies of one frame of audio; mel_power_i16, mel_bands_i32, mel_log_i16: its three stages.
//
//   out[b] = round(256 max(10 log10(E[b]), -100)),  E[b] = sum_k weight[b][k] |X[k]|^2
//   X[k] = sum_n x[n] (0.5 - 0.5 cos(2 pi n / 400)) e^(-2 pi i k n / 512),  x = pcm / 32768,  k = 0..256
//
// pcm         int16[400], 16 kHz, 32-byte aligned, any values.
// out         int16[80], dB in Q8.8, 32-byte aligned. Triangles: HTK mel scale, 82 edges from 0 to 8000 Hz, peak 1.
// power       int32[264]: 0..256 |X|^2 scaled, 257 exponent, 258 bits of the finer scale, 259..263 zero (power.h).
// bands       int32[88]: 0..79 E scaled, 80..84 exponents of groups of 16, 85 bits of the finer scale, 86..87 zero (bands.h).
//             power and bands are 32-byte aligned; no two arguments overlap. The stages in a row equal mel_frame_i16 bit
//             for bit.
// Tile bytes  27,840: tables 19,552, work 8,288; none of the stack.
// Rounding    conv_even, set at every entry; saturation none.
// Error       within 60 dB of a clip's maximum 0.004 dB (Q8.8 alone is 0.002), pearson > 0.9998, against float64 on noise,
//             tones, sweeps, impulses and speech (packages/aie-api/src/kernels/mel.test.ts); single tones over all
//             frequencies 0.006 dB, from the Q15 weights at the feet of the triangles. The logarithm is within 0.001 dB.
// Source      formula: S. Young et al., The HTK Book 3.4, 5.4 and 5.6, with natural units instead of magnitudes.
// Cycles      modelled by the simulator; not measured on a device.
// Meaning     mel_ref.h, bit for bit.
#include "log.h"

namespace {

alignas(aie::vector_decl_align) int32_t frame_power[mel::kPowerWords];
alignas(aie::vector_decl_align) int32_t frame_bands[mel::kBandWords];

void set_modes() {
  aie::set_rounding(aie::rounding_mode::AIEKIT_ROUNDING);
  aie::set_saturation(aie::saturation_mode::none);
}

}  // namespace

extern "C" void mel_power_i16(const int16_t *__restrict pcm, int32_t *__restrict power) {
  set_modes();
  event0();
  mel::power_of_frame(pcm, power);
  event1();
}

extern "C" void mel_bands_i32(const int32_t *__restrict power, int32_t *__restrict bands) {
  set_modes();
  event0();
  mel::bands_of_power(power, bands);
  event1();
}

extern "C" void mel_log_i16(const int32_t *__restrict bands, int16_t *__restrict out) {
  set_modes();
  event0();
  mel::log_of_bands(bands, out);
  event1();
}

extern "C" void mel_frame_i16(const int16_t *__restrict pcm, int16_t *__restrict out) {
  set_modes();
  event0();
  mel::power_of_frame(pcm, frame_power);
  mel::bands_of_power(frame_power, frame_bands);
  mel::log_of_bands(frame_bands, out);
  event1();
}
