// The control registers that say how results are rounded and saturated.
#pragma once

#include "machine.hpp"

namespace aie {

// Values are those of the control register. floor and none are the state after reset.
enum class rounding_mode : int32_t {
  floor = 0,
  ceil = 1,
  symmetric_floor = 2,
  symmetric_ceil = 3,
  negative_inf = 8,
  positive_inf = 9,
  symmetric_zero = 10,
  symmetric_inf = 11,
  conv_even = 12,
  conv_odd = 13,
};
enum class saturation_mode : int32_t { none = 0, saturate = 1, symmetric = 3 };

AIEKIT_INLINE rounding_mode get_rounding() { return static_cast<rounding_mode>(aiekit::rounding); }
AIEKIT_INLINE saturation_mode get_saturation() { return static_cast<saturation_mode>(aiekit::saturation); }
AIEKIT_INLINE void set_rounding(rounding_mode mode) { aiekit::rounding = static_cast<int32_t>(mode); }
AIEKIT_INLINE void set_saturation(saturation_mode mode) { aiekit::saturation = static_cast<int32_t>(mode); }
AIEKIT_INLINE rounding_mode swap_rounding(rounding_mode mode) {
  const rounding_mode before = get_rounding();
  set_rounding(mode);
  return before;
}
AIEKIT_INLINE saturation_mode swap_saturation(saturation_mode mode) {
  const saturation_mode before = get_saturation();
  set_saturation(mode);
  return before;
}

class tile {
 public:
  static tile current() { return {}; }
  void set_rounding(rounding_mode mode) const { aie::set_rounding(mode); }
  void set_saturation(saturation_mode mode) const { aie::set_saturation(mode); }
  rounding_mode get_rounding() const { return aie::get_rounding(); }
  saturation_mode get_saturation() const { return aie::get_saturation(); }
};

}  // namespace aie
