// The k largest of a row of numbers with their indices, NaN above infinity, the lower index first among equals. The row is
// spread over tiles: each scans its part, object by object, and tiles merge their lists one after the other.
//
// topk_scan_f32, topk_scan_bf16   x[elements] into a list (best_list.h) of k entries; `chunk` 0 begins a new list.
//   x         float or bfloat16[elements], 32-byte aligned; element i has index first + chunk elements + i, and counts when
//             that is below length. elements a multiple of 128.
// topk_copy, topk_merge           a list, or the best of two lists, into another.
// topk_finish                     values (float) and indices out of a list; k up to a multiple of 8 of each.
// Tile bytes  none besides the arguments: a list is 12 B an entry.
// Rounding    nothing is rounded; the values that come out are those that came in, -0 and NaN included.
// Error       none.
// Cycles      modelled, 64 floats or 128 bfloat16: 20 vector and 8 scalar (one branch a block). A block with a candidate is
//             looked at again, vector by vector, and a vector with one number by number, 4 scalar cycles each. About
//             k ln(n / k) of a tile's n numbers in any order are candidates, all of them where numbers rise. A merge: 20
//             cycles an entry. Not measured on a device.
// Meaning     topk_ref.h, bit for bit.
#include <aie_api/aie.hpp>

#include "topk/best_list.h"

namespace {

constexpr int32_t kVectorsOfBlock = 4;

// Keys of a vector, up to the difference between NaNs. T: int32 for bits of float, int16 for bits of bfloat16.
template <typename T, unsigned N>
[[gnu::always_inline]] inline aie::vector<T, N> keys_of(const aie::vector<T, N> &bits) {
  constexpr T kSign = static_cast<T>(1u << (8 * sizeof(T) - 1));
  constexpr T kNegativeInfinity = static_cast<T>(0xff800000 >> (32 - 8 * sizeof(T)));
  const auto magnitude = aie::bit_and(bits, static_cast<T>(~kSign));
  return aie::select(magnitude, aie::sub(kSign, bits), aie::le(bits, kNegativeInfinity));
}

// Bits of element i as a float.
inline int32_t float_bits(const int32_t *x, int32_t i) { return x[i]; }
inline int32_t float_bits(const int16_t *x, int32_t i) { return x[i] * 65536; }

// The key of a vector's lanes that is the greatest below or at a key of a float.
template <typename T>
T lane_key(int32_t key) {
  return static_cast<T>(key >> (32 - 8 * sizeof(T)));
}

// One vector that has a candidate, number by number: x[0] has index `first`, numbers from `length` on do not count.
template <int32_t kLanes, typename T>
void take_lanes(const T *__restrict x, topk::BestList &best, int32_t first, int32_t length) {
  for (int32_t lane = 0; lane < kLanes && first + lane < length; ++lane) {
    const int32_t bits = float_bits(x, lane);
    const int32_t key = topk::key_of(bits);
    if (key > best.threshold()) best.insert({key, bits, first + lane});
  }
  AIEKIT_SCALAR_CYCLES(4 * kLanes);
}

template <typename T>
void scan(const T *__restrict x, int32_t *__restrict list, int32_t elements, int32_t first, int32_t chunk, int32_t length, int32_t k) {
  constexpr int32_t kLanes = 64 / sizeof(T);
  constexpr int32_t kBlock = kVectorsOfBlock * kLanes;
  topk::BestList best(list, k);
  if (chunk == 0) best.clear();
  const int32_t base = first + chunk * elements;
  for (int32_t start = 0; start < elements; start += kBlock) {
    auto most = keys_of(aie::load_v<kLanes>(x + start));
    for (int32_t v = 1; v < kVectorsOfBlock; ++v) most = aie::max(most, keys_of(aie::load_v<kLanes>(x + start + v * kLanes)));
    AIEKIT_SCALAR_CYCLES(8);
    if (aie::gt(most, lane_key<T>(best.threshold())).empty()) continue;
    for (int32_t i = start; i < start + kBlock; i += kLanes) {
      AIEKIT_SCALAR_CYCLES(4);
      if (aie::gt(keys_of(aie::load_v<kLanes>(x + i)), lane_key<T>(best.threshold())).empty()) continue;
      take_lanes<kLanes>(x + i, best, base + i, length);
    }
  }
}

}  // namespace

extern "C" void topk_scan_f32(const float *__restrict x, int32_t *__restrict list, int32_t elements, int32_t first, int32_t chunk,
                              int32_t length, int32_t k) {
  event0();
  scan(reinterpret_cast<const int32_t *>(x), list, elements, first, chunk, length, k);
  event1();
}

extern "C" void topk_scan_bf16(const bfloat16 *__restrict x, int32_t *__restrict list, int32_t elements, int32_t first, int32_t chunk,
                               int32_t length, int32_t k) {
  event0();
  scan(reinterpret_cast<const int16_t *>(x), list, elements, first, chunk, length, k);
  event1();
}

extern "C" void topk_copy(const int32_t *__restrict list, int32_t *__restrict out, int32_t k) {
  topk::BestList from(const_cast<int32_t *>(list), k), to(out, k);
  for (int32_t i = 0; i < k; ++i) to.put(i, from.at(i));
  AIEKIT_SCALAR_CYCLES(8 * k);
}

extern "C" void topk_merge(const int32_t *__restrict a, const int32_t *__restrict b, int32_t *__restrict out, int32_t k) {
  topk::BestList to(out, k);
  topk::merge(topk::BestList(const_cast<int32_t *>(a), k), topk::BestList(const_cast<int32_t *>(b), k), to, k);
}

extern "C" void topk_finish(const int32_t *__restrict list, float *__restrict values, int32_t *__restrict indices, int32_t k) {
  const topk::BestList best(const_cast<int32_t *>(list), k);
  const int32_t pitch = (k + 7) / 8 * 8;
  for (int32_t i = 0; i < pitch; ++i) {
    const topk::Entry entry = i < k ? best.at(i) : topk::Entry{0, 0, -1};
    values[i] = __builtin_bit_cast(float, entry.bits);
    indices[i] = entry.index;
  }
  AIEKIT_SCALAR_CYCLES(8 * pitch);
}
