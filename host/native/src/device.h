// An NPU of JS: opening it, xclbins, contexts, buffer objects.
#pragma once
#include <map>
#include <memory>
#include <napi.h>
#include <xrt/experimental/xrt_xclbin.h>
#include <xrt/xrt_device.h>

#include "work_thread.h"

namespace aiekit {

struct DeviceCore {
  xrt::device device;
  /** By uuid. Used on the device's thread only. */
  std::map<std::string, xrt::xclbin> xclbins;
};

/**
 * JS: `open(index)`, `register(bytes)`, `createContext(uuid, kernelNames)` and `createElfContext(elf, kernels)` give
 * promises, `allocBo(size, cacheable, group)` and `close()` tasks. All is done on a thread of the device, which also frees
 * what the garbage collector or `close` let go.
 */
class Device : public Napi::ObjectWrap<Device> {
public:
  static Napi::Function define(Napi::Env env);
  explicit Device(const Napi::CallbackInfo &info);

private:
  Napi::Value open(const Napi::CallbackInfo &info);
  Napi::Value registerXclbin(const Napi::CallbackInfo &info);
  Napi::Value createContext(const Napi::CallbackInfo &info);
  Napi::Value createElfContext(const Napi::CallbackInfo &info);
  Napi::Value allocBo(const Napi::CallbackInfo &info);
  Napi::Value close(const Napi::CallbackInfo &info);
  void checkOpen(Napi::Env env) const;

  std::shared_ptr<WorkThread> thread;
  /** Null once it is closed. */
  std::shared_ptr<DeviceCore> core;
};

/** `enumerate()` of JS: [{ name, bdf, platform, host } | { error }]; the last two are JSON texts of XRT. */
Napi::Value enumerateDevices(const Napi::CallbackInfo &info);

} // namespace aiekit
