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
  /** Objects of the addon were finalised before: where the process ends next, XRT's own destructors must not meet theirs. */
  ~Instance() { calls->destructions.await(std::chrono::seconds(1)); }

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
