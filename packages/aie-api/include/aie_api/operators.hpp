// Operators on vectors and accumulators, after `using namespace aie::operators`.
#pragma once

#include "aie.hpp"

namespace aie::operators {

template <typename T, unsigned N, typename O>
  requires detail::operand_of<O, T, N>
AIEKIT_INLINE vector<T, N> operator+(const vector<T, N>& a, const O& b) {
  return add(a, b);
}
template <typename T, unsigned N, typename O>
  requires detail::operand_of<O, T, N>
AIEKIT_INLINE vector<T, N> operator-(const vector<T, N>& a, const O& b) {
  return sub(a, b);
}
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N> operator-(const vector<T, N>& a) {
  return neg(a);
}
template <typename Tag, unsigned N>
AIEKIT_INLINE accum<Tag, N> operator+(const accum<Tag, N>& a, const accum<Tag, N>& b) {
  return add(a, b);
}
template <typename Tag, unsigned N>
AIEKIT_INLINE accum<Tag, N> operator-(const accum<Tag, N>& a, const accum<Tag, N>& b) {
  return sub(a, b);
}
template <typename A, typename B>
  requires detail::factors<A, B>
AIEKIT_INLINE auto operator*(const A& a, const B& b) {
  return mul(a, b);
}
template <typename T, unsigned N, typename O>
  requires detail::operand_of<O, T, N>
AIEKIT_INLINE vector<T, N> operator&(const vector<T, N>& a, const O& b) {
  return bit_and(a, b);
}
template <typename T, unsigned N, typename O>
  requires detail::operand_of<O, T, N>
AIEKIT_INLINE vector<T, N> operator|(const vector<T, N>& a, const O& b) {
  return bit_or(a, b);
}
template <typename T, unsigned N, typename O>
  requires detail::operand_of<O, T, N>
AIEKIT_INLINE vector<T, N> operator^(const vector<T, N>& a, const O& b) {
  return bit_xor(a, b);
}
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N> operator<<(const vector<T, N>& a, unsigned shift) {
  return upshift(a, shift);
}
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N> operator>>(const vector<T, N>& a, unsigned shift) {
  return downshift(a, shift);
}
template <typename T, unsigned N, typename O>
  requires detail::operand_of<O, T, N>
AIEKIT_INLINE mask<N> operator<(const vector<T, N>& a, const O& b) {
  return lt(a, b);
}
template <typename T, unsigned N, typename O>
  requires detail::operand_of<O, T, N>
AIEKIT_INLINE mask<N> operator>(const vector<T, N>& a, const O& b) {
  return gt(a, b);
}
template <typename T, unsigned N, typename O>
  requires detail::operand_of<O, T, N>
AIEKIT_INLINE mask<N> operator==(const vector<T, N>& a, const O& b) {
  return eq(a, b);
}

}  // namespace aie::operators
