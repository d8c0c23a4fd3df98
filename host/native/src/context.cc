#include "context.h"

#include <algorithm>
#include <xrt/experimental/xrt_xclbin.h>

#include "elf_flow.h"
#include "instance.h"

namespace aiekit {

namespace {

/** Numbers are scalars, null stays unset, everything else is a BO. The first is the opcode, of 64 bits. */
std::vector<RunArg> runArgs(const Napi::Array &given) {
  std::vector<RunArg> args;
  for (uint32_t i = 0; i < given.Length(); i++) {
    const Napi::Value arg = given.Get(i);
    if (arg.IsNull()) args.emplace_back(std::monostate());
    else if (!arg.IsNumber()) args.emplace_back(Bo::coreOf(arg));
    else if (i == 0) args.emplace_back(static_cast<uint64_t>(arg.As<Napi::Number>().Int64Value()));
    else args.emplace_back(arg.As<Napi::Number>().Uint32Value());
  }
  return args;
}

size_t argCountOf(const ContextCore &context, uint32_t kernel) {
  if (!context.argCounts.empty()) return context.argCounts.at(kernel);
  const xrt::kernel &declared = context.kernels.at(kernel);
  return declared.get_xclbin().get_kernel(declared.get_name()).get_args().size();
}

} // namespace

Napi::Function Run::define(Napi::Env env) {
  return DefineClass(env, "Run", {InstanceMethod<&Run::setArgs>("setArgs"), InstanceMethod<&Run::release>("release")});
}
Run::Run(const Napi::CallbackInfo &info) : ObjectWrap(info) {}

void Run::setArgs(const Napi::CallbackInfo &info) {
  guarded(info.Env(), [&] {
    const Napi::Array args = info[0].As<Napi::Array>();
    if (core == nullptr || core->inFlight) throw std::out_of_range("a run that is free or in flight takes no arguments");
    if (args.Length() != core->args.size()) throw std::out_of_range("expected as many arguments as at first");
    core->args = runArgs(args);
    core->argsSet = false;
  });
}

void Run::release(const Napi::CallbackInfo &) { core.reset(); }

Napi::Function Context::define(Napi::Env env) {
  return DefineClass(env, "Context",
                     {InstanceMethod<&Context::addModuleKernel>("moduleKernel"),
                      InstanceMethod<&Context::createRun>("createRun"), InstanceMethod<&Context::start>("start"),
                      InstanceMethod<&Context::cancel>("cancel"), InstanceMethod<&Context::close>("close"),
                      InstanceMethod<&Context::setOnEnd>("setOnEnd")});
}

Context::Context(const Napi::CallbackInfo &info) : ObjectWrap(info) {}

void Context::Finalize(Napi::Env env) { Instance::of(env).onEnd.erase(id); }

Napi::Object Context::make(Napi::Env env, std::shared_ptr<ContextCore> core) {
  // First: where there is none the context is freed at once, and not when the garbage collector finds an object that has it.
  auto thread = std::make_unique<ContextThread>(Instance::of(env).calls);
  Napi::Object object = Instance::of(env).context.New({});
  Context *self = Unwrap(object);
  self->core = std::move(core);
  self->thread = std::move(thread);
  self->id = Instance::of(env).nextContext++;
  object.Set("kernels", self->kernelsOf(env));
  return object;
}

/** [{ name, args: [{ name, type, offset, size, group }] }]; none of a full ELF, whose reader knows them. */
Napi::Value Context::kernelsOf(Napi::Env env) const {
  const Napi::Array kernels = Napi::Array::New(env);
  if (!core->argCounts.empty()) return kernels;
  for (const xrt::kernel &kernel : core->kernels) {
    const Napi::Object entry = Napi::Object::New(env);
    const Napi::Array args = Napi::Array::New(env);
    for (const auto &arg : kernel.get_xclbin().get_kernel(kernel.get_name()).get_args()) {
      const Napi::Object argument = Napi::Object::New(env);
      argument.Set("name", arg.get_name());
      argument.Set("type", arg.get_host_type());
      argument.Set("group", Napi::Number::New(env, kernel.group_id(static_cast<int>(arg.get_index()))));
      args.Set(args.Length(), argument);
    }
    entry.Set("name", kernel.get_name());
    entry.Set("args", args);
    kernels.Set(kernels.Length(), entry);
  }
  return kernels;
}

std::shared_ptr<ContextCore> Context::open(Napi::Env env) const {
  if (core == nullptr) throw Failure{"CLOSED", "the context is closed", 0, 0}.toJs(env);
  return core;
}

/** Gives the kernel's number, for `createRun`. No call of the driver: XRT reads the ELF, and allocates for each run of it. */
Napi::Value Context::addModuleKernel(const Napi::CallbackInfo &info) {
  const auto context = open(info.Env());
  const std::string name = info[0].As<Napi::String>();
  const auto elf = info[1].As<Napi::Uint8Array>();
  return guarded(info.Env(), [&]() -> Napi::Value {
    const std::string bytes(reinterpret_cast<const char *>(elf.Data()), elf.ByteLength());
    context->kernels.push_back(moduleKernel(context->context, bytes, name));
    return Napi::Number::New(info.Env(), static_cast<double>(context->kernels.size() - 1));
  });
}

Napi::Value Context::createRun(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  const auto context = open(env);
  const uint32_t kernel = info[0].As<Napi::Number>().Uint32Value();
  const Napi::Array args = info[1].As<Napi::Array>();
  return guarded(env, [&]() -> Napi::Value {
    if (kernel >= context->kernels.size()) throw std::out_of_range("no such kernel");
    // XRT does not check: a BO past the last argument crashes the process.
    if (args.Length() > argCountOf(*context, kernel)) throw std::out_of_range("more arguments than the kernel has");
    const std::shared_ptr<RunCore> run(new RunCore, [thread = context->thread, dropped = context->dropped](RunCore *core) {
      dropped->add(std::unique_ptr<RunCore>(core));
      thread->post([dropped] { dropped->free(); });
    });
    run->context = context;
    run->kernel = context->kernels[kernel];
    run->args = runArgs(args);
    runs.erase(std::remove_if(runs.begin(), runs.end(), [](const auto &known) { return known.expired(); }), runs.end());
    runs.push_back(run);
    Napi::Object object = Instance::of(env).run.New({});
    Run::Unwrap(object)->core = run;
    return object;
  });
}

void Context::start(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  open(env);
  ContextThread::Job job{info[0].As<Napi::Number>().DoubleValue(), {}, nullptr};
  const auto add = [&](const Napi::Value &value) {
    job.runs.push_back(Run::Unwrap(value.As<Napi::Object>())->core);
    if (job.runs.back() == nullptr || job.runs.back()->inFlight) {
      throw Failure{"BAD_ARGUMENT", "a run that is free or in flight cannot be started", 0, 0}.toJs(env);
    }
  };
  if (info[1].IsArray()) {
    const Napi::Array list = info[1].As<Napi::Array>();
    for (uint32_t i = 0; i < list.Length(); i++) add(list.Get(i));
  } else {
    add(info[1]);
  }
  const auto calls = Instance::of(env).calls;
  job.ended = [id = job.id, context = this->id, calls](const Outcome &outcome) {
    calls->post([id, context, calls, outcome](Napi::Env e) {
      const Napi::HandleScope scope(e);
      calls->settled(e);
      const auto &endings = Instance::of(e).onEnd;
      const auto found = endings.find(context);
      if (found == endings.end()) return;
      const bool failed = outcome.state != ERT_CMD_STATE_COMPLETED;
      found->second.Call({Napi::Number::New(e, id), Napi::Number::New(e, outcome.state), Napi::Number::New(e, outcome.index),
                          Napi::Number::New(e, outcome.wallMs), failed ? outcome.failure.toJs(e).Value() : e.Undefined()});
    });
  };
  calls->expect(env);
  thread->post(std::move(job));
}

Napi::Value Context::cancel(const Napi::CallbackInfo &info) {
  const bool cancelled = thread != nullptr && thread->cancel(info[0].As<Napi::Number>().DoubleValue());
  if (cancelled) Instance::of(info.Env()).calls->settled(info.Env());
  return Napi::Boolean::New(info.Env(), cancelled);
}

void Context::setOnEnd(const Napi::CallbackInfo &info) {
  Instance::of(info.Env()).onEnd[id] = Napi::Persistent(info[0].As<Napi::Function>());
}

Napi::Value Context::close(const Napi::CallbackInfo &info) {
  auto dying = std::move(core);
  core = nullptr;
  if (dying == nullptr) return info.Env().Undefined();
  // The thread ends after what is in flight, not when the garbage collector finds this object.
  thread.reset();
  auto owned = std::make_shared<std::vector<std::shared_ptr<RunCore>>>();
  for (const auto &weak : runs) {
    if (auto run = weak.lock()) owned->push_back(std::move(run));
  }
  runs.clear();
  const auto device = dying->thread;
  const WorkThread::Work free = [dying = std::move(dying), owned]() mutable {
    for (const auto &run : *owned) {
      // Its job keeps it, and with it the context, until its end.
      if (run->inFlight) continue;
      run->run = xrt::run();
      run->kernel = xrt::kernel();
      run->context.reset();
      run->args.clear();
    }
    owned->clear();
    dying->dropped->free();
    dying->kernels.clear();
    dying->context = xrt::hw_context();
    dying.reset();
    return [](Napi::Env env) -> Napi::Value { return env.Undefined(); };
  };
  // On a thread of its own, so that a driver that lets it wait does so for this alone; where there is none, on the device's.
  try {
    return WorkThread(Instance::of(info.Env()).calls).promise(info.Env(), free);
  } catch (const ThreadError &) {
    return device->promise(info.Env(), free);
  }
}

} // namespace aiekit
