// A thread that does what blocks, and settles promises on the JS thread.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <napi.h>

namespace aiekit {

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

private:
  std::mutex mutex;
  bool open = true;
  Napi::ThreadSafeFunction function;
  /** On the JS thread only. */
  unsigned awaited = 0;
};

/**
 * Work in order, on a thread of its own. The thread is detached: where a call into the driver never returns, it stays
 * behind with everything it uses, and nothing waits for it.
 */
class WorkThread {
public:
  /** Done on the thread; what it returns is called on the JS thread. */
  using Work = std::function<JsCalls::Call()>;
  explicit WorkThread(std::shared_ptr<JsCalls> calls);
  /** Ends after what was posted. */
  ~WorkThread();

  /**
   * `work` gives how to settle the promise. What it throws rejects it.
   * It must not capture JS values; it keeps alive what it uses.
   */
  Napi::Promise promise(Napi::Env env, std::function<std::function<Napi::Value(Napi::Env)>()> work);

private:
  struct Queue {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Work> work;
    bool ending = false;
  };
  std::shared_ptr<Queue> queue;
  std::shared_ptr<JsCalls> calls;
};

} // namespace aiekit
