// scale_i32: out[i] = factor in[i], i < n, modulo 2^32.
//
// in, out     int32[n], may not overlap.
//             All are aligned to 4 bytes.
// Tile bytes  none besides the arguments.
// Rounding    nothing is rounded.
// Error       none.
// Cycles      not measured.
// Meaning     the formula, exactly.
#include <stdint.h>

extern "C" void scale_i32(const int32_t *__restrict in, int32_t *__restrict out, int32_t factor, int32_t n) {
  for (int32_t i = 0; i < n; i++) {
    const uint32_t product = static_cast<uint32_t>(in[i]) * static_cast<uint32_t>(factor);
    out[i] = static_cast<int32_t>(product);
  }
}
