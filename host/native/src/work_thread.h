// A thread that does what blocks, and settles promises on the JS thread.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <napi.h>

namespace aiekit {

/** Counts the work and the runs that threads were given and have not done. */
class Workload {
public:
  void begin();
  void end();
  /** Waits until none is left, at most so long; a time in which the process stands still does not count. */
  void await(std::chrono::milliseconds limit);

private:
  std::mutex mutex;
  std::condition_variable changed;
  unsigned open = 0;
};

/**
 * Calls from any thread into one JS environment. Keeps the event loop alive while something is expected; after the
 * environment has ended calls are dropped. One for each environment, in its Instance.
 */
class JsCalls {
public:
  using Call = std::function<void(Napi::Env)>;
  explicit JsCalls(Napi::Env env);
  /** On the JS thread, before the environment ends. */
  void stop();
  /** On the JS thread: one more or one less call is awaited. */
  void expect(Napi::Env env);
  void settled(Napi::Env env);
  /** From any thread. */
  void post(Call call);

  /** Of this environment's threads. */
  Workload workload;

private:
  static void callJs(Napi::Env env, Napi::Function, std::nullptr_t *, Call *call);
  std::mutex mutex;
  bool open = true;
  // Typed: the untyped one of node-addon-api leaks the calls that an ending environment never makes.
  Napi::TypedThreadSafeFunction<std::nullptr_t, Call, &JsCalls::callJs> function;
  /** On the JS thread only. */
  unsigned awaited = 0;
};

/**
 * Work in order, on a thread of its own. The thread is detached: where a call into the driver never returns, it stays
 * behind with everything it uses, and nothing waits for it.
 */
class WorkThread {
public:
  /** Done on the thread; what it returns makes the value of the promise on the JS thread. */
  using Work = std::function<std::function<Napi::Value(Napi::Env)>()>;
  /** @throws ThreadError. */
  explicit WorkThread(std::shared_ptr<JsCalls> calls);
  /** Ends after what was posted. */
  ~WorkThread();

  /** What `work` throws rejects the promise. It must not capture JS values; it keeps alive what it uses. */
  Napi::Promise promise(Napi::Env env, Work work);

  /**
   * { promise, giveUp() }. Once it is given up nothing keeps the event loop alive for it. Work that has not begun is left
   * out; the promise is rejected with code GIVEN_UP when its turn is over, and what it made is destroyed.
   */
  Napi::Object task(Napi::Env env, Work work);

  /** Work that nobody hears of; it must not throw. */
  void post(std::function<void()> work);

private:
  struct Awaited;
  struct Queue {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> work;
    bool ending = false;
  };
  std::shared_ptr<Awaited> await(Napi::Env env, Work work);
  std::shared_ptr<Queue> queue;
  std::shared_ptr<JsCalls> calls;
};

/** `work` on a thread of its own; rejected where the system gives none. */
Napi::Promise promiseOnNewThread(Napi::Env env, const std::shared_ptr<JsCalls> &calls, WorkThread::Work work);

/**
 * An owner of `value` that may be dropped anywhere, by the garbage collector on the JS thread as well: the destructor runs
 * on `thread`. Destructors of XRT call the driver, which may let them wait.
 */
template <class T> std::shared_ptr<T> destroyedOn(std::shared_ptr<WorkThread> thread, std::unique_ptr<T> value) {
  return std::shared_ptr<T>(value.release(), [thread = std::move(thread)](T *owned) {
    thread->post([owned] { delete owned; });
  });
}

} // namespace aiekit
