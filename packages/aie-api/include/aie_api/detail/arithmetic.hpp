// Lane-wise arithmetic, comparison and selection. A scalar operand stands for a vector of equal lanes.
#pragma once

#include "accum.hpp"

namespace aie {

// One bit a lane.
template <unsigned N>
class mask {
 public:
  using native_type = detail::lanes<int8_t, N>;

  AIEKIT_INLINE mask() : lanes_{} {}
  // Lanes of 0 and -1.
  AIEKIT_INLINE explicit mask(native_type lanes) : lanes_(lanes) {}

  static constexpr unsigned size() { return N; }
  AIEKIT_INLINE native_type to_native() const { return lanes_; }
  AIEKIT_INLINE bool test(unsigned lane) const { return lanes_[lane] != 0; }
  AIEKIT_INLINE void set(unsigned lane) { lanes_[lane] = -1; }
  AIEKIT_INLINE void clear(unsigned lane) { lanes_[lane] = 0; }
  AIEKIT_INLINE unsigned count() const { return static_cast<unsigned>(-__builtin_reduce_add(__builtin_convertvector(lanes_, detail::lanes<int16_t, N>))); }
  AIEKIT_INLINE bool empty() const { return __builtin_reduce_or(lanes_) == 0; }
  AIEKIT_INLINE bool full() const { return __builtin_reduce_and(lanes_) != 0; }
  AIEKIT_INLINE mask operator&(const mask& other) const { return mask(lanes_ & other.lanes_); }
  AIEKIT_INLINE mask operator|(const mask& other) const { return mask(lanes_ | other.lanes_); }
  AIEKIT_INLINE mask operator^(const mask& other) const { return mask(lanes_ ^ other.lanes_); }
  AIEKIT_INLINE mask operator~() const { return mask(~lanes_); }

  // Bit i is lane i.
  static AIEKIT_INLINE mask from_uint64(uint64_t bits) {
    static_assert(N <= 64, "aie::mask::from_uint64: more than 64 lanes");
    mask out;
    for (unsigned i = 0; i < N; ++i) out.lanes_[i] = static_cast<int8_t>(-static_cast<int>((bits >> i) & 1));
    return out;
  }
  static AIEKIT_INLINE mask from_uint32(uint32_t bits) {
    static_assert(N <= 32, "aie::mask::from_uint32: more than 32 lanes");
    return from_uint64(bits);
  }
  AIEKIT_INLINE uint64_t to_uint64() const {
    static_assert(N <= 64, "aie::mask::to_uint64: more than 64 lanes");
    uint64_t bits = 0;
    for (unsigned i = 0; i < N; ++i) bits |= static_cast<uint64_t>(lanes_[i] & 1) << i;
    return bits;
  }
  AIEKIT_INLINE uint32_t to_uint32() const {
    static_assert(N <= 32, "aie::mask::to_uint32: more than 32 lanes");
    return static_cast<uint32_t>(to_uint64());
  }

 private:
  native_type lanes_;
};

namespace detail {

template <typename S>
inline constexpr bool is_scalar = false;
template <element_type S>
inline constexpr bool is_scalar<S> = true;

// Lanes as the arithmetic sees them: bfloat16 is widened, the rest is as held.
template <typename T, unsigned N>
AIEKIT_INLINE auto open(const vector<T, N>& v) {
  if constexpr (same<T, bfloat16>) return widen_bf16<N>(v.to_native());
  else return v.to_native();
}
template <typename T, unsigned N, typename Lanes>
AIEKIT_INLINE vector<T, N> close(Lanes lanes_of_result) {
  if constexpr (same<T, bfloat16>) return narrow_to_bf16<N>(lanes_of_result);
  else return lanes_of_result;
}
// For lanes that were open before.
template <typename T, unsigned N, typename Lanes>
AIEKIT_INLINE vector<T, N> close_exact(Lanes lanes_of_result) {
  if constexpr (same<T, bfloat16>) return pack_bf16<N>(lanes_of_result);
  else return lanes_of_result;
}

// The other operand of an operation on vector<T, N>: a vector, or a scalar that is converted to T.
template <typename T, unsigned N>
AIEKIT_INLINE const vector<T, N>& as_vector(const vector<T, N>& v) {
  return v;
}
template <typename T, unsigned N, typename S>
  requires(__is_arithmetic(S) || same<S, bfloat16>)
AIEKIT_INLINE vector<T, N> as_vector(S s) {
  return static_cast<typename vector<T, N>::native_type>(bits_as<held_t<T>>(static_cast<T>(s)));
}
template <typename O, typename T, unsigned N>
concept operand_of = same<O, vector<T, N>> || __is_arithmetic(O) || same<O, bfloat16>;

}  // namespace detail

// Operations on (vector, vector or scalar) and (scalar, vector); `expression` is of lanes x and y. bfloat16 is computed
// in float and narrowed once with the current rounding; integers wrap. A minimum or maximum is one of the operands.
#define AIEKIT_BINARY(name, closing, expression)                                                       \
  template <typename T, unsigned N, typename O>                                               \
    requires detail::operand_of<O, T, N>                                                      \
  AIEKIT_INLINE vector<T, N> name(const vector<T, N>& a, const O& b) {                        \
    aiekit::count_vector(a.bits());                                                           \
    const auto x = detail::open(a);                                                           \
    const auto y = detail::open(detail::as_vector<T, N>(b));                                  \
    return detail::closing<T, N>(expression);                                                 \
  }                                                                                           \
  template <typename T, unsigned N, typename S>                                               \
    requires(__is_arithmetic(S) || detail::same<S, bfloat16>)                                 \
  AIEKIT_INLINE vector<T, N> name(S a, const vector<T, N>& b) {                               \
    return name(detail::as_vector<T, N>(a), b);                                               \
  }
AIEKIT_BINARY(add, close, x + y)
AIEKIT_BINARY(sub, close, x - y)
AIEKIT_BINARY(min, close_exact, y < x ? y : x)
AIEKIT_BINARY(max, close_exact, x < y ? y : x)
#undef AIEKIT_BINARY

#define AIEKIT_COMPARE(name, op)                                                              \
  template <typename T, unsigned N, typename O>                                               \
    requires detail::operand_of<O, T, N>                                                      \
  AIEKIT_INLINE mask<N> name(const vector<T, N>& a, const O& b) {                             \
    aiekit::count_vector(a.bits());                                                           \
    const auto lanes = detail::open(a) op detail::open(detail::as_vector<T, N>(b));           \
    return mask<N>(__builtin_convertvector(lanes, typename mask<N>::native_type));            \
  }                                                                                           \
  template <typename T, unsigned N, typename S>                                               \
    requires(__is_arithmetic(S) || detail::same<S, bfloat16>)                                 \
  AIEKIT_INLINE mask<N> name(S a, const vector<T, N>& b) {                                    \
    return name(detail::as_vector<T, N>(a), b);                                               \
  }
AIEKIT_COMPARE(lt, <)
AIEKIT_COMPARE(le, <=)
AIEKIT_COMPARE(gt, >)
AIEKIT_COMPARE(ge, >=)
AIEKIT_COMPARE(eq, ==)
AIEKIT_COMPARE(neq, !=)
#undef AIEKIT_COMPARE

// Lane of b where the mask is set, else of a.
template <typename T, unsigned N, typename O>
  requires detail::operand_of<O, T, N>
AIEKIT_INLINE vector<T, N> select(const vector<T, N>& a, const O& b, const mask<N>& m) {
  aiekit::count_vector(a.bits());
  using bits = detail::lanes<detail::choose_t<sizeof(T) == 4, int32_t, detail::choose_t<sizeof(T) == 2, int16_t, int8_t>>, N>;
  const bits chosen = __builtin_convertvector(m.to_native(), bits);
  const bits x = detail::bits_as<bits>(a.to_native());
  const bits y = detail::bits_as<bits>(detail::as_vector<T, N>(b).to_native());
  return detail::bits_as<typename vector<T, N>::native_type>((x & ~chosen) | (y & chosen));
}
template <typename T, unsigned N, typename S>
  requires(__is_arithmetic(S) || detail::same<S, bfloat16>)
AIEKIT_INLINE vector<T, N> select(S a, const vector<T, N>& b, const mask<N>& m) {
  return select(detail::as_vector<T, N>(a), b, m);
}

// Two's complement: the least integer is its own negative and its own absolute value.
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N> neg(const vector<T, N>& a) {
  static_assert(detail::element<T>::is_signed, "aie::neg: expected a signed element type");
  aiekit::count_vector(a.bits());
  if constexpr (detail::same<T, bfloat16>) {
    return static_cast<typename vector<T, N>::native_type>(a.to_native() ^ static_cast<uint16_t>(0x8000));
  } else {
    return -a.to_native();
  }
}
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N> abs(const vector<T, N>& a) {
  static_assert(detail::element<T>::is_signed, "aie::abs: expected a signed element type");
  aiekit::count_vector(a.bits());
  if constexpr (detail::same<T, bfloat16>) {
    return static_cast<typename vector<T, N>::native_type>(a.to_native() & static_cast<uint16_t>(0x7fff));
  } else {
    return __builtin_elementwise_abs(a.to_native());
  }
}

}  // namespace aie
