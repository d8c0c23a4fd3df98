// scale_by_i32: out[i] = *factor in[i], i < n, modulo 2^32.
//
// in, out     int32[n], may not overlap.
// factor      int32[1], read at every call: a buffer that a runtime sequence writes.
//             All are aligned to 4 bytes.
// Tile bytes  none besides the arguments.
// Rounding    nothing is rounded.
// Error       none.
// Cycles      not measured.
// Meaning     the formula, exactly.
#include <stdint.h>

extern "C" void scale_by_i32(const int32_t *__restrict in, int32_t *__restrict out, const int32_t *__restrict factor,
                             int32_t n) {
  const uint32_t by = static_cast<uint32_t>(*factor);
  for (int32_t i = 0; i < n; i++) out[i] = static_cast<int32_t>(static_cast<uint32_t>(in[i]) * by);
}
