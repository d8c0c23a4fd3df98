// sum3_i32: out[i] = a[i] + b[i] + c[i], i < n, modulo 2^32.
//
// a, b, c     int32[n].
// out         int32[n], may not overlap them.
//             All are aligned to 4 bytes.
// Tile bytes  none besides the arguments.
// Rounding    nothing is rounded.
// Error       none.
// Cycles      not measured.
// Meaning     the formula, exactly.
#include <stdint.h>

extern "C" void sum3_i32(const int32_t *__restrict a, const int32_t *__restrict b, const int32_t *__restrict c,
                         int32_t *__restrict out, int32_t n) {
  for (int32_t i = 0; i < n; i++) {
    const uint32_t sum = static_cast<uint32_t>(a[i]) + static_cast<uint32_t>(b[i]) + static_cast<uint32_t>(c[i]);
    out[i] = static_cast<int32_t>(sum);
  }
}
