#include "driver.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <drm/amdxdna_accel.h>
#include <drm/drm.h>
#include <fcntl.h>
#include <map>
#include <memory>
#include <mutex>
#include <unistd.h>

#include "command.h"
#include "device_info.h"
#include "executor.h"
#include "faults.h"
#include "memory.h"

namespace npu {
namespace {

// HWCTX_MAX_CMDS of the driver: the next submission waits in the ioctl.
constexpr uint64_t commandsInFlight = 4;

struct Context {
  uint32_t syncobj;
  ContextInfo info;
  /** Command BO by sequence number, while in flight. */
  std::map<uint64_t, uint32_t> inFlight;
};

/** Everything of one process, made at its first open and never destroyed: threads may wait in it while the process ends. */
struct State {
  std::mutex mutex;
  std::condition_variable changed;
  Memory memory;
  std::unique_ptr<Executor> executor;
  std::map<uint32_t, Context> contexts;
  /** Value each plain timeline has reached. */
  std::map<uint32_t, uint64_t> timelines;
  uint32_t nextSyncobj = 1;
};

State &state() {
  static State &made = *new State;
  return made;
}

int fail(int64_t error) {
  errno = static_cast<int>(error);
  return -1;
}

/** Writes the final states of a command, and lets go of who waits. Called with the lock held. */
void finish(State &s, Context &context, uint64_t seq, unsigned result, unsigned index) {
  const auto found = context.inFlight.find(seq);
  if (found == context.inFlight.end()) return;
  const BufferObject *bo = s.memory.find(found->second);
  auto *packet = bo == nullptr ? nullptr : reinterpret_cast<uint32_t *>(s.memory.host(*bo));
  if (packet != nullptr) {
    if (const auto chain = readChain(packet, bo->size / 4)) {
      for (unsigned i = 0; i < chain->size(); i++) {
        const BufferObject *part = s.memory.find((*chain)[i]);
        auto *partPacket = part == nullptr ? nullptr : reinterpret_cast<uint32_t *>(s.memory.host(*part));
        if (partPacket == nullptr) continue;
        if (result == stateCompleted || i < index) setState(partPacket, stateCompleted);
        else setState(partPacket, i == index ? result : stateAbort);
      }
      if (result != stateCompleted) setChainFailure(packet, index);
    }
    setState(packet, result);
  }
  context.inFlight.erase(found);
  context.info.completed++;
  if (result != stateCompleted) context.info.errors++;
  s.changed.notify_all();
}

void abortAll(State &s, Context &context) {
  while (!context.inFlight.empty()) finish(s, context, context.inFlight.begin()->first, stateAbort, 0);
}

void connect(State &s) {
  if (s.executor != nullptr) return;
  s.executor = std::make_unique<Executor>(
      s.memory.devicePath(),
      [&s](const Executor::End &end) {
        std::lock_guard lock(s.mutex);
        const auto found = s.contexts.find(end.context);
        if (found != s.contexts.end()) finish(s, found->second, end.seq, end.state, end.index);
      },
      [&s] {
        std::lock_guard lock(s.mutex);
        for (auto &[id, context] : s.contexts) abortAll(s, context);
      });
}

int createContext(State &s, std::unique_lock<std::mutex> &lock, amdxdna_drm_create_hwctx &a) {
  lock.unlock();
  const int64_t id = s.executor->ask("context " + std::to_string(a.num_tiles));
  lock.lock();
  if (id < 0) return fail(-id);
  Context context{};
  context.syncobj = s.nextSyncobj++;
  context.info = {static_cast<uint32_t>(id), a.num_tiles / coreRows, 0, 0, 0};
  s.contexts[static_cast<uint32_t>(id)] = context;
  a.handle = static_cast<uint32_t>(id);
  a.syncobj_handle = context.syncobj;
  a.umq_doorbell = AMDXDNA_INVALID_DOORBELL_OFFSET;
  return 0;
}

int destroyContext(State &s, uint32_t handle) {
  const auto found = s.contexts.find(handle);
  if (found == s.contexts.end()) return fail(EINVAL);
  s.executor->tell("destroy " + std::to_string(handle));
  abortAll(s, found->second);
  s.contexts.erase(found);
  return 0;
}

int configureContext(State &s, std::unique_lock<std::mutex> &lock, const amdxdna_drm_config_hwctx &a) {
  if (a.param_type != DRM_AMDXDNA_HWCTX_CONFIG_CU) return 0;
  const auto *cus = reinterpret_cast<const amdxdna_hwctx_param_config_cu *>(static_cast<uintptr_t>(a.param_val));
  if (a.param_val_size < sizeof *cus || cus->num_cus == 0) return fail(EINVAL);
  const BufferObject *pdi = s.memory.find(cus->cu_configs[0].cu_bo);
  if (pdi == nullptr || s.contexts.count(a.handle) == 0) return fail(EINVAL);
  const std::string request = "configure " + std::to_string(a.handle) + " " + std::to_string(pdi->offset) + " " +
                              std::to_string(pdi->asked);
  lock.unlock();
  const int64_t answer = s.executor->ask(request);
  lock.lock();
  return answer < 0 ? fail(-answer) : 0;
}

std::optional<Launch> launchOf(State &s, uint32_t commandHandle) {
  const BufferObject *bo = s.memory.find(commandHandle);
  const auto *packet = bo == nullptr ? nullptr : reinterpret_cast<uint32_t *>(s.memory.host(*bo));
  return packet == nullptr ? std::nullopt : readLaunch(packet, bo->size / 4);
}

std::string words(std::initializer_list<uint64_t> numbers) {
  std::string text;
  for (const uint64_t number : numbers) text += " " + std::to_string(number);
  return text;
}

/** A launch in the words of the executor's protocol; empty when an address is nobody's. */
std::string describe(State &s, uint32_t commandHandle) {
  const auto launch = launchOf(s, commandHandle);
  if (!launch) return "";
  const auto insts = s.memory.place(launch->instructionAddress);
  if (!insts || launch->instructionBytes > insts->bytes) return "";
  std::string text = words({launch->patched ? 1u : 0u, insts->offset, launch->instructionBytes});
  if (launch->patched) {
    const auto bos = s.memory.addressable();
    text += words({bos.size()});
    for (const BufferObject &bo : bos) text += words({bo.deviceAddress, bo.offset, bo.asked});
    return text;
  }
  text += words({launch->buffers.size()});
  for (const uint64_t address : launch->buffers) {
    const auto data = s.memory.place(address);
    text += data ? words({address, data->offset, data->bytes}) : " 0 0 0";
  }
  return text;
}

/** Whether the driver takes a command at all: where firmware has no preemption, none of a full ELF. */
bool takesCommand(State &s, uint32_t commandHandle) {
  const auto launch = launchOf(s, commandHandle);
  return !launch || !launch->preemptible || s.executor->hasPreemption();
}

int submit(State &s, std::unique_lock<std::mutex> &lock, amdxdna_drm_exec_cmd &a) {
  auto found = s.contexts.find(a.hwctx);
  if (found == s.contexts.end() || a.type != AMDXDNA_CMD_SUBMIT_EXEC_BUF || a.cmd_count != 1) return fail(EINVAL);
  const auto handle = static_cast<uint32_t>(a.cmd_handles);
  s.changed.wait(lock, [&] {
    found = s.contexts.find(a.hwctx);
    return found == s.contexts.end() || found->second.inFlight.size() < commandsInFlight;
  });
  if (found == s.contexts.end()) return fail(EINVAL);
  Context &context = found->second;
  const BufferObject *bo = s.memory.find(handle);
  auto *packet = bo == nullptr ? nullptr : reinterpret_cast<uint32_t *>(s.memory.host(*bo));
  if (packet == nullptr) return fail(EINVAL);
  const std::vector<uint32_t> commands = readChain(packet, bo->size / 4).value_or(std::vector<uint32_t>{handle});
  std::string request = "run " + std::to_string(a.hwctx) + " " + std::to_string(context.info.submitted) + " " +
                        std::to_string(commands.size());
  a.seq = context.info.submitted++;
  context.inFlight[a.seq] = handle;
  for (unsigned i = 0; i < commands.size(); i++) {
    if (!takesCommand(s, commands[i])) {
      // As amdxdna does it: the fence is signalled with an error that no wait tells, and the command's state stays NEW.
      context.inFlight.erase(a.seq);
      s.changed.notify_all();
      return 0;
    }
    const std::string launch = describe(s, commands[i]);
    if (launch.empty()) {
      finish(s, context, a.seq, stateError, i);
      return 0;
    }
    request += launch;
  }
  // A command that ends, or never ends, without the array having seen it.
  const Fate fate = takeFate();
  if (fate.kind == FaultKind::fail) finish(s, context, a.seq, fate.state, 0);
  if (fate.kind == FaultKind::none) s.executor->tell(request);
  return 0;
}

int waitTimeline(State &s, std::unique_lock<std::mutex> &lock, const drm_syncobj_timeline_wait &a) {
  const auto handle = *reinterpret_cast<const uint32_t *>(static_cast<uintptr_t>(a.handles));
  const auto point = *reinterpret_cast<const uint64_t *>(static_cast<uintptr_t>(a.points));
  const auto reached = [&] {
    for (const auto &[id, context] : s.contexts) {
      if (context.syncobj == handle) return point < context.info.submitted && context.inFlight.count(point) == 0;
    }
    const auto plain = s.timelines.find(handle);
    return plain == s.timelines.end() || plain->second >= point;
  };
  if (a.timeout_nsec == INT64_MAX) {
    s.changed.wait(lock, reached);
    return 0;
  }
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t left = a.timeout_nsec - (now.tv_sec * 1000000000ll + now.tv_nsec);
  return s.changed.wait_for(lock, std::chrono::nanoseconds(left > 0 ? left : 0), reached) ? 0 : fail(ETIME);
}

int waitCommand(State &s, std::unique_lock<std::mutex> &lock, const amdxdna_drm_wait_cmd &a) {
  const auto done = [&] {
    const auto found = s.contexts.find(a.hwctx);
    return found == s.contexts.end() || found->second.inFlight.count(a.seq) == 0;
  };
  if (a.timeout == 0) {
    s.changed.wait(lock, done);
    return 0;
  }
  return s.changed.wait_for(lock, std::chrono::milliseconds(a.timeout), done) ? 0 : fail(ETIME);
}

int answer(State &s, std::unique_lock<std::mutex> &lock, unsigned long request, void *argument) {
  switch (_IOC_NR(request)) {
  case _IOC_NR(DRM_IOCTL_AMDXDNA_CREATE_HWCTX):
    return createContext(s, lock, *static_cast<amdxdna_drm_create_hwctx *>(argument));
  case _IOC_NR(DRM_IOCTL_AMDXDNA_DESTROY_HWCTX):
    return destroyContext(s, static_cast<amdxdna_drm_destroy_hwctx *>(argument)->handle);
  case _IOC_NR(DRM_IOCTL_AMDXDNA_CONFIG_HWCTX):
    return configureContext(s, lock, *static_cast<amdxdna_drm_config_hwctx *>(argument));
  case _IOC_NR(DRM_IOCTL_AMDXDNA_CREATE_BO): {
    auto &a = *static_cast<amdxdna_drm_create_bo *>(argument);
    // Memory of the program's own as a BO is not emulated.
    if (a.vaddr != 0) return fail(EOPNOTSUPP);
    const int64_t handle = s.memory.create(a.type, a.size);
    if (handle < 0) return fail(-handle);
    a.handle = static_cast<uint32_t>(handle);
    return 0;
  }
  case _IOC_NR(DRM_IOCTL_AMDXDNA_GET_BO_INFO): {
    auto &a = *static_cast<amdxdna_drm_get_bo_info *>(argument);
    const BufferObject *bo = s.memory.find(a.handle);
    if (bo == nullptr) return fail(ENOENT);
    a.xdna_addr = bo->deviceAddress;
    a.map_offset = bo->type == AMDXDNA_BO_DEV ? AMDXDNA_INVALID_ADDR : bo->offset;
    a.vaddr = 0;
    return 0;
  }
  case _IOC_NR(DRM_IOCTL_AMDXDNA_SYNC_BO): {
    const auto &a = *static_cast<amdxdna_drm_sync_bo *>(argument);
    const int result = s.memory.sync(a.handle, a.direction == SYNC_DIRECT_TO_DEVICE, a.offset, a.size);
    return result < 0 ? fail(-result) : 0;
  }
  case _IOC_NR(DRM_IOCTL_GEM_CLOSE): {
    const int result = s.memory.destroy(static_cast<drm_gem_close *>(argument)->handle);
    return result < 0 ? fail(-result) : 0;
  }
  case _IOC_NR(DRM_IOCTL_AMDXDNA_EXEC_CMD):
    return submit(s, lock, *static_cast<amdxdna_drm_exec_cmd *>(argument));
  case _IOC_NR(DRM_IOCTL_AMDXDNA_WAIT_CMD):
    return waitCommand(s, lock, *static_cast<amdxdna_drm_wait_cmd *>(argument));
  case _IOC_NR(DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT):
    return waitTimeline(s, lock, *static_cast<drm_syncobj_timeline_wait *>(argument));
  case _IOC_NR(DRM_IOCTL_SYNCOBJ_CREATE): {
    auto &a = *static_cast<drm_syncobj_create *>(argument);
    a.handle = s.nextSyncobj++;
    s.timelines[a.handle] = 0;
    return 0;
  }
  case _IOC_NR(DRM_IOCTL_SYNCOBJ_DESTROY):
    s.timelines.erase(static_cast<drm_syncobj_destroy *>(argument)->handle);
    return 0;
  case _IOC_NR(DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL): {
    const auto &a = *static_cast<drm_syncobj_timeline_array *>(argument);
    s.timelines[*reinterpret_cast<uint32_t *>(static_cast<uintptr_t>(a.handles))] =
        *reinterpret_cast<uint64_t *>(static_cast<uintptr_t>(a.points));
    s.changed.notify_all();
    return 0;
  }
  case _IOC_NR(DRM_IOCTL_AMDXDNA_GET_INFO): {
    std::vector<ContextInfo> contexts;
    for (const auto &[id, context] : s.contexts) contexts.push_back(context.info);
    return answerGetInfo(*static_cast<amdxdna_drm_get_info *>(argument), {s.executor->columns(), s.executor->contextLimit()}, contexts);
  }
  case _IOC_NR(DRM_IOCTL_AMDXDNA_SET_STATE):
    return 0;
  default:
    return fail(EINVAL);
  }
}

} // namespace

int openNode(const char *realPath) {
  // The stand-in's existence and permissions count as the node's would.
  if (access(realPath, R_OK | W_OK) != 0 || takeFault(placeOpen) != 0) return -1;
  State &s = state();
  std::lock_guard lock(s.mutex);
  connect(s);
  if (s.executor->columns() == 0) return fail(ENODEV);
  return fcntl(s.memory.fd(), F_DUPFD_CLOEXEC, 0);
}

int answerIoctl(unsigned long request, void *argument) {
  if (takeFault(_IOC_NR(request)) != 0) return -1;
  State &s = state();
  std::unique_lock lock(s.mutex);
  return answer(s, lock, request, argument);
}

} // namespace npu
