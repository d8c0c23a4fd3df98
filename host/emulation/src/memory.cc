#include "memory.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <drm/amdxdna_accel.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "paths.h"

namespace npu {
namespace {

constexpr uint64_t pageBytes = 4096;
constexpr uint64_t heapAlignment = 64ull << 20;
// BOs of the heap are 32 KiB apart, as on npu1.
constexpr uint64_t heapStep = 32 << 10;
constexpr uint64_t heapAddress = 0x04000000;
constexpr uint64_t sharedAddress = 0x100000000;

uint64_t roundUp(uint64_t value, uint64_t step) { return (value + step - 1) / step * step; }

int openFile(const std::string &path) {
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
}

} // namespace

Memory::Memory() {
  const std::string base = machineFolder() + "/memory-" + std::to_string(getpid());
  deviceFile = base + ".device";
  deviceFd = openFile(deviceFile);
  const char *mode = getenv("AIEKIT_NPU_SYNC");
  if (mode != nullptr && strcmp(mode, "driver") == 0) {
    hostFd = openFile(base + ".host");
    unlink((base + ".host").c_str());
  } else {
    hostFd = deviceFd;
  }
}

int64_t Memory::create(uint32_t type, uint64_t size) {
  if (size == 0) return -EINVAL;
  if (type == AMDXDNA_BO_DEV) return createInHeap(size);
  const bool heap = type == AMDXDNA_BO_DEV_HEAP;
  const uint64_t bytes = roundUp(size, pageBytes);
  uint64_t offset;
  const auto again = heap ? freed.end() : freed.find(bytes);
  if (again != freed.end()) {
    offset = again->second;
    freed.erase(again);
  } else {
    offset = roundUp(end, heap ? heapAlignment : pageBytes);
    if (ftruncate(hostFd, static_cast<off_t>(offset + bytes)) != 0) return -ENOMEM;
    if (ftruncate(deviceFd, static_cast<off_t>(offset + bytes)) != 0) return -ENOMEM;
    end = offset + bytes;
  }
  uint64_t address = sharedAddress + offset;
  if (heap) {
    if (heapSize == 0) heapOffset = offset;
    address = heapAddress + heapSize;
    heapSize += bytes;
  }
  objects[nextHandle] = {type, bytes, size, offset, address};
  return nextHandle++;
}

int64_t Memory::createInHeap(uint64_t asked) {
  const uint64_t size = roundUp(asked, heapStep);
  std::vector<std::pair<uint64_t, uint64_t>> used;
  for (const auto &[handle, bo] : objects) {
    if (bo.type == AMDXDNA_BO_DEV) used.emplace_back(bo.deviceAddress - heapAddress, bo.size);
  }
  std::sort(used.begin(), used.end());
  uint64_t at = 0;
  for (const auto &[start, bytes] : used) {
    if (at + size <= start) break;
    at = start + bytes;
  }
  if (at + size > heapSize) return heapSize == 0 ? -EINVAL : -EAGAIN;
  objects[nextHandle] = {AMDXDNA_BO_DEV, size, asked, heapOffset + at, heapAddress + at};
  return nextHandle++;
}

int Memory::destroy(uint32_t handle) {
  const auto found = objects.find(handle);
  if (found == objects.end()) return -EINVAL;
  const BufferObject bo = found->second;
  if (const auto view = mapped.find(handle); view != mapped.end()) {
    munmap(view->second, bo.size);
    mapped.erase(view);
  }
  objects.erase(found);
  if (bo.type == AMDXDNA_BO_DEV) return 0;
  if (bo.type == AMDXDNA_BO_DEV_HEAP) heapSize -= bo.size;
  for (const int fd : {hostFd, deviceFd}) {
    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(bo.offset), static_cast<off_t>(bo.size));
  }
  if (bo.type != AMDXDNA_BO_DEV_HEAP) freed.emplace(bo.size, bo.offset);
  return 0;
}

const BufferObject *Memory::find(uint32_t handle) const {
  const auto found = objects.find(handle);
  return found == objects.end() ? nullptr : &found->second;
}

int Memory::sync(uint32_t handle, bool toDevice, uint64_t offset, uint64_t size) {
  const BufferObject *bo = find(handle);
  if (bo == nullptr || offset > bo->size || size > bo->size - offset) return -EINVAL;
  if (hostFd == deviceFd) return 0;
  std::vector<uint8_t> bytes(std::min<uint64_t>(size, 1 << 20));
  for (uint64_t done = 0; done < size;) {
    const uint64_t n = std::min<uint64_t>(bytes.size(), size - done);
    const auto at = static_cast<off_t>(bo->offset + offset + done);
    if (pread(toDevice ? hostFd : deviceFd, bytes.data(), n, at) != static_cast<ssize_t>(n)) return -EIO;
    if (pwrite(toDevice ? deviceFd : hostFd, bytes.data(), n, at) != static_cast<ssize_t>(n)) return -EIO;
    done += n;
  }
  return 0;
}

uint8_t *Memory::host(const BufferObject &bo) {
  for (const auto &[handle, known] : objects) {
    if (&known != &bo) continue;
    const auto view = mapped.find(handle);
    if (view != mapped.end()) return view->second;
    void *at = mmap(nullptr, bo.size, PROT_READ | PROT_WRITE, MAP_SHARED, hostFd, static_cast<off_t>(bo.offset));
    return at == MAP_FAILED ? nullptr : mapped[handle] = static_cast<uint8_t *>(at);
  }
  return nullptr;
}

std::optional<Memory::Place> Memory::place(uint64_t address) const {
  for (const auto &[handle, bo] : objects) {
    if (bo.type == AMDXDNA_BO_DEV_HEAP || bo.type == AMDXDNA_BO_CMD) continue;
    if (address < bo.deviceAddress || address >= bo.deviceAddress + bo.size) continue;
    const uint64_t into = address - bo.deviceAddress;
    return Place{bo.offset + into, bo.size - into};
  }
  return std::nullopt;
}

std::vector<BufferObject> Memory::addressable() const {
  std::vector<BufferObject> found;
  for (const auto &[handle, bo] : objects) {
    if (bo.type != AMDXDNA_BO_DEV_HEAP && bo.type != AMDXDNA_BO_CMD) found.push_back(bo);
  }
  return found;
}

uint64_t Memory::heapUsage() const {
  uint64_t bytes = 0;
  for (const auto &[handle, bo] : objects) bytes += bo.type == AMDXDNA_BO_DEV ? bo.size : 0;
  return bytes;
}

} // namespace npu
