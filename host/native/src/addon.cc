#include <napi.h>
#include <xrt/experimental/xrt_version.h>

#include "bo.h"
#include "columns_in_use.h"
#include "context.h"
#include "device.h"
#include "elf_flow.h"
#include "instance.h"

namespace aiekit {
namespace {

std::string version(unsigned major, unsigned minor) { return std::to_string(major) + "." + std::to_string(minor); }

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto *instance = new Instance;
  env.SetInstanceData(instance);
  instance->calls = std::make_shared<JsCalls>(env);
  env.AddCleanupHook([calls = instance->calls] { calls->stop(); });
  const auto process = env.Global().Get("process").As<Napi::Object>();
  const auto onExit = Napi::Function::New(env, [](const Napi::CallbackInfo &info) { Instance::of(info.Env()).leave(); });
  // process.exit() comes without the end of the environment.
  process.Get("once").As<Napi::Function>().Call(process, {Napi::String::New(env, "exit"), onExit});
  instance->bo = Napi::Persistent(Bo::define(env));
  instance->context = Napi::Persistent(Context::define(env));
  instance->run = Napi::Persistent(Run::define(env));
  exports.Set("Device", Device::define(env));
  exports.Set("enumerate", Napi::Function::New(env, enumerateDevices));
  exports.Set("columnsInUse", Napi::Function::New(env, columnsInUse));
  const ElfFlows flows = elfFlows();
  exports.Set("hasModuleFlow", flows.module);
  exports.Set("hasFullElfFlow", flows.full);
  exports.Set("builtAgainst", version(XRT_MAJOR(XRT_VERSION_CODE), XRT_MINOR(XRT_VERSION_CODE)));
  exports.Set("runtimeVersion", version(xrt::version::major(), xrt::version::minor()));
  return exports;
}

} // namespace
} // namespace aiekit

static Napi::Object initAddon(Napi::Env env, Napi::Object exports) { return aiekit::init(env, exports); }
NODE_API_MODULE(aiekit_xrt, initAddon)
