// The published aie_api interface for WebAssembly: the part that the kernels of this project use, and its neighbours.
// Header-only, freestanding (no C++ standard library), C++20. Exact where AIE2 is documented; what does not exist on the
// device does not compile here. Not here: complex types, block floating point, lookup tables, sliding multiplication.
#ifndef __AIE_API_AIE__HPP__
#define __AIE_API_AIE__HPP__

#include "detail/accum.hpp"
#include "detail/arithmetic.hpp"
#include "detail/bits.hpp"
#include "detail/machine.hpp"
#include "detail/memory.hpp"
#include "detail/mmul.hpp"
#include "detail/multiply.hpp"
#include "detail/reduce.hpp"
#include "detail/shape.hpp"
#include "detail/types.hpp"
#include "detail/vector.hpp"

#define restrict __restrict

// Scheduling hints of the other compiler: no effect on meaning.
#define chess_separator_scheduler(...)
#define chess_separator()
#define chess_protect_access
#define chess_copy(x) (x)
#define chess_manifest(x) (__builtin_constant_p(x))
#define chess_storage(...)
#define chess_prepare_for_pipelining
#define chess_loop_range(...)
#define chess_unroll_loop(...)
#define chess_flatten_loop
#define chess_require_loop_range(...)
#define __aie_dm_resource_a
#define __aie_dm_resource_b

#endif
