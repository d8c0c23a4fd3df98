#include "device.h"

#include <utility>
#include <variant>
#include <vector>
#include <xrt/experimental/xrt_system.h>
#include <xrt/xrt_bo.h>

#include "bo.h"
#include "context.h"
#include "failure.h"
#include "elf_flow.h"
#include "instance.h"

namespace aiekit {
namespace {

struct Identity {
  std::string name;
  std::string address;
};

Identity identityOf(const xrt::device &device) {
  return {device.get_info<xrt::info::device::name>(), device.get_info<xrt::info::device::bdf>()};
}

/** XRT's reports as the JSON texts that it gives; empty where it has none. */
struct Reports {
  std::string platform, host;
};

template <xrt::info::device Report> std::string reportOf(const xrt::device &device) {
  try {
    return device.get_info<Report>();
  } catch (...) {
    // A driver older than XRT does not answer all of its questions.
    return "";
  }
}

Napi::Object toJs(Napi::Env env, const Identity &identity) {
  const Napi::Object object = Napi::Object::New(env);
  object.Set("name", identity.name);
  object.Set("bdf", identity.address);
  return object;
}

} // namespace

Napi::Function Device::define(Napi::Env env) {
  return DefineClass(env, "Device",
                     {InstanceMethod<&Device::open>("open"), InstanceMethod<&Device::registerXclbin>("register"),
                      InstanceMethod<&Device::createContext>("createContext"),
                      InstanceMethod<&Device::createElfContext>("createElfContext"),
                      InstanceMethod<&Device::allocBo>("allocBo"), InstanceMethod<&Device::close>("close")});
}

Device::Device(const Napi::CallbackInfo &info)
    : ObjectWrap(info),
      thread(guarded(info.Env(), [&] { return std::make_shared<WorkThread>(Instance::of(info.Env()).calls); })),
      core(destroyedOn(thread, std::make_unique<DeviceCore>())) {}

void Device::checkOpen(Napi::Env env) const {
  if (core == nullptr) throw Failure{"CLOSED", "the device is closed", 0, 0}.toJs(env);
}

Napi::Value Device::open(const Napi::CallbackInfo &info) {
  checkOpen(info.Env());
  const uint32_t index = info[0].As<Napi::Number>().Uint32Value();
  return thread->promise(info.Env(), [core = core, index] {
    core->device = uninterrupted([&] { return xrt::device(index); });
    return [identity = identityOf(core->device)](Napi::Env env) -> Napi::Value { return toJs(env, identity); };
  });
}

Napi::Value Device::registerXclbin(const Napi::CallbackInfo &info) {
  checkOpen(info.Env());
  const auto given = info[0].As<Napi::Uint8Array>();
  std::vector<char> bytes(given.Data(), given.Data() + given.ByteLength());
  return thread->promise(info.Env(), [core = core, bytes = std::move(bytes)] {
    const xrt::xclbin xclbin{bytes};
    const std::string uuid = core->device.register_xclbin(xclbin).to_string();
    core->xclbins[uuid] = xclbin;
    return [uuid](Napi::Env env) -> Napi::Value { return Napi::String::New(env, uuid); };
  });
}

Napi::Value Device::createContext(const Napi::CallbackInfo &info) {
  checkOpen(info.Env());
  const std::string uuid = info[0].As<Napi::String>();
  std::vector<std::string> names;
  const Napi::Array given = info[1].As<Napi::Array>();
  for (uint32_t i = 0; i < given.Length(); i++) names.push_back(given.Get(i).As<Napi::String>());
  return thread->promise(info.Env(), [core = core, thread = thread, uuid, names] {
    const auto made = destroyedOn(thread, std::make_unique<ContextCore>());
    made->thread = thread;
    made->device = core->device;
    const xrt::uuid id = core->xclbins.at(uuid).get_uuid();
    made->context = uninterrupted([&] { return xrt::hw_context(core->device, id); });
    for (const std::string &name : names) made->kernels.emplace_back(made->context, name);
    return [made](Napi::Env env) -> Napi::Value { return Context::make(env, made); };
  });
}

Napi::Value Device::createElfContext(const Napi::CallbackInfo &info) {
  checkOpen(info.Env());
  const auto given = info[0].As<Napi::Uint8Array>();
  const std::string elf(reinterpret_cast<const char *>(given.Data()), given.ByteLength());
  std::vector<std::pair<std::string, size_t>> names;
  const Napi::Array kernels = info[1].As<Napi::Array>();
  for (uint32_t i = 0; i < kernels.Length(); i++) {
    const Napi::Object kernel = kernels.Get(i).As<Napi::Object>();
    names.emplace_back(kernel.Get("name").As<Napi::String>(), kernel.Get("argCount").As<Napi::Number>().Uint32Value());
  }
  return thread->promise(info.Env(), [core = core, thread = thread, elf, names] {
    const auto made = destroyedOn(thread, std::make_unique<ContextCore>());
    made->thread = thread;
    made->device = core->device;
    made->context = uninterrupted([&] { return fullElfContext(core->device, elf); });
    for (const auto &[name, argCount] : names) {
      made->kernels.push_back(fullElfKernel(made->context, name));
      made->argCounts.push_back(argCount);
    }
    return [made](Napi::Env env) -> Napi::Value { return Context::make(env, made); };
  });
}

Napi::Value Device::allocBo(const Napi::CallbackInfo &info) {
  checkOpen(info.Env());
  const auto size = static_cast<size_t>(info[0].As<Napi::Number>().Int64Value());
  const auto flags = info[1].ToBoolean() ? xrt::bo::flags::cacheable : xrt::bo::flags::host_only;
  const auto group = static_cast<xrt::memory_group>(info[2].As<Napi::Number>().Uint32Value());
  return thread->task(info.Env(), [core = core, thread = thread, size, flags, group] {
    xrt::bo bo = uninterrupted([&] { return xrt::bo(core->device, size, flags, group); });
    void *host = bo.map<void *>();
    const auto made = boCore({std::move(bo), size, host, thread});
    return [made](Napi::Env env) -> Napi::Value { return Bo::make(env, made); };
  });
}

Napi::Value Device::close(const Napi::CallbackInfo &info) {
  checkOpen(info.Env());
  // In turn: what was let go before is freed then.
  core.reset();
  const auto closing = std::move(thread);
  return closing->task(info.Env(), [] { return [](Napi::Env env) -> Napi::Value { return env.Undefined(); }; });
}

Napi::Value enumerateDevices(const Napi::CallbackInfo &info) {
  using Seen = std::pair<Identity, Reports>;
  using Found = std::vector<std::variant<Seen, Failure>>;
  return promiseOnNewThread(info.Env(), Instance::of(info.Env()).calls, [] {
    Found found;
    const unsigned count = xrt::system::enumerate_devices();
    for (unsigned i = 0; i < count; i++) {
      try {
        using Report = xrt::info::device;
        const xrt::device device(i);
        found.emplace_back(Seen{identityOf(device),
                                {reportOf<Report::platform>(device), reportOf<Report::host>(device)}});
      } catch (...) {
        found.emplace_back(currentFailure());
      }
    }
    return [found](Napi::Env env) -> Napi::Value {
      const Napi::Array list = Napi::Array::New(env);
      for (uint32_t i = 0; i < found.size(); i++) {
        Napi::Object entry = Napi::Object::New(env);
        if (const auto *seen = std::get_if<Seen>(&found[i])) {
          entry = toJs(env, seen->first);
          entry.Set("platform", seen->second.platform);
          entry.Set("host", seen->second.host);
        } else entry.Set("error", std::get<Failure>(found[i]).toJs(env).Value());
        list.Set(i, entry);
      }
      return list;
    };
  });
}

} // namespace aiekit
