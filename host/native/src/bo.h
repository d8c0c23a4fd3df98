// A buffer object of XRT, mapped into JS without a copy.
#pragma once
#include <memory>
#include <napi.h>
#include <xrt/xrt_bo.h>

#include "work_thread.h"

namespace aiekit {

/** What runs keep of a BO: it lives until the last of them has ended. Made by `boCore`. */
struct BoCore {
  xrt::bo bo;
  size_t size;
  /** Where the host sees it; null for a part. */
  void *host;
  /** The device's, which frees it. */
  std::shared_ptr<WorkThread> thread;
};

/** Never freed on the JS thread: the driver may let it wait. */
std::shared_ptr<BoCore> boCore(BoCore core);

/**
 * JS: `buffer` (ArrayBuffer over the BO's memory), `sync(toDevice, offset, size)` at once, `syncOnThread` of the same on the
 * device's thread, a promise, `part(offset, size)`, `close()`.
 * The memory lives as long as the ArrayBuffer is reachable and not detached, or the BO is open, or a run uses it.
 */
class Bo : public Napi::ObjectWrap<Bo> {
public:
  static Napi::Function define(Napi::Env env);
  /** Not for JS: `Device.allocBo` and `part` make them. */
  explicit Bo(const Napi::CallbackInfo &info);
  ~Bo() override;

  static Napi::Object make(Napi::Env env, std::shared_ptr<BoCore> core);
  /** @throws a JS error when the value is no open BO. */
  static std::shared_ptr<BoCore> coreOf(Napi::Value value);

private:
  struct Mapping {
    std::shared_ptr<BoCore> core;
  };
  Napi::Value buffer(const Napi::CallbackInfo &info);
  void sync(const Napi::CallbackInfo &info);
  Napi::Value syncOnThread(const Napi::CallbackInfo &info);
  Napi::Value part(const Napi::CallbackInfo &info);
  void close(const Napi::CallbackInfo &info);
  std::shared_ptr<BoCore> open(Napi::Env env) const;

  std::shared_ptr<BoCore> core;
  std::shared_ptr<Mapping> mapping;
  Napi::Reference<Napi::ArrayBuffer> array;
};

} // namespace aiekit
