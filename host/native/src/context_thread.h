// The thread that submits a context's runs and waits for them.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>
#include <xrt/experimental/xrt_kernel.h>
#include <xrt/xrt_hw_context.h>
#include <xrt/xrt_kernel.h>

#include "bo.h"
#include "failure.h"

namespace aiekit {

struct RunCore;

/**
 * Runs that nobody has any more, until they are freed: by the device's thread in its turn, or by who closes their context, which
 * is free only after them and does not wait for that thread.
 */
class DroppedRuns {
public:
  ~DroppedRuns();
  void add(std::unique_ptr<RunCore> run);
  /** Returns when there is none left, nor one that another thread is freeing. */
  void free();

private:
  std::mutex adding, freeing;
  std::vector<std::unique_ptr<RunCore>> runs;
};

/** A hardware context and what must be gone before it can be freed. Destroyed on the device's thread, as its runs. */
struct ContextCore {
  std::shared_ptr<WorkThread> thread;
  xrt::device device;
  xrt::hw_context context;
  std::vector<xrt::kernel> kernels;
  /** Of a full ELF's kernels, which no xclbin declares; empty in a context of an xclbin. */
  std::vector<size_t> argCounts;
  std::shared_ptr<DroppedRuns> dropped = std::make_shared<DroppedRuns>();
};

/** An argument of a run: one that stays unset, the opcode, another scalar, or a BO. */
using RunArg = std::variant<std::monostate, uint64_t, uint32_t, std::shared_ptr<BoCore>>;

/**
 * A run with everything its command uses. Never destroyed while the command is in progress: XRT would end the process.
 * The context's thread makes `run` at its first start and gives it the arguments: both may call the driver.
 */
struct RunCore {
  std::shared_ptr<ContextCore> context;
  /** Not its number: the JS thread adds kernels to the context while this thread makes runs. */
  xrt::kernel kernel;
  std::vector<RunArg> args;
  /** Whether `run` has these arguments. */
  bool argsSet = false;
  xrt::run run;
  /** From `ContextThread::post` until its end: nothing of it may be freed or changed. */
  std::atomic<bool> inFlight{false};
};

/** How a job ended. `state` is a final command state; `index` is the run of a list that failed. */
struct Outcome {
  int state = ERT_CMD_STATE_COMPLETED;
  unsigned index = 0;
  Failure failure;
  double wallMs = 0;
};

/**
 * Runs of one context in order, up to as many in flight as the driver takes. Waits are without a limit: XRT's timed waits
 * cannot tell that the time is over from a command that failed, and giving up is the caller's to decide.
 * The thread is detached and ends when the object is gone and nothing is in flight.
 */
class ContextThread {
public:
  struct Job {
    double id;
    std::vector<std::shared_ptr<RunCore>> runs;
    std::function<void(const Outcome &)> ended;
  };

  /** Its jobs count as work of `calls`' environment, which lets them end before it goes. @throws ThreadError. */
  explicit ContextThread(std::shared_ptr<JsCalls> calls);
  ~ContextThread();
  void post(Job job);
  /** Takes back a job that was not submitted yet. */
  bool cancel(double id);

private:
  struct Shared;
  std::shared_ptr<Shared> shared;
};

} // namespace aiekit
