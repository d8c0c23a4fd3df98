// Sums to bfloat16 or float, all of it in binary32 and rounded once:
//
//   out = gelu(x) + residual     x = sum + bias, x = sum scale + bias (sums of float), x = (sum + bias) scale (sums of int32)
//
// gelu and the residual where the flags and the call ask for them. int32 sums become binary32 first (24 bits, to nearest);
// (sum + bias) scale is a product of pairs of bfloat16, AIE2's multiplier has no more: relative error 2^-14.4
// (math/bf16_parts.h). gelu: relative error 2^-13 (math/gelu.h).
//
// Part of     all kernels of this folder: the cycles are among theirs, modelled.
#pragma once

#include "matmul/channels.h"
#include "math/gelu.h"

namespace matmul {

// Sums of float: what is added to a run, and how it turns into x.
template <typename T>
struct biased {
  using sums = float;
  using operand = T;
  static constexpr unsigned row_stride(unsigned n) { return native<T>::r * n; }
  aie::accum<accfloat, 32> bias;

  AIE_INLINE biased(const int32 *__restrict by, unsigned, unsigned q, bool has_channels) {
    if (has_channels) bias.from_vector(run_of<operand>::words(by, q).template cast_to<float>());
    else bias = aie::zeros<accfloat, 32>();
  }
  AIE_INLINE aie::accum<accfloat, 32> operator()(const float *__restrict c) const { return aie::add(bias, aie::load_v<32>(c)); }
};

// Sums of int32. Where they were 64 bits wide (wide_sums.h), a row of blocks has the length that it had, and its bias.
template <typename T>
struct dequantised {
  using sums = int32;
  using operand = T;
  static constexpr bool bias_is_in = sizeof(typename native<T>::acc) > 4;
  static constexpr unsigned row_stride(unsigned n) { return native<T>::r * n * sizeof(typename native<T>::acc) / 4; }
  aie::vector<int32, 32> bias;
  aiekit_math::bf16_pair<32> scale;

  AIE_INLINE dequantised(const int32 *__restrict by, unsigned n, unsigned q, bool) {
    if constexpr (!bias_is_in) bias = run_of<operand>::words(by, q);
    scale = aiekit_math::bf16_parts(aie::accum<accfloat, 32>(run_of<operand>::words(by + n, q).template cast_to<float>()));
  }
  AIE_INLINE aie::accum<accfloat, 32> operator()(const int32 *__restrict c) const {
    auto sum = aie::load_v<32>(c);
    if constexpr (!bias_is_in) sum = aie::add(sum, bias);
    const aie::accum<accfloat, 32> value(aie::to_float<float>(sum));
    return aiekit_math::product(aiekit_math::bf16_parts(value), scale);
  }
};

// Sums of float, of weights that have a scale for each column.
template <typename T>
struct rescaled {
  using sums = float;
  using operand = T;
  static constexpr unsigned row_stride(unsigned n) { return native<T>::r * n; }
  aie::accum<accfloat, 32> bias;
  aiekit_math::bf16_pair<32> scale;

  AIE_INLINE rescaled(const int32 *__restrict by, unsigned n, unsigned q, bool) {
    bias.from_vector(run_of<operand>::words(by, q).template cast_to<float>());
    scale = aiekit_math::bf16_parts(aie::accum<accfloat, 32>(run_of<operand>::words(by + n, q).template cast_to<float>()));
  }
  AIE_INLINE aie::accum<accfloat, 32> operator()(const float *__restrict c) const {
    return aiekit_math::mac_parts(bias, aiekit_math::bf16_parts(aie::accum<accfloat, 32>(aie::load_v<32>(c))), scale);
  }
};

struct identity {
  AIE_INLINE aie::accum<accfloat, 32> operator()(const aie::accum<accfloat, 32> &x) const { return x; }
};

// `Residual`: residual_rows or no_residual; rows that it does not have stay untouched.
template <typename X, unsigned m, unsigned n, typename Out, typename Residual, typename Activation>
inline void finish_with(const typename X::sums *__restrict c, const int32 *__restrict by, const Residual &residual,
                        const Activation &activation, Out *__restrict out, bool has_channels) {
  using N = native<typename X::operand>;
  using run = run_of<typename X::operand>;
  constexpr unsigned row_size = N::r * n;
  const unsigned first = residual.first_of_tile / N::r;
  for (unsigned q = 0; q < row_size / run::lanes; ++q) {
    const X x(by, n, q, has_channels);
    for (unsigned i = first; i < first + Residual::rows / N::r; ++i) {
      const unsigned at = i * row_size + q * run::lanes;
      auto value = activation(x(c + i * X::row_stride(n) + q * run::lanes));
      if constexpr (requires { residual.values; }) value = aie::add(value, residual.run(i, q));
      aie::store_v(out + at, value.template to_vector<Out>());
    }
  }
}

// c = gelu(c + bias) in place, for a tile whose residual comes later. Objects of a residual go to all cores of a column, so
// whoever works long on one of them holds up the others.
template <unsigned m, unsigned n>
inline void activate(float *c, const int32 *__restrict by, bool has_channels) {
  using run = run_of<bfloat16>;
  constexpr unsigned row_size = native<bfloat16>::r * n;
  const aiekit_math::gelu<32> gelu;
  for (unsigned q = 0; q < row_size / run::lanes; ++q) {
    const biased<bfloat16> x(by, n, q, has_channels);
    for (unsigned at = q * run::lanes; at < m * n; at += row_size) aie::store_v(c + at, gelu(x(c + at)).template to_vector<float>());
  }
}

template <typename X, unsigned m, unsigned n, typename Out, typename Residual>
AIE_INLINE void finish(const typename X::sums *__restrict c, const int32 *__restrict by, const Residual &residual,
                       Out *__restrict out, int32 flags) {
  const bool has_channels = (flags & kHasChannels) != 0;
  if ((flags & kGelu) != 0) finish_with<X, m, n>(c, by, residual, aiekit_math::gelu<32>(), out, has_channels);
  else finish_with<X, m, n>(c, by, residual, identity(), out, has_channels);
}

}  // namespace matmul
