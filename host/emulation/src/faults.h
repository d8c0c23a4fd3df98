// Faults that a test wants: a table in a file that the test writes and every emulated driver maps.
#pragma once
#include <cstdint>

namespace npu {

/** Places beside the ioctls (whose numbers are their own) at which a fault can be asked for. */
enum : unsigned { placeOpen = 0xf0, placeLockedMap = 0xf1, placeExecution = 0xf2, placeThread = 0xf3 };

enum class FaultKind : uint32_t { none = 0, fail = 1, hang = 2, interrupt = 3 };

/**
 * Takes what is asked for at a place. `fail` and `interrupt` set errno and give -1; `hang` returns after the test has
 * cleared the entry, with 0. 0 where nothing is asked for: go on as usual.
 */
int takeFault(unsigned place);

/** What is due at `placeExecution`, as a command's fate: `fail` with a state, `hang` for one that never ends. */
struct Fate {
  FaultKind kind;
  unsigned state;
};
Fate takeFate();

} // namespace npu
