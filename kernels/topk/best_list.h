// The k largest numbers so far, in order: key, bits and index of each.
//
//   words of a list: [0, k) keys, [pitch, pitch + k) bits as float, [2 pitch, 2 pitch + k) indices; pitch is k up to a
//   multiple of 8, so that each third is whole vectors.
//
// Keys are integers that order like the numbers: -infinity ... -0 = 0 ... infinity < NaN, all NaN alike. Of equal keys the
// lower index comes first. Places that nothing has taken yet have kNothing and index -1.
//
// Part of     topk.cc: the cycles are among its own, modelled.
#pragma once

#include <stdint.h>

#include "aie_kernel.h"

namespace topk {

constexpr int32_t kNothing = INT32_MIN;
constexpr int32_t kNanKey = 0x7f800001;

// Key of a float by its bits.
inline int32_t key_of(int32_t bits) {
  if (bits <= static_cast<int32_t>(0xff800000)) return static_cast<int32_t>(0x80000000u - static_cast<uint32_t>(bits));
  const int32_t magnitude = bits & 0x7fffffff;
  return magnitude < kNanKey ? magnitude : kNanKey;
}

struct Entry {
  int32_t key;
  int32_t bits;
  int32_t index;
};

class BestList {
 public:
  BestList(int32_t *words, int32_t k) : words_(words), k_(k), pitch_((k + 7) / 8 * 8) {}

  void clear() {
    for (int32_t i = 0; i < k_; ++i) put(i, {kNothing, 0, -1});
    AIEKIT_SCALAR_CYCLES(6 * k_);
  }

  Entry at(int32_t i) const { return {words_[i], words_[pitch_ + i], words_[2 * pitch_ + i]}; }
  void put(int32_t i, Entry entry) {
    words_[i] = entry.key;
    words_[pitch_ + i] = entry.bits;
    words_[2 * pitch_ + i] = entry.index;
  }

  // What an entry must exceed to come in, as long as entries come with rising indices.
  int32_t threshold() const { return words_[k_ - 1]; }

  // `entry` has a key above the threshold and an index above all that are in the list.
  void insert(Entry entry) {
    int32_t i = k_ - 1;
    for (; i > 0 && words_[i - 1] < entry.key; --i) {
      put(i, at(i - 1));
      AIEKIT_SCALAR_CYCLES(12);
    }
    put(i, entry);
    AIEKIT_SCALAR_CYCLES(12);
  }

 private:
  int32_t *words_;
  int32_t k_;
  int32_t pitch_;
};

// The k first of two lists together. `out` may be neither of them.
inline void merge(const BestList &a, const BestList &b, BestList &out, int32_t k) {
  int32_t from_a = 0, from_b = 0;
  for (int32_t i = 0; i < k; ++i) {
    const Entry x = a.at(from_a), y = b.at(from_b);
    const bool takes_a = x.key > y.key || (x.key == y.key && static_cast<uint32_t>(x.index) <= static_cast<uint32_t>(y.index));
    out.put(i, takes_a ? x : y);
    takes_a ? ++from_a : ++from_b;
  }
  AIEKIT_SCALAR_CYCLES(20 * k);
}

}  // namespace topk
