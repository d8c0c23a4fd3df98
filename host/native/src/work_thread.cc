#include "work_thread.h"

#include "detached_thread.h"
#include "failure.h"

namespace aiekit {

void Workload::begin() {
  const std::lock_guard lock(mutex);
  open++;
}

void Workload::end() {
  const std::lock_guard lock(mutex);
  if (--open == 0) changed.notify_all();
}

void Workload::await(std::chrono::milliseconds limit) {
  // In naps: where the process is stopped, or the machine is busy, that takes one of them from the threads and not all.
  constexpr std::chrono::milliseconds nap(10);
  std::unique_lock lock(mutex);
  for (auto left = limit; left.count() > 0 && open > 0; left -= nap) {
    changed.wait_for(lock, nap, [&] { return open == 0; });
  }
}

JsCalls::JsCalls(Napi::Env env)
    : function(decltype(function)::New(env, Napi::Function::New(env, [](const Napi::CallbackInfo &) {}), "aiekit xrt", 0, 1)) {
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

void JsCalls::callJs(Napi::Env env, Napi::Function, std::nullptr_t *, Call *call) {
  const std::unique_ptr<Call> owned(call);
  // No environment: it is ending, and nobody waits any more.
  if (static_cast<napi_env>(env) != nullptr) (*owned)(env);
}

void JsCalls::post(Call call) {
  auto kept = std::make_unique<Call>(std::move(call));
  // Under the lock: once the environment is gone the function is, too.
  const std::lock_guard lock(mutex);
  if (open && function.NonBlockingCall(kept.get()) == napi_ok) kept.release();
}

WorkThread::WorkThread(std::shared_ptr<JsCalls> jsCalls) : queue(std::make_shared<Queue>()), calls(std::move(jsCalls)) {
  startDetached([queue = queue, calls = calls] {
    std::unique_lock lock(queue->mutex);
    for (;;) {
      queue->changed.wait(lock, [&] { return queue->ending || !queue->work.empty(); });
      if (queue->work.empty()) return;
      std::function<void()> work = std::move(queue->work.front());
      queue->work.pop_front();
      lock.unlock();
      work();
      // Before the lock: what it kept may be destroyed by posting to this queue.
      work = nullptr;
      calls->workload.end();
      lock.lock();
    }
  });
}

WorkThread::~WorkThread() {
  const std::lock_guard lock(queue->mutex);
  queue->ending = true;
  queue->changed.notify_all();
}

void WorkThread::post(std::function<void()> work) {
  calls->workload.begin();
  const std::lock_guard lock(queue->mutex);
  queue->work.push_back(std::move(work));
  queue->changed.notify_all();
}

/** A promise, and whether somebody waits for it. */
struct WorkThread::Awaited {
  Napi::Promise::Deferred deferred;
  std::shared_ptr<JsCalls> calls;
  std::atomic<bool> givenUp{false};
  /** On the JS thread only. */
  bool settled = false;

  /** On the JS thread. */
  void giveUp(Napi::Env env) {
    if (!settled && !givenUp.exchange(true)) calls->settled(env);
  }

  /** On the JS thread. */
  void settle(Napi::Env env, const std::function<Napi::Value(Napi::Env)> &result) {
    const Napi::HandleScope scope(env);
    settled = true;
    if (givenUp) {
      deferred.Reject(Failure{"GIVEN_UP", "nobody waits for it any more", 0, 0}.toJs(env).Value());
      return;
    }
    calls->settled(env);
    try {
      deferred.Resolve(result(env));
    } catch (const Napi::Error &e) {
      deferred.Reject(e.Value());
    } catch (...) {
      deferred.Reject(currentFailure().toJs(env).Value());
    }
  }
};

std::shared_ptr<WorkThread::Awaited> WorkThread::await(Napi::Env env, Work work) {
  std::shared_ptr<Awaited> awaited(new Awaited{Napi::Promise::Deferred::New(env), calls});
  calls->expect(env);
  post([work = std::move(work), awaited, calls = calls]() mutable {
    std::function<Napi::Value(Napi::Env)> result;
    try {
      if (!awaited->givenUp) result = work();
    } catch (...) {
      result = [failure = currentFailure()](Napi::Env e) -> Napi::Value { throw failure.toJs(e); };
    }
    // What it used goes before who waits hears of the end.
    work = nullptr;
    calls->post([result = std::move(result), awaited](Napi::Env e) { awaited->settle(e, result); });
  });
  return awaited;
}

Napi::Promise WorkThread::promise(Napi::Env env, Work work) { return await(env, std::move(work))->deferred.Promise(); }

Napi::Promise promiseOnNewThread(Napi::Env env, const std::shared_ptr<JsCalls> &calls, WorkThread::Work work) {
  try {
    return WorkThread(calls).promise(env, std::move(work));
  } catch (const ThreadError &) {
    const auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(currentFailure().toJs(env).Value());
    return deferred.Promise();
  }
}

Napi::Object WorkThread::task(Napi::Env env, Work work) {
  const auto awaited = await(env, std::move(work));
  const Napi::Object task = Napi::Object::New(env);
  task.Set("promise", awaited->deferred.Promise());
  task.Set("giveUp", Napi::Function::New(env, [awaited](const Napi::CallbackInfo &info) { awaited->giveUp(info.Env()); }));
  return task;
}

} // namespace aiekit
