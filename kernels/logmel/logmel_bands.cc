// logmel_bands80_f32, logmel_bands128_f32: log-mel features of 8 frames from the parts of their spectra.
// logmel_loudest_f32, logmel_join_f32, logmel_clamp_f32: the clamp at 8 decades below the loudest of the whole window.
//
//   X[k] = (cosine[k] + co[k]) - i (sine[k] + so[k]),  X[200 - k] = (cosine[k] - co[k]) - i (so[k] - sine[k]),  k = 0..100
//   so[k] = odd[0][k],  co[k] = odd[1][100 - k],  E[b] = sum over k of weight[b][k] |X[k]|^2
//   out[b][f] = (log10(max(E[b], 1e-10)) + 4) / 4;  clamp: out = max(in, loudest of all columns - 2)
//
// odd, cosine, sine  float[2][104][8], [104][8], [104][8], as logmel_odd, logmel_cos and logmel_sin make them.
// out, in     float[80 or 128][8]; count: their elements, a multiple of 16, 640 or more. All are 32-byte aligned, and no two
//             overlap. `batch` 0 begins a window: the loudest so far is forgotten. `loudest` has one value in all elements;
//             join takes those of columns 0, 1, ... in turn.
// Tile bytes  10,240: the filters of both band counts, power 3,328, state; the linker keeps what is called.
// Rounding    conv_even, set by bands; the others do not round. Saturation none.
// Error       4.4e-4: |X|^2 goes to the filters in bfloat16, 2^-8 of it or log10(1 + 2^-8) / 4; 1e-5 is the logarithm's.
// Source      Whisper's log_mel_spectrogram; mel scale and triangles: M. Slaney, Auditory Toolbox, 1998.
// Cycles      modelled by the simulator; not measured on a device.
// Meaning     logmel_ref.h, within the error.
#include "bands.h"

namespace {

alignas(64) int32_t loudest_of_column[logmel::kLanes];
float least_feature;

constexpr int32_t kQuietest = -(1 << 30);

template <typename Filters>
void bands(const float *odd, const float *cosine, const float *sine, float *out, int32_t batch) {
  logmel::set_modes();
  if (batch == 0) aie::store_v(loudest_of_column, aie::broadcast<int32, logmel::kLanes>(kQuietest));
  logmel::power_of_parts(odd, cosine, sine);
  logmel::bands_of_power<Filters>(out, loudest_of_column);
}

}  // namespace

extern "C" void logmel_bands80_f32(const float *__restrict odd, const float *__restrict cosine, const float *__restrict sine,
                                   float *__restrict out, int32_t batch) {
  bands<logmel::filters80>(odd, cosine, sine, out, batch);
}

extern "C" void logmel_bands128_f32(const float *__restrict odd, const float *__restrict cosine, const float *__restrict sine,
                                    float *__restrict out, int32_t batch) {
  bands<logmel::filters128>(odd, cosine, sine, out, batch);
}

extern "C" void logmel_loudest_f32(float *__restrict out, int32_t count) {
  const int32 most = aie::reduce_max(aie::load_v<logmel::kLanes>(loudest_of_column));
  const auto value = aie::to_float<float>(aie::broadcast<int32, logmel::kLanes>(most), logmel::kFeatureBits);
  for (int32_t i = 0; i < count; i += logmel::kLanes) aie::store_v(out + i, value);
}

// The window's features end at (maximum - 8 + 4) / 4, which is the largest feature less 2.
extern "C" void logmel_join_f32(const float *__restrict loudest, int32_t column) {
  const float least = loudest[0] - 2.0f;
  least_feature = column == 0 || least > least_feature ? least : least_feature;
  AIEKIT_SCALAR_CYCLES(60);
}

extern "C" void logmel_clamp_f32(const float *__restrict in, float *__restrict out, int32_t count) {
  const auto least = aie::broadcast<float, logmel::kLanes>(least_feature);
  AIE_LOOP_MIN_ITERATION_COUNT(40)
  for (int32_t i = 0; i < count; i += logmel::kLanes) {
    aie::store_v(out + i, aie::max(aie::load_v<logmel::kLanes>(in + i), least));
  }
}
