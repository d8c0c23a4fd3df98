#include "work_thread.h"

#include <thread>

#include "failure.h"

namespace aiekit {

JsCalls::JsCalls(Napi::Env env)
    : function(Napi::ThreadSafeFunction::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo &) {}), "aiekit xrt", 0, 1)) {
  function.Unref(env);
}

void JsCalls::stop() {
  const std::lock_guard lock(mutex);
  open = false;
}

void JsCalls::expect(Napi::Env env) {
  if (awaited++ == 0) function.Ref(env);
}

void JsCalls::settled(Napi::Env env) {
  if (--awaited == 0) function.Unref(env);
}

void JsCalls::post(Call call) {
  auto *kept = new Call(std::move(call));
  const auto run = [](Napi::Env env, Napi::Function, Call *c) {
    const std::unique_ptr<Call> owned(c);
    // No environment: it is ending, and nobody waits any more.
    if (static_cast<napi_env>(env) != nullptr) (*owned)(env);
  };
  // Under the lock: once the environment is gone the function is, too.
  const std::lock_guard lock(mutex);
  if (!open || function.NonBlockingCall(kept, run) != napi_ok) delete kept;
}

WorkThread::WorkThread(std::shared_ptr<JsCalls> jsCalls) : queue(std::make_shared<Queue>()), calls(std::move(jsCalls)) {
  std::thread([queue = queue, calls = calls] {
    std::unique_lock lock(queue->mutex);
    for (;;) {
      queue->changed.wait(lock, [&] { return queue->ending || !queue->work.empty(); });
      if (queue->work.empty()) return;
      Work work = std::move(queue->work.front());
      queue->work.pop_front();
      lock.unlock();
      calls->post(work());
      work = nullptr;
      lock.lock();
    }
  }).detach();
}

WorkThread::~WorkThread() {
  const std::lock_guard lock(queue->mutex);
  queue->ending = true;
  queue->changed.notify_all();
}

Napi::Promise WorkThread::promise(Napi::Env env, std::function<std::function<Napi::Value(Napi::Env)>()> work) {
  auto deferred = std::make_shared<Napi::Promise::Deferred>(env);
  calls->expect(env);
  Work whole = [work = std::move(work), deferred, calls = calls]() -> JsCalls::Call {
    try {
      auto result = work();
      return [result, deferred, calls](Napi::Env e) {
        const Napi::HandleScope scope(e);
        calls->settled(e);
        deferred->Resolve(result(e));
      };
    } catch (...) {
      return [failure = currentFailure(), deferred, calls](Napi::Env e) {
        const Napi::HandleScope scope(e);
        calls->settled(e);
        deferred->Reject(failure.toJs(e).Value());
      };
    }
  };
  const std::lock_guard lock(queue->mutex);
  queue->work.push_back(std::move(whole));
  queue->changed.notify_all();
  return deferred->Promise();
}

} // namespace aiekit
