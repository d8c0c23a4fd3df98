// aie::vector<T, N>: 128 to 1024 bits of lanes, lane 0 at the lowest address.
#pragma once

#include "types.hpp"

namespace aie {

template <detail::element_type T>
inline constexpr unsigned native_vector_length_v = 512 / (8 * sizeof(T));

// Alignment of a load or store of whole vectors. Source: aie_api's load_v; 32 bytes on AIE2, up to 64 on AIE2P.
inline constexpr unsigned vector_decl_align = __AIE_ARCH__ >= 21 ? 64 : 32;

template <detail::element_type T, unsigned N = native_vector_length_v<T>>
class vector {
  static_assert(detail::is_power_of_two(N) && N * sizeof(T) * 8 >= 128 && N * sizeof(T) * 8 <= 1024,
                "aie::vector: a vector has 128, 256, 512 or 1024 bits (8-bit: 16 to 128 lanes, 16-bit: 8 to 64, 32-bit: 4 to 32)");

 public:
  using value_type = T;
  using native_type = detail::lanes<detail::held_t<T>, N>;
  static constexpr unsigned bits() { return N * sizeof(T) * 8; }
  static constexpr unsigned size() { return N; }

  // Undefined on the device. Here 0xA5 in every byte: a result that uses it is wrong in the same way in every run.
  AIEKIT_INLINE vector() { __builtin_memset(&lanes_, 0xa5, sizeof lanes_); }
  AIEKIT_INLINE vector(native_type lanes) : lanes_(lanes) {}
  AIEKIT_INLINE native_type to_native() const { return lanes_; }

  class element_ref {
   public:
    AIEKIT_INLINE element_ref(vector& of, unsigned lane) : of_(of), lane_(lane) {}
    AIEKIT_INLINE operator T() const { return of_.get(lane_); }
    AIEKIT_INLINE element_ref& operator=(T value) {
      of_.set(value, lane_);
      return *this;
    }
    AIEKIT_INLINE element_ref& operator=(const element_ref& other) { return *this = static_cast<T>(other); }
    AIEKIT_INLINE T get() const { return of_.get(lane_); }

   private:
    vector& of_;
    unsigned lane_;
  };

  AIEKIT_INLINE T get(unsigned lane) const {
    check_lane(lane);
    return detail::bits_as<T>(static_cast<detail::held_t<T>>(lanes_[lane]));
  }
  AIEKIT_INLINE void set(T value, unsigned lane) {
    check_lane(lane);
    lanes_[lane] = detail::bits_as<detail::held_t<T>>(value);
  }
  AIEKIT_INLINE T operator[](unsigned lane) const { return get(lane); }
  AIEKIT_INLINE element_ref operator[](unsigned lane) { return {*this, lane}; }

  // Every lane one up; `value` becomes lane 0.
  AIEKIT_INLINE void push(T value) {
    for (unsigned i = N - 1; i > 0; --i) lanes_[i] = lanes_[i - 1];
    set(value, 0);
  }

  // Lanes [part * M, (part + 1) * M).
  template <unsigned M>
  AIEKIT_INLINE vector<T, M> extract(unsigned part) const {
    static_assert(M <= N, "aie::vector::extract: more lanes than the vector has");
    check_lane(part * M);
    return detail::part_of<detail::held_t<T>, M, N>(lanes_, part);
  }

  template <unsigned M>
  AIEKIT_INLINE vector& insert(unsigned part, const vector<T, M>& from) {
    static_assert(M <= N, "aie::vector::insert: more lanes than the vector has");
    check_lane(part * M);
    lanes_ = detail::with_part<detail::held_t<T>, M, N>(lanes_, from.to_native(), part);
    return *this;
  }

  // A larger vector with this one as part `part`; the other lanes are undefined.
  template <unsigned M>
  AIEKIT_INLINE vector<T, M> grow(unsigned part = 0) const {
    return vector<T, M>().insert(part, *this);
  }

  // Same bits, other element type.
  template <detail::element_type U>
  AIEKIT_INLINE vector<U, N * sizeof(T) / sizeof(U)> cast_to() const {
    return detail::bits_as<typename vector<U, N * sizeof(T) / sizeof(U)>::native_type>(lanes_);
  }

  // N / M parts of M lanes, the lowest first.
  template <unsigned M>
  AIEKIT_INLINE auto split() const {
    parts_of<M> out;
    for (unsigned i = 0; i < N / M; ++i) out.at[i] = extract<M>(i);
    return out;
  }

  // Bytes to the next size up, and back down by the saturation mode: bits.hpp.
  AIEKIT_INLINE auto unpack() const;
  AIEKIT_INLINE auto pack() const;

  AIEKIT_INLINE void load(const T* from);
  AIEKIT_INLINE void store(T* to) const;

 private:
  template <unsigned M>
  struct parts_of {
    vector<T, M> at[N / M];
    AIEKIT_INLINE const vector<T, M>& operator[](unsigned part) const { return at[part]; }
  };

  static AIEKIT_INLINE void check_lane(unsigned lane) {
    if (lane >= N) aiekit::trap(aiekit::trap_code::out_of_range, static_cast<int32_t>(lane), N);
  }

  native_type lanes_;
};

namespace detail {
template <typename V>
inline constexpr bool is_vector = false;
template <typename T, unsigned N>
inline constexpr bool is_vector<vector<T, N>> = true;
}  // namespace detail

// All lanes `value`.
template <detail::element_type T, unsigned N = native_vector_length_v<T>>
AIEKIT_INLINE vector<T, N> broadcast(T value) {
  aiekit::count_vector(vector<T, N>::bits());
  using native = typename vector<T, N>::native_type;
  return static_cast<native>(detail::bits_as<detail::held_t<T>>(value));
}

}  // namespace aie

using v16int8 = aie::vector<int8, 16>;
using v32int8 = aie::vector<int8, 32>;
using v64int8 = aie::vector<int8, 64>;
using v128int8 = aie::vector<int8, 128>;
using v16uint8 = aie::vector<uint8, 16>;
using v32uint8 = aie::vector<uint8, 32>;
using v64uint8 = aie::vector<uint8, 64>;
using v128uint8 = aie::vector<uint8, 128>;
using v8int16 = aie::vector<int16, 8>;
using v16int16 = aie::vector<int16, 16>;
using v32int16 = aie::vector<int16, 32>;
using v64int16 = aie::vector<int16, 64>;
using v8uint16 = aie::vector<uint16, 8>;
using v16uint16 = aie::vector<uint16, 16>;
using v32uint16 = aie::vector<uint16, 32>;
using v64uint16 = aie::vector<uint16, 64>;
using v4int32 = aie::vector<int32, 4>;
using v8int32 = aie::vector<int32, 8>;
using v16int32 = aie::vector<int32, 16>;
using v32int32 = aie::vector<int32, 32>;
using v4uint32 = aie::vector<uint32, 4>;
using v8uint32 = aie::vector<uint32, 8>;
using v16uint32 = aie::vector<uint32, 16>;
using v32uint32 = aie::vector<uint32, 32>;
using v8bfloat16 = aie::vector<bfloat16, 8>;
using v16bfloat16 = aie::vector<bfloat16, 16>;
using v32bfloat16 = aie::vector<bfloat16, 32>;
using v64bfloat16 = aie::vector<bfloat16, 64>;
using v4float = aie::vector<float, 4>;
using v8float = aie::vector<float, 8>;
using v16float = aie::vector<float, 16>;
using v32float = aie::vector<float, 32>;
