// Scalar meaning of topk.cc: the k largest of a whole row, found one after the other.
#pragma once

#include <stdint.h>

namespace topk {

// Is a[i] before a[j]? NaN before all, then larger before smaller, then the lower index.
inline bool comes_before(const float *a, int32_t i, int32_t j) {
  const bool nan_i = a[i] != a[i], nan_j = a[j] != a[j];
  if (nan_i != nan_j) return nan_i;
  if (!nan_i && a[i] != a[j]) return a[i] > a[j];
  return i < j;
}

inline void topk_ref(const float *x, int32_t n, int32_t k, float *values, int32_t *indices) {
  for (int32_t place = 0; place < k; ++place) {
    int32_t best = -1;
    for (int32_t i = 0; i < n; ++i) {
      const bool is_after_the_last = place == 0 || comes_before(x, indices[place - 1], i);
      if (is_after_the_last && (best < 0 || comes_before(x, i, best))) best = i;
    }
    values[place] = x[best];
    indices[place] = best;
  }
}

}  // namespace topk
