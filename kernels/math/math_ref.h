// Scalar meaning of the functions in this folder, in double: plain C++, no library. For tests and for *_ref.h only.
#pragma once

#include <stdint.h>

namespace aiekit_math {

// e^x: Taylor's series of x / 2^12, squared 12 times; relative error below 1e-11 for |x| < 100.
inline double exp_ref(double x) {
  const double y = x / 4096;
  double result = 1 + y * (1 + y / 2 * (1 + y / 3 * (1 + y / 4 * (1 + y / 5))));
  for (int i = 0; i < 12; ++i) result *= result;
  return result;
}

// 1 - Phi(a), a >= 0: Maclaurin's series of Phi near 0, Laplace's continued fraction beyond.
// Source: Abramowitz and Stegun 26.2.10 and 26.2.14.
inline double upper_tail_ref(double a) {
  constexpr double kDensityAtZero = 0.39894228040143267794;
  if (a < 2) {
    double term = a, sum = a;
    for (int n = 1; n < 60; ++n) {
      term *= -a * a / (2 * n);
      sum += term / (2 * n + 1);
    }
    return 0.5 - kDensityAtZero * sum;
  }
  // Beyond, the density is less than the smallest float, and exp_ref does not reach.
  if (a > 14) return 0;
  double tail = 0;
  for (int k = 200; k >= 1; --k) tail = k / (a + tail);
  return kDensityAtZero * exp_ref(-a * a / 2) / (a + tail);
}

inline double gelu_ref(double x) { return x < 0 ? x * upper_tail_ref(-x) : x - x * upper_tail_ref(x); }

}  // namespace aiekit_math
