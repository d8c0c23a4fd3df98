#include "context_thread.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "detached_thread.h"

namespace aiekit {
namespace {

using Clock = std::chrono::steady_clock;

// HWCTX_MAX_CMDS of the amdxdna driver: a further submission blocks.
constexpr size_t commandsInFlight = 4;

// Waking a thread on an idle processor may take longer than a launch: 43 us more a launch, measured on a virtual machine. So
// a thread whose jobs follow each other looks for the next one so long before it sleeps; others may run meanwhile.
constexpr auto awakeAfterJob = std::chrono::microseconds(100);

bool isFinal(int state) {
  switch (state) {
  case ERT_CMD_STATE_COMPLETED:
  case ERT_CMD_STATE_ERROR:
  case ERT_CMD_STATE_ABORT:
  case ERT_CMD_STATE_TIMEOUT:
  case ERT_CMD_STATE_NORESPONSE:
    return true;
  default:
    return false;
  }
}

/** A job that was submitted. */
struct InFlight {
  ContextThread::Job job;
  std::unique_ptr<xrt::runlist> list;
  Clock::time_point start;
};

/** Makes XRT's run where there is none yet, and gives it its arguments. */
void prepare(RunCore &core) {
  if (!core.run) core.run = uninterrupted([&] { return xrt::run(core.kernel); });
  if (core.argsSet) return;
  for (size_t i = 0; i < core.args.size(); i++) {
    if (std::holds_alternative<std::monostate>(core.args[i])) continue;
    const int index = static_cast<int>(i);
    if (const auto *bo = std::get_if<std::shared_ptr<BoCore>>(&core.args[i])) {
      const xrt::bo &given = (*bo)->bo;
      core.run.set_arg(index, given);
    } else if (const auto *opcode = std::get_if<uint64_t>(&core.args[i])) core.run.set_arg(index, *opcode);
    else core.run.set_arg(index, std::get<uint32_t>(core.args[i]));
  }
  core.argsSet = true;
}

/** Submits; it may block in the driver. */
void submit(InFlight &flight) {
  const auto &runs = flight.job.runs;
  for (const auto &run : runs) prepare(*run);
  if (runs.size() > 1) {
    flight.list = std::make_unique<xrt::runlist>(runs[0]->context->context);
    for (const auto &run : runs) flight.list->add(run->run);
  }
  uninterrupted([&] {
    if (flight.list != nullptr) flight.list->execute();
    else runs[0]->run.start();
  });
}

unsigned indexOf(const std::vector<std::shared_ptr<RunCore>> &runs, const xrt::run &wanted) {
  for (unsigned i = 0; i < runs.size(); i++) {
    if (runs[i]->run.get_ert_packet() == wanted.get_ert_packet()) return i;
  }
  return 0;
}

int stateOf(const InFlight &flight) {
  return static_cast<int>(flight.list != nullptr ? flight.list->state() : flight.job.runs[0]->run.state());
}

/** Waits for a final state. */
Outcome await(InFlight &flight) {
  Outcome outcome;
  // XRT's wait comes back early, with an exception, when the driver's wait was interrupted or refused. The command is
  // still in progress then, and only waiting again is safe.
  for (auto pause = std::chrono::microseconds(100);; pause = std::min(pause * 2, std::chrono::microseconds(20000))) {
    try {
      if (flight.list != nullptr) flight.list->wait();
      else flight.job.runs[0]->run.wait2();
      return outcome;
    } catch (const xrt::runlist::command_error &e) {
      outcome.failure = currentFailure();
      outcome.state = outcome.failure.ertState;
      outcome.index = indexOf(flight.job.runs, e.get_run());
      return outcome;
    } catch (const xrt::run::command_error &) {
      outcome.failure = currentFailure();
      outcome.state = outcome.failure.ertState;
      return outcome;
    } catch (...) {
      outcome.failure = currentFailure();
      const int state = stateOf(flight);
      if (isFinal(state)) {
        outcome.state = state;
        return outcome;
      }
      std::this_thread::sleep_for(pause);
    }
  }
}

} // namespace

DroppedRuns::~DroppedRuns() = default;

void DroppedRuns::add(std::unique_ptr<RunCore> run) {
  const std::lock_guard lock(adding);
  runs.push_back(std::move(run));
}

void DroppedRuns::free() {
  const std::lock_guard one(freeing);
  // Destroyed behind the lock: what a run had may add others.
  std::vector<std::unique_ptr<RunCore>> mine;
  const std::lock_guard lock(adding);
  mine.swap(runs);
}

struct ContextThread::Shared {
  explicit Shared(std::shared_ptr<JsCalls> jsCalls) : calls(std::move(jsCalls)) {}

  std::shared_ptr<JsCalls> calls;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> queue;
  bool ending = false;
  /** Grows with each job and with `ending`, for who looks without the lock. */
  std::atomic<unsigned> news{0};
  bool asleep = false;
  /** Whether the last job came soon after the one before had ended. */
  bool isFollowed = false;

  /** With the lock held. */
  void tell() {
    news.fetch_add(1, std::memory_order_release);
    if (asleep) changed.notify_all();
  }

  /** Waits for a job or the end, with the lock held. Stays awake for a while where launches follow each other. */
  void awaitNews(std::unique_lock<std::mutex> &lock) {
    if (ending || !queue.empty()) return;
    const auto start = Clock::now();
    if (isFollowed) {
      const unsigned seen = news.load(std::memory_order_relaxed);
      lock.unlock();
      while (news.load(std::memory_order_acquire) == seen && Clock::now() - start < awakeAfterJob) std::this_thread::yield();
      lock.lock();
    }
    asleep = true;
    changed.wait(lock, [&] { return ending || !queue.empty(); });
    asleep = false;
    isFollowed = Clock::now() - start < awakeAfterJob;
  }

  void run() {
    std::deque<InFlight> flights;
    std::unique_lock lock(mutex);
    for (;;) {
      if (flights.empty()) awaitNews(lock);
      if (flights.empty() && queue.empty()) return;
      while (!queue.empty() && flights.size() < commandsInFlight) {
        InFlight flight{std::move(queue.front()), nullptr, Clock::now()};
        queue.pop_front();
        lock.unlock();
        if (begin(flight)) flights.push_back(std::move(flight));
        lock.lock();
      }
      if (flights.empty()) continue;
      lock.unlock();
      Outcome outcome = await(flights.front());
      lock.lock();
      if (outcome.state != ERT_CMD_STATE_COMPLETED) abortQueued(outcome.state);
      lock.unlock();
      end(flights.front(), std::move(outcome));
      flights.pop_front();
      lock.lock();
    }
  }

  bool begin(InFlight &flight) {
    try {
      submit(flight);
      return true;
    } catch (...) {
      Outcome outcome;
      outcome.failure = currentFailure();
      outcome.state = ERT_CMD_STATE_ERROR;
      end(flight, std::move(outcome));
      return false;
    }
  }

  void end(InFlight &flight, Outcome outcome) {
    outcome.wallMs = std::chrono::duration<double, std::milli>(Clock::now() - flight.start).count();
    flight.list.reset();
    for (const auto &run : flight.job.runs) run->inFlight = false;
    // The job's references go first: who hears of the end may close the context.
    const auto ended = std::move(flight.job.ended);
    flight.job.runs.clear();
    ended(outcome);
    calls->workload.end();
  }

  /** What was not submitted when a run failed does not run on what that left behind. */
  void abortQueued(int state) {
    for (Job &job : queue) {
      Outcome outcome;
      outcome.state = ERT_CMD_STATE_ABORT;
      outcome.failure = {"RUN_FAILED", "the run before it ended in state " + std::to_string(state), 0, ERT_CMD_STATE_ABORT};
      for (const auto &run : job.runs) run->inFlight = false;
      job.runs.clear();
      job.ended(outcome);
      calls->workload.end();
    }
    queue.clear();
  }
};

ContextThread::ContextThread(std::shared_ptr<JsCalls> calls) : shared(std::make_shared<Shared>(std::move(calls))) {
  startDetached([shared = shared] { shared->run(); });
}

ContextThread::~ContextThread() {
  const std::lock_guard lock(shared->mutex);
  shared->ending = true;
  shared->tell();
}

void ContextThread::post(Job job) {
  for (const auto &run : job.runs) run->inFlight = true;
  shared->calls->workload.begin();
  const std::lock_guard lock(shared->mutex);
  shared->queue.push_back(std::move(job));
  shared->tell();
}

bool ContextThread::cancel(double id) {
  const std::lock_guard lock(shared->mutex);
  for (auto job = shared->queue.begin(); job != shared->queue.end(); ++job) {
    if (job->id != id) continue;
    for (const auto &run : job->runs) run->inFlight = false;
    shared->queue.erase(job);
    shared->calls->workload.end();
    return true;
  }
  return false;
}

} // namespace aiekit
