// The parts of a core that are no data: control registers, traps, events and the counters of the cost model.
//
// Control registers and counters are WebAssembly globals (address space 1): like registers of the core they survive from
// call to call, take no tile memory, and cannot be overwritten by a kernel that writes too far.
#pragma once

#include <stdint.h>

#ifndef __AIE_ARCH__
#error "aie_api: define __AIE_ARCH__ as 20 (AIE2) or 21 (AIE2P)"
#endif
static_assert(__AIE_ARCH__ == 20 || __AIE_ARCH__ == 21, "aie_api: expected __AIE_ARCH__ 20 (AIE2) or 21 (AIE2P)");

#define AIEKIT_INLINE __attribute__((always_inline)) inline

extern "C" {
[[noreturn, gnu::cold]] __attribute__((import_module("env"), import_name("aiekit_trap"))) void aiekit_trap(
    int32_t code, int32_t a, int32_t b);
__attribute__((import_module("env"), import_name("aiekit_event"))) void aiekit_event(int32_t n);
}

namespace aiekit {

enum class trap_code : int32_t { misaligned = 1, assertion = 2, out_of_range = 3 };

[[noreturn]] AIEKIT_INLINE void trap(trap_code code, int32_t a, int32_t b) {
  aiekit_trap(static_cast<int32_t>(code), a, b);
  __builtin_unreachable();
}

#define AIEKIT_REGISTER __attribute__((weak, address_space(1)))
AIEKIT_REGISTER uint32_t load_bytes = 0;
AIEKIT_REGISTER uint32_t store_bytes = 0;
AIEKIT_REGISTER uint32_t mac_cycles = 0;
AIEKIT_REGISTER uint32_t vector_cycles = 0;
AIEKIT_REGISTER uint32_t scalar_cycles = 0;
AIEKIT_REGISTER uint32_t shuffle_cycles = 0;
AIEKIT_REGISTER int32_t rounding = 0;
AIEKIT_REGISTER int32_t saturation = 0;
#undef AIEKIT_REGISTER

constexpr unsigned cycles_for(unsigned bits, unsigned bits_per_cycle) {
  return bits <= bits_per_cycle ? 1 : bits / bits_per_cycle;
}

#ifdef AIEKIT_NO_COUNTS
AIEKIT_INLINE void count_load(unsigned) {}
AIEKIT_INLINE void count_store(unsigned) {}
AIEKIT_INLINE void count_mac(unsigned) {}
AIEKIT_INLINE void count_vector(unsigned) {}
AIEKIT_INLINE void count_shuffle(unsigned) {}
#else
AIEKIT_INLINE void count_load(unsigned bytes) { load_bytes += bytes; }
AIEKIT_INLINE void count_store(unsigned bytes) { store_bytes += bytes; }
AIEKIT_INLINE void count_mac(unsigned cycles) { mac_cycles += cycles; }
// Adds, compares, shuffles and the like: one issue for 512 bits.
AIEKIT_INLINE void count_vector(unsigned bits) { vector_cycles += cycles_for(bits, 512); }
// What only moves elements to other lanes. It is among the vector issues, and is told apart besides.
AIEKIT_INLINE void count_shuffle(unsigned bits) {
  count_vector(bits);
  shuffle_cycles += cycles_for(bits, 512);
}
#endif

}  // namespace aiekit

// Scalar work that the cost model cannot see by itself: cycles that the kernel's author counted.
#define AIEKIT_SCALAR_CYCLES(n) (aiekit::scalar_cycles += (n))

// Count since it was last asked: 0 bytes of vector loads, 1 bytes of vector stores, 2 issue cycles of the multiplier,
// 3 other vector issue cycles, 4 scalar cycles declared by the kernel. Not optimised: the optimiser would choose between
// the addresses of the counters, and globals of WebAssembly have none.
extern "C" __attribute__((weak, used, noinline, optnone)) int32_t aiekit_ops(int32_t kind) {
  uint32_t count = 0;
  switch (kind) {
    case 0: count = aiekit::load_bytes; aiekit::load_bytes = 0; break;
    case 1: count = aiekit::store_bytes; aiekit::store_bytes = 0; break;
    case 2: count = aiekit::mac_cycles; aiekit::mac_cycles = 0; break;
    case 3: count = aiekit::vector_cycles; aiekit::vector_cycles = 0; break;
    case 4: count = aiekit::scalar_cycles; aiekit::scalar_cycles = 0; break;
    default: aiekit::trap(aiekit::trap_code::out_of_range, kind, 4);
  }
  return static_cast<int32_t>(count);
}

// How many of kind 3 were shuffles, since it was last asked.
extern "C" __attribute__((weak, used, noinline, optnone)) int32_t aiekit_shuffles() {
  const uint32_t count = aiekit::shuffle_cycles;
  aiekit::shuffle_cycles = 0;
  return static_cast<int32_t>(count);
}

// 1 when just this was counted since it was last asked, and all counters are 0 again; else 0, and they stay as they are.
extern "C" __attribute__((weak, used, noinline, optnone)) int32_t aiekit_counted(uint32_t load, uint32_t store,
                                                                                 uint32_t mac, uint32_t vector,
                                                                                 uint32_t scalar, uint32_t shuffle) {
  if (aiekit::load_bytes != load || aiekit::store_bytes != store || aiekit::mac_cycles != mac) return 0;
  if (aiekit::vector_cycles != vector || aiekit::scalar_cycles != scalar) return 0;
  if (aiekit::shuffle_cycles != shuffle) return 0;
  aiekit::load_bytes = aiekit::store_bytes = aiekit::mac_cycles = 0;
  aiekit::vector_cycles = aiekit::scalar_cycles = aiekit::shuffle_cycles = 0;
  return 1;
}

AIEKIT_INLINE void event0() { aiekit_event(0); }
AIEKIT_INLINE void event1() { aiekit_event(1); }
