#include "faults.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "paths.h"

namespace npu {
namespace {

// One entry of the file, little-endian: 256 of them, by ioctl number or place.
struct Fault {
  uint32_t kind;
  uint32_t error;
  /** Calls that pass before the first that fails. */
  uint32_t skip;
  /** Calls that fail. */
  uint32_t times;
};
constexpr unsigned entries = 256;

Fault *table() {
  static Fault *mapped = []() -> Fault * {
    if (machineFolder().empty()) return nullptr;
    const std::string path = machineFolder() + "/faults";
    const int fd = static_cast<int>(syscall(SYS_openat, AT_FDCWD, path.c_str(), O_RDWR | O_CLOEXEC, 0));
    if (fd < 0) return nullptr;
    void *at = mmap(nullptr, entries * sizeof(Fault), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    return at == MAP_FAILED ? nullptr : static_cast<Fault *>(at);
  }();
  return mapped;
}

/** Counts one down unless it is zero. */
bool countDown(uint32_t &count) {
  uint32_t now = __atomic_load_n(&count, __ATOMIC_ACQUIRE);
  while (now > 0) {
    if (__atomic_compare_exchange_n(&count, &now, now - 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return true;
  }
  return false;
}

FaultKind due(unsigned place) {
  Fault *faults = table();
  if (faults == nullptr || place >= entries) return FaultKind::none;
  Fault &fault = faults[place];
  const auto kind = static_cast<FaultKind>(__atomic_load_n(&fault.kind, __ATOMIC_ACQUIRE));
  if (kind == FaultKind::none || countDown(fault.skip) || !countDown(fault.times)) return FaultKind::none;
  return kind;
}

} // namespace

int takeFault(unsigned place) {
  switch (due(place)) {
  case FaultKind::none:
    return 0;
  case FaultKind::fail:
    errno = static_cast<int>(table()[place].error);
    return -1;
  case FaultKind::interrupt:
    errno = EINTR;
    return -1;
  case FaultKind::hang:
    while (__atomic_load_n(&table()[place].kind, __ATOMIC_ACQUIRE) != 0) usleep(2000);
    return 0;
  }
  return 0;
}

Fate takeFate() {
  const FaultKind kind = due(placeExecution);
  return {kind, kind == FaultKind::none ? 0 : table()[placeExecution].error};
}

} // namespace npu
