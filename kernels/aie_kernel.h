// Hints for the device's compilers and declarations for the simulator's cost model; none changes what a kernel computes.
//
// AIE_LOOP_MIN_ITERATION_COUNT and AIE_LOOP_RANGE are promises: a loop that runs fewer times than promised reads and
// writes beyond its data on the device, and only there. Use them with constants.
#pragma once

#define AIE_INLINE __attribute__((always_inline)) inline

#if defined(__chess__)
#define AIE_LOOP_MIN_ITERATION_COUNT(n) [[chess::min_loop_count(n)]]
#define AIE_LOOP_MAX_ITERATION_COUNT(n) [[chess::max_loop_count(n)]]
#define AIE_LOOP_RANGE(least, most) [[chess::min_loop_count(least)]] [[chess::max_loop_count(most)]]
#define AIE_LOOP_UNROLL(n) [[chess::unroll_loop(n)]]
#define AIE_LOOP_UNROLL_FULL [[chess::unroll_loop()]]
#define AIE_LOOP_NO_UNROLL [[chess::no_unroll]]
#define AIE_LOOP_FLATTEN [[chess::flatten_loop]]
#define AIE_PREPARE_FOR_PIPELINING [[chess::prepare_for_pipelining]]
#elif defined(__AIECC__)
#define AIE_PRAGMA(text) _Pragma(#text)
#define AIE_LOOP_MIN_ITERATION_COUNT(n) AIE_PRAGMA(clang loop min_iteration_count(n))
#define AIE_LOOP_MAX_ITERATION_COUNT(n) AIE_PRAGMA(clang loop max_iteration_count(n))
#define AIE_LOOP_RANGE(least, most) AIE_LOOP_MIN_ITERATION_COUNT(least) AIE_LOOP_MAX_ITERATION_COUNT(most)
#define AIE_LOOP_UNROLL(n) AIE_PRAGMA(clang loop unroll_count(n))
#define AIE_LOOP_UNROLL_FULL AIE_PRAGMA(clang loop unroll(full))
#define AIE_LOOP_NO_UNROLL AIE_PRAGMA(clang loop unroll(disable))
#define AIE_LOOP_FLATTEN AIE_LOOP_UNROLL_FULL
#define AIE_PREPARE_FOR_PIPELINING
#else
#define AIE_LOOP_MIN_ITERATION_COUNT(n)
#define AIE_LOOP_MAX_ITERATION_COUNT(n)
#define AIE_LOOP_RANGE(least, most)
#define AIE_LOOP_UNROLL(n)
#define AIE_LOOP_UNROLL_FULL
#define AIE_LOOP_NO_UNROLL
#define AIE_LOOP_FLATTEN
#define AIE_PREPARE_FOR_PIPELINING
#endif

// The rounding mode that a kernel sets at its entries, as in aie::set_rounding(aie::rounding_mode::AIEKIT_ROUNDING). Builds of
// `aiekit rounding` define another one, to show what it does to the kernel's error.
#ifndef AIEKIT_ROUNDING
#define AIEKIT_ROUNDING conv_even
#endif

// Cycles of scalar code that the cost model cannot see by itself. The simulator's aie_api defines it.
#ifndef AIEKIT_SCALAR_CYCLES
#define AIEKIT_SCALAR_CYCLES(n)
#endif
