#include "bo.h"

#include "failure.h"
#include "instance.h"

namespace aiekit {
namespace {

size_t sizeOf(const Napi::Value &value) { return static_cast<size_t>(value.As<Napi::Number>().Int64Value()); }

/** Of the arguments direction, offset, size. */
std::function<void()> syncOf(const std::shared_ptr<BoCore> &core, const Napi::CallbackInfo &info) {
  const auto direction = info[0].ToBoolean() ? XCL_BO_SYNC_BO_TO_DEVICE : XCL_BO_SYNC_BO_FROM_DEVICE;
  return [core, direction, offset = sizeOf(info[1]), size = sizeOf(info[2])] {
    uninterrupted([&] { core->bo.sync(direction, size, offset); });
  };
}

} // namespace

std::shared_ptr<BoCore> boCore(BoCore core) {
  const auto thread = core.thread;
  return destroyedOn(thread, std::make_unique<BoCore>(std::move(core)));
}

Napi::Function Bo::define(Napi::Env env) {
  return DefineClass(env, "Bo",
                     {InstanceMethod<&Bo::buffer>("buffer"), InstanceMethod<&Bo::sync>("sync"),
                      InstanceMethod<&Bo::syncOnThread>("syncOnThread"),
                      InstanceMethod<&Bo::part>("part"), InstanceMethod<&Bo::close>("close")});
}

Bo::Bo(const Napi::CallbackInfo &info) : ObjectWrap(info) {}
Bo::~Bo() = default;

Napi::Object Bo::make(Napi::Env env, std::shared_ptr<BoCore> core) {
  Napi::Object object = Instance::of(env).bo.New({});
  Bo *self = Unwrap(object);
  self->core = std::move(core);
  if (self->core->host == nullptr) return object;
  self->mapping = std::make_shared<Mapping>(Mapping{self->core});
  auto kept = std::make_unique<std::shared_ptr<Mapping>>(self->mapping);
  const auto array = Napi::ArrayBuffer::New(
      env, self->core->host, self->core->size,
      [](Napi::Env, void *, std::shared_ptr<Mapping> *mapping) { delete mapping; }, kept.get());
  kept.release();
  // Weak: the ArrayBuffer keeps the memory, JS keeps the ArrayBuffer.
  self->array = Napi::Weak(array);
  object.Set("host", array);
  return object;
}

std::shared_ptr<BoCore> Bo::coreOf(Napi::Value value) {
  const Napi::Env env = value.Env();
  if (!value.IsObject() || !value.As<Napi::Object>().InstanceOf(Instance::of(env).bo.Value())) {
    throw Failure{"BAD_ARGUMENT", "expected a BO of this addon", 0, 0}.toJs(env);
  }
  return Unwrap(value.As<Napi::Object>())->open(env);
}

std::shared_ptr<BoCore> Bo::open(Napi::Env env) const {
  if (core == nullptr) throw Failure{"CLOSED", "the BO is closed", 0, 0}.toJs(env);
  return core;
}

Napi::Value Bo::buffer(const Napi::CallbackInfo &info) {
  open(info.Env());
  return array.IsEmpty() ? info.Env().Undefined() : static_cast<Napi::Value>(array.Value());
}

void Bo::sync(const Napi::CallbackInfo &info) {
  guarded(info.Env(), syncOf(open(info.Env()), info));
}

Napi::Value Bo::syncOnThread(const Napi::CallbackInfo &info) {
  const auto kept = open(info.Env());
  return kept->thread->promise(info.Env(), [sync = syncOf(kept, info)] {
    sync();
    return [](Napi::Env env) -> Napi::Value { return env.Undefined(); };
  });
}

Napi::Value Bo::part(const Napi::CallbackInfo &info) {
  const auto whole = open(info.Env());
  const size_t offset = sizeOf(info[0]), size = sizeOf(info[1]);
  return guarded(info.Env(), [&] {
    return make(info.Env(), boCore({xrt::bo(whole->bo, size, offset), size, nullptr, whole->thread}));
  });
}

void Bo::close(const Napi::CallbackInfo &) {
  if (core == nullptr) return;
  core.reset();
  if (mapping == nullptr) return;
  // Detached, nothing can reach the memory through the ArrayBuffer and it need not wait for the garbage collector. One
  // that somebody transferred is detached already: its memory lives until the collector finds what it was moved to.
  Napi::ArrayBuffer mapped = array.IsEmpty() ? Napi::ArrayBuffer() : array.Value();
  if (!mapped.IsEmpty() && !mapped.IsDetached()) {
    mapped.Detach();
    mapping->core.reset();
  }
  mapping.reset();
  array.Reset();
}

} // namespace aiekit
