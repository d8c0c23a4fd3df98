// aie_api for a front end that is not WebAssembly's: the simulator's headers without the macros that are its own. For
// checks of the kernels' syntax only (scripts/compile-kernels-strict.mjs); nothing that is compiled with it can run.
#pragma once

#include <stdint.h>

// The few instructions that the headers name. Declared, never defined.
namespace aiekit_strict {
typedef int8_t bytes __attribute__((vector_size(16)));
typedef int16_t halves __attribute__((vector_size(16)));
typedef int32_t words __attribute__((vector_size(16)));
typedef float floats __attribute__((vector_size(16)));
halves to_halves(words low, words high);
bytes to_bytes(halves low, halves high);
words dot(halves a, halves b);
words truncate(floats value);
}  // namespace aiekit_strict

#define __builtin_wasm_narrow_s_i16x8_i32x4(a, b) aiekit_strict::to_halves(a, b)
#define __builtin_wasm_narrow_u_i16x8_i32x4(a, b) aiekit_strict::to_halves(a, b)
#define __builtin_wasm_narrow_s_i8x16_i16x8(a, b) aiekit_strict::to_bytes(a, b)
#define __builtin_wasm_narrow_u_i8x16_i16x8(a, b) aiekit_strict::to_bytes(a, b)
#define __builtin_wasm_dot_s_i32x4_i16x8(a, b) aiekit_strict::dot(a, b)
#define __builtin_wasm_trunc_saturate_s_i32x4_f32x4(a) aiekit_strict::truncate(a)

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include_next <aie_api/aie.hpp>
#pragma clang diagnostic pop

#undef __builtin_wasm_narrow_s_i16x8_i32x4
#undef __builtin_wasm_narrow_u_i16x8_i32x4
#undef __builtin_wasm_narrow_s_i8x16_i16x8
#undef __builtin_wasm_narrow_u_i8x16_i16x8
#undef __builtin_wasm_dot_s_i32x4_i16x8
#undef __builtin_wasm_trunc_saturate_s_i32x4_f32x4

// Peano's aie_api defines none of these; aie_kernel.h gives the last one a meaning.
#undef restrict
#undef AIEKIT_INLINE
#undef AIEKIT_UNROLL
#undef AIEKIT_SCALAR_CYCLES
