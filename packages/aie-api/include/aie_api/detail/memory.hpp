// Loads, stores and iterators. A misaligned address traps here: the hardware ignores its low bits and reads other data.
#pragma once

#include "vector.hpp"

namespace aie {
namespace detail {

// Bytes. Source: aie_api's load_v (group basic types): 128-bit vectors 16, then 32; AIE2P 64 for 512 bits and more.
template <typename T, unsigned N>
inline constexpr unsigned access_alignment =
    N * sizeof(T) <= 16 ? 16 : (N * sizeof(T) <= 32 || __AIE_ARCH__ < 21 ? 32 : 64);

AIEKIT_INLINE void check_alignment(const void* address, unsigned alignment) {
  const uintptr_t at = reinterpret_cast<uintptr_t>(address);
  if ((at & (alignment - 1)) != 0) {
    aiekit::trap(aiekit::trap_code::misaligned, static_cast<int32_t>(at), static_cast<int32_t>(alignment));
  }
}

template <typename T, unsigned N>
struct in_memory {
  typedef lanes<held_t<T>, N> type __attribute__((aligned(1), may_alias));
};

template <unsigned N, typename T>
AIEKIT_INLINE vector<T, N> read(const T* from) {
  aiekit::count_load(N * sizeof(T));
  return static_cast<lanes<held_t<T>, N>>(*reinterpret_cast<const typename in_memory<T, N>::type*>(from));
}

template <typename T, unsigned N>
AIEKIT_INLINE void write(T* to, const vector<T, N>& value) {
  aiekit::count_store(N * sizeof(T));
  *reinterpret_cast<typename in_memory<T, N>::type*>(to) = value.to_native();
}

template <typename T>
struct without_const {
  using type = T;
};
template <typename T>
struct without_const<const T> {
  using type = T;
};
template <typename T>
using without_const_t = typename without_const<T>::type;

}  // namespace detail

template <unsigned N, typename T>
AIEKIT_INLINE vector<detail::without_const_t<T>, N> load_v(T* from) {
  using U = detail::without_const_t<T>;
  detail::check_alignment(from, detail::access_alignment<U, N>);
  return detail::read<N, U>(from);
}

template <typename T>
AIEKIT_INLINE auto load_v(T* from) {
  return load_v<native_vector_length_v<detail::without_const_t<T>>>(from);
}

template <typename T, unsigned N>
AIEKIT_INLINE void store_v(T* to, const vector<T, N>& value) {
  detail::check_alignment(to, detail::access_alignment<T, N>);
  detail::write(to, value);
}

// `aligned_elems`: the caller promises that the address is a multiple of so many elements.
template <unsigned N, typename T>
AIEKIT_INLINE vector<detail::without_const_t<T>, N> load_unaligned_v(T* from, unsigned aligned_elems = 1) {
  using U = detail::without_const_t<T>;
  detail::check_alignment(from, aligned_elems * sizeof(U));
  // Two aligned loads and a shift on the device.
  aiekit::count_load(N * sizeof(U));
  aiekit::count_shuffle(N * sizeof(U) * 8);
  return detail::read<N, U>(from);
}

template <typename T, unsigned N>
AIEKIT_INLINE void store_unaligned_v(T* to, const vector<T, N>& value, unsigned aligned_elems = 1) {
  detail::check_alignment(to, aligned_elems * sizeof(T));
  aiekit::count_store(N * sizeof(T));
  aiekit::count_shuffle(N * sizeof(T) * 8);
  detail::write(to, value);
}

// The vector that holds the address: its low bits are dropped.
template <unsigned N, typename T>
AIEKIT_INLINE vector<detail::without_const_t<T>, N> load_floor_v(T* from) {
  const uintptr_t mask = ~static_cast<uintptr_t>(N * sizeof(T) - 1);
  return load_v<N>(reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(from) & mask));
}

template <detail::element_type T, unsigned N>
AIEKIT_INLINE void vector<T, N>::load(const T* from) {
  *this = load_v<N>(from);
}
template <detail::element_type T, unsigned N>
AIEKIT_INLINE void vector<T, N>::store(T* to) const {
  store_v(to, *this);
}

// What `*it` and `it[n]` of a writable iterator give: reads as a vector, stores when assigned.
template <typename T, unsigned N>
class vector_ref {
 public:
  AIEKIT_INLINE explicit vector_ref(T* at) : at_(at) {}
  AIEKIT_INLINE operator vector<T, N>() const { return load_v<N>(at_); }
  AIEKIT_INLINE const vector_ref& operator=(const vector<T, N>& value) const {
    store_v(at_, value);
    return *this;
  }
  AIEKIT_INLINE const vector_ref& operator=(const vector_ref& other) const {
    return *this = static_cast<vector<T, N>>(other);
  }

 private:
  T* at_;
};

// Steps count vectors, not elements.
template <typename T, unsigned N>
class vector_iterator {
  using element = detail::without_const_t<T>;
  static constexpr bool is_const = !detail::same<T, element>;

 public:
  using value_type = vector<element, N>;
  using reference = detail::choose_t<is_const, value_type, vector_ref<element, N>>;

  AIEKIT_INLINE explicit vector_iterator(T* at) : at_(at) {}
  AIEKIT_INLINE reference operator*() const { return at(0); }
  AIEKIT_INLINE reference operator[](int n) const { return at(n); }
  AIEKIT_INLINE vector_iterator& operator++() { return *this += 1; }
  AIEKIT_INLINE vector_iterator& operator--() { return *this -= 1; }
  AIEKIT_INLINE vector_iterator operator++(int) {
    const vector_iterator before = *this;
    *this += 1;
    return before;
  }
  AIEKIT_INLINE vector_iterator operator--(int) {
    const vector_iterator before = *this;
    *this -= 1;
    return before;
  }
  AIEKIT_INLINE vector_iterator& operator+=(int n) {
    at_ += n * static_cast<int>(N);
    return *this;
  }
  AIEKIT_INLINE vector_iterator& operator-=(int n) { return *this += -n; }
  AIEKIT_INLINE vector_iterator operator+(int n) const { return vector_iterator(*this) += n; }
  AIEKIT_INLINE vector_iterator operator-(int n) const { return vector_iterator(*this) -= n; }
  AIEKIT_INLINE int operator-(const vector_iterator& other) const { return (at_ - other.at_) / static_cast<int>(N); }
  AIEKIT_INLINE bool operator==(const vector_iterator& other) const { return at_ == other.at_; }

 private:
  AIEKIT_INLINE reference at(int n) const {
    T* const place = at_ + n * static_cast<int>(N);
    if constexpr (is_const) return load_v<N>(place);
    else return reference(place);
  }

  T* at_;
};

// The `restrict` forms promise that nothing else reaches the data; here they mean the same as the plain ones.
#define AIEKIT_VECTOR_ITERATOR(name, qualified)                                              \
  template <unsigned N, typename T>                                                          \
  AIEKIT_INLINE vector_iterator<qualified, N> name(T* at) {                                  \
    return vector_iterator<qualified, N>(at);                                                \
  }                                                                                          \
  template <typename T>                                                                      \
  AIEKIT_INLINE auto name(T* at) {                                                           \
    return name<native_vector_length_v<detail::without_const_t<T>>>(at);                     \
  }
AIEKIT_VECTOR_ITERATOR(begin_vector, T)
AIEKIT_VECTOR_ITERATOR(begin_restrict_vector, T)
AIEKIT_VECTOR_ITERATOR(cbegin_vector, const T)
AIEKIT_VECTOR_ITERATOR(cbegin_restrict_vector, const T)
#undef AIEKIT_VECTOR_ITERATOR

}  // namespace aie
