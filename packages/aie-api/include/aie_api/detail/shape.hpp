// Operations that move lanes. Counts and steps may be known at compile time or not; known ones are shuffles of registers.
#pragma once

#include "arithmetic.hpp"

namespace aie {
namespace detail {

template <unsigned Step, typename Lanes, unsigned... I>
AIEKIT_INLINE Lanes zip_low(Lanes v, Lanes w, indices<I...>) {
  constexpr unsigned n = sizeof...(I);
  return __builtin_shufflevector(v, w, (I / (2 * Step) * Step + I % Step + (I / Step % 2) * n)...);
}
template <unsigned Step, typename Lanes, unsigned... I>
AIEKIT_INLINE Lanes zip_high(Lanes v, Lanes w, indices<I...>) {
  constexpr unsigned n = sizeof...(I);
  return __builtin_shufflevector(v, w, (n / 2 + I / (2 * Step) * Step + I % Step + (I / Step % 2) * n)...);
}
// Every second chunk of Step lanes of concat(v, w), beginning with chunk First.
template <unsigned Step, unsigned First, typename Lanes, unsigned... I>
AIEKIT_INLINE Lanes unzip(Lanes v, Lanes w, indices<I...>) {
  return __builtin_shufflevector(v, w, ((I / Step * 2 + First) * Step + I % Step)...);
}
template <typename Lanes, unsigned... I>
AIEKIT_INLINE Lanes reversed(Lanes v, indices<I...>) {
  return __builtin_shufflevector(v, v, (sizeof...(I) - 1 - I)...);
}

template <typename Lanes, unsigned... I>
AIEKIT_INLINE Lanes dealt(Lanes v, indices<I...>) {
  return __builtin_shufflevector(v, v, (I / 2 + I % 2 * (sizeof...(I) / 2))...);
}

// Row-major rows x columns to columns x rows. Dealing the low half of the lanes out between the high half moves the highest
// bit of a lane's number to the end; the bits of the row are moved one after the other.
template <unsigned Rows, typename T, unsigned N>
AIEKIT_INLINE lanes<T, N> transposed(lanes<T, N> v) {
  if constexpr (Rows == 1) {
    return v;
  } else if constexpr (N == register_lanes<T>) {
    return transposed<Rows / 2, T, N>(dealt(v, make_indices<N>{}));
  } else {
    const registers<T, N> from(v);
    registers<T, N> to;
    AIEKIT_UNROLL for (unsigned i = 0; i < from.count / 2; ++i) {
      using all = make_indices<register_lanes<T>>;
      to.at[2 * i] = zip_low<1>(from.at[i], from.at[from.count / 2 + i], all{});
      to.at[2 * i + 1] = zip_high<1>(from.at[i], from.at[from.count / 2 + i], all{});
    }
    return transposed<Rows / 2, T, N>(to.joined());
  }
}
template <unsigned Rows, typename T, unsigned N>
AIEKIT_INLINE lanes<T, N> transposed_by(lanes<T, N> v, unsigned rows) {
  if constexpr (Rows < N) {
    if (rows != Rows) return transposed_by<Rows * 2, T, N>(v, rows);
  }
  return transposed<Rows, T, N>(v);
}

template <typename V>
struct pair_of {
  V first;
  V second;
};

[[noreturn]] AIEKIT_INLINE void bad_step(unsigned step, unsigned most) {
  aiekit::trap(aiekit::trap_code::out_of_range, static_cast<int32_t>(step), static_cast<int32_t>(most));
}

template <unsigned Step, typename T, unsigned N>
AIEKIT_INLINE pair_of<vector<T, N>> interleave_zip_by(const vector<T, N>& v, const vector<T, N>& w, unsigned step) {
  if constexpr (Step > N / 2) {
    bad_step(step, N / 2);
  } else {
    if (step != Step) return interleave_zip_by<Step * 2>(v, w, step);
    using all = make_indices<N>;
    return {zip_low<Step>(v.to_native(), w.to_native(), all{}), zip_high<Step>(v.to_native(), w.to_native(), all{})};
  }
}
template <unsigned Step, typename T, unsigned N>
AIEKIT_INLINE pair_of<vector<T, N>> interleave_unzip_by(const vector<T, N>& v, const vector<T, N>& w, unsigned step) {
  if constexpr (Step > N / 2) {
    bad_step(step, N / 2);
  } else {
    if (step != Step) return interleave_unzip_by<Step * 2>(v, w, step);
    using all = make_indices<N>;
    return {unzip<Step, 0>(v.to_native(), w.to_native(), all{}), unzip<Step, 1>(v.to_native(), w.to_native(), all{})};
  }
}

// Lanes [from, from + N) of concat(low, high), with `from` in 0..N.
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N> window(const vector<T, N>& low, const vector<T, N>& high, unsigned from) {
  if (from > N) bad_step(from, N);
  aiekit::count_shuffle(low.bits());
  held_t<T> both[2 * N];
  __builtin_memcpy(both, &low, sizeof low);
  __builtin_memcpy(both + N, &high, sizeof high);
  typename vector<T, N>::native_type out;
  __builtin_memcpy(&out, both + from, sizeof out);
  return out;
}

}  // namespace detail

// The stream v0 w0 v1 w1 ... in chunks of `step` lanes (a power of two, at most half the lanes); `first` is its low half.
template <typename T, unsigned N>
AIEKIT_INLINE detail::pair_of<vector<T, N>> interleave_zip(const vector<T, N>& v, const vector<T, N>& w, unsigned step) {
  aiekit::count_shuffle(2 * v.bits());
  return detail::interleave_zip_by<1>(v, w, step);
}
// `first`: even chunks of concat(v, w); `second`: odd ones.
template <typename T, unsigned N>
AIEKIT_INLINE detail::pair_of<vector<T, N>> interleave_unzip(const vector<T, N>& v, const vector<T, N>& w, unsigned step) {
  aiekit::count_shuffle(2 * v.bits());
  return detail::interleave_unzip_by<1>(v, w, step);
}

// Chunks 0, 2, 4 ... of `step` lanes, and 1, 3, 5 ...
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N / 2> filter_even(const vector<T, N>& v, unsigned step = 1) {
  aiekit::count_shuffle(v.bits());
  return detail::interleave_unzip_by<1>(v, v, step).first.template extract<N / 2>(0);
}
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N / 2> filter_odd(const vector<T, N>& v, unsigned step = 1) {
  aiekit::count_shuffle(v.bits());
  return detail::interleave_unzip_by<1>(v, v, step).second.template extract<N / 2>(0);
}

template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N> reverse(const vector<T, N>& v) {
  aiekit::count_shuffle(v.bits());
  return detail::reversed(v.to_native(), detail::make_indices<N>{});
}

// Towards higher lanes: out[i + n] = v[i]. The low n lanes are undefined, f's top n, v's top n, or v[0].
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N> shuffle_up_fill(const vector<T, N>& v, const vector<T, N>& f, unsigned n) {
  return detail::window(f, v, N - n);
}
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N> shuffle_up(const vector<T, N>& v, unsigned n) {
  return shuffle_up_fill(v, vector<T, N>(), n);
}
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N> shuffle_up_rotate(const vector<T, N>& v, unsigned n) {
  return shuffle_up_fill(v, v, n);
}
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N> shuffle_up_replicate(const vector<T, N>& v, unsigned n) {
  return shuffle_up_fill(v, broadcast<T, N>(v.get(0)), n);
}

// Towards lower lanes: out[i] = v[i + n]. The high n lanes are undefined, f's low n, v's low n, or v's last.
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N> shuffle_down_fill(const vector<T, N>& v, const vector<T, N>& f, unsigned n) {
  return detail::window(v, f, n);
}
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N> shuffle_down(const vector<T, N>& v, unsigned n) {
  return shuffle_down_fill(v, vector<T, N>(), n);
}
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N> shuffle_down_rotate(const vector<T, N>& v, unsigned n) {
  return shuffle_down_fill(v, v, n);
}
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N> shuffle_down_replicate(const vector<T, N>& v, unsigned n) {
  return shuffle_down_fill(v, broadcast<T, N>(v.get(N - 1)), n);
}

// v is row-major rows x columns; the result is row-major columns x rows.
template <typename T, unsigned N>
AIEKIT_INLINE vector<T, N> transpose(const vector<T, N>& v, unsigned rows, unsigned columns) {
  if (rows * columns != N) detail::bad_step(rows * columns, N);
  aiekit::count_shuffle(v.bits());
  return detail::transposed_by<1, detail::held_t<T>, N>(v.to_native(), rows);
}

// The first argument in the low lanes.
template <typename T, unsigned N, typename... More>
AIEKIT_INLINE auto concat(const vector<T, N>& first, const vector<T, N>& second, const More&... more) {
  static_assert(sizeof...(More) == 0 || sizeof...(More) == 2, "aie::concat: expected 2 or 4 vectors");
  if constexpr (sizeof...(More) == 0) {
    vector<T, 2 * N> out;
    return out.insert(0, first).insert(1, second);
  } else {
    return concat(concat(first, second), concat(more...));
  }
}
template <typename Tag, unsigned N>
AIEKIT_INLINE accum<Tag, 2 * N> concat(const accum<Tag, N>& first, const accum<Tag, N>& second) {
  accum<Tag, 2 * N> out;
  return out.insert(0, first).insert(1, second);
}

}  // namespace aie
