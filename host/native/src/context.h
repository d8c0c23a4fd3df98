// A hardware context of JS, and its runs.
#pragma once
#include <memory>
#include <napi.h>

#include "context_thread.h"
#include "work_thread.h"

namespace aiekit {

/** JS: `setArgs(args)`, `release()`. A run with its arguments set, for `Context.start`. */
class Run : public Napi::ObjectWrap<Run> {
public:
  static Napi::Function define(Napi::Env env);
  explicit Run(const Napi::CallbackInfo &info);
  void setArgs(const Napi::CallbackInfo &info);
  void release(const Napi::CallbackInfo &info);
  std::shared_ptr<RunCore> core;
};

/**
 * JS: `kernels` (what the xclbin declares), `moduleKernel(name, elf)`, `createRun(kernel, args)`, `start(id, run | runs)`,
 * `cancel(id)`, `close()`.
 * `onEnd(id, state, index, wallMs, error?)` hears of the end of every job that was started and not cancelled.
 */
class Context : public Napi::ObjectWrap<Context> {
public:
  static Napi::Function define(Napi::Env env);
  explicit Context(const Napi::CallbackInfo &info);
  void Finalize(Napi::Env env) override;

  static Napi::Object make(Napi::Env env, std::shared_ptr<ContextCore> core);

private:
  Napi::Value addModuleKernel(const Napi::CallbackInfo &info);
  Napi::Value createRun(const Napi::CallbackInfo &info);
  void start(const Napi::CallbackInfo &info);
  Napi::Value cancel(const Napi::CallbackInfo &info);
  Napi::Value close(const Napi::CallbackInfo &info);
  void setOnEnd(const Napi::CallbackInfo &info);
  Napi::Value kernelsOf(Napi::Env env) const;
  std::shared_ptr<ContextCore> open(Napi::Env env) const;

  std::shared_ptr<ContextCore> core;
  /** Reset at close: a run keeps its context alive, and the driver has few. */
  std::vector<std::weak_ptr<RunCore>> runs;
  std::unique_ptr<ContextThread> thread;
  uint32_t id = 0;
};

} // namespace aiekit
