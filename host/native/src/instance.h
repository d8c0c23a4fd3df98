// What the addon keeps for one JS environment. Nothing is static: each worker thread has an environment of its own.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <napi.h>

#include "work_thread.h"

namespace aiekit {

struct Instance {
  /** The addon's objects were finalised before. */
  ~Instance() { leave(); }

  /**
   * Lets threads finish what they do. Where the process ends next, XRT's libraries are destroyed, and a thread within them
   * crashes; one that hangs in the driver does no harm.
   */
  void leave() { calls->workload.await(std::chrono::milliseconds(500)); }

  Napi::FunctionReference bo;
  Napi::FunctionReference context;
  Napi::FunctionReference run;
  std::shared_ptr<JsCalls> calls;
  /** Who hears of the ends of a context's jobs. Here, so that no other thread ever frees one. */
  std::map<uint32_t, Napi::FunctionReference> onEnd;
  uint32_t nextContext = 1;
  static Instance &of(Napi::Env env) { return *env.GetInstanceData<Instance>(); }
};

} // namespace aiekit
