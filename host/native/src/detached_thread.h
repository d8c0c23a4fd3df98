// Threads that nobody joins: one that hangs in the driver stays behind, and nothing waits for it.
#pragma once
#include <system_error>
#include <thread>
#include <utility>

#include "failure.h"

namespace aiekit {

/** @throws ThreadError where the system gives none; `body` was not begun then. */
template <class Body> void startDetached(Body body) {
  try {
    std::thread(std::move(body)).detach();
  } catch (const std::system_error &e) {
    throw ThreadError(e.code());
  }
}

} // namespace aiekit
