// logmel_odd_i16, logmel_odd_f32: the odd samples' part of the spectra of 8 frames, 16 kHz.
//
//   out[0][k][f] = sum over odd n of x[n] w[n] sin(2 pi k n / 400)
//   out[1][k][f] = sum over odd n of x[n] w[n] cos(2 pi (100 - k) n / 400),  k = 0..100
//   w[n] = 0.5 - 0.5 cos(2 pi n / 400),  x = pcm / 32768 (i16) or pcm (f32),  frame f begins at sample 160 f
//
// pcm         [1520], 32-byte aligned; f32: finite, |x| < 2^30. Where `span` says so, what lies before or after the sound is
//             mirrored in place.
// out         float[2][104][8], 32-byte aligned; rows 101..103 are zero.
// span        int32[3]: batches, 1 where batch 0 begins 200 samples before the sound, samples of the last batch up to
//             the end of the sound (1480..1520, or more); batch: 0..batches - 1. No two arguments overlap.
// Tile bytes  46,848: basis 43,264, folded samples 3,584; none of the stack but spills.
// Rounding    conv_even, set at entry; saturation none.
// Error       within (3 2^-16 + 312 2^-24) times the sum of |x|: two bfloat16 terms a number, float32 sums. Int16
//             samples are exact. See packages/aie-api/src/kernels/logmel.test.ts.
// Cycles      4,056 issues of the multiplier; modelled by the simulator, not measured on a device.
// Meaning     logmel_ref.h, within the error.
#include "spectrum.h"

extern "C" void logmel_odd_i16(int16_t *pcm, float *out, const int32_t *span, int32_t batch) {
  logmel::odd_part(pcm, out, span, batch);
}

extern "C" void logmel_odd_f32(float *pcm, float *out, const int32_t *span, int32_t batch) {
  logmel::odd_part(pcm, out, span, batch);
}
