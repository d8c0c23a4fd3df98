// Memory of the emulated device: buffer objects as ranges of two files, what the host sees and what the device sees.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace npu {

struct BufferObject {
  uint32_t type;
  uint64_t size;
  /** What was asked for; `size` is that and what it is rounded up by. */
  uint64_t asked;
  /** In both files. */
  uint64_t offset;
  /** As the device addresses it. */
  uint64_t deviceAddress;
};

/**
 * All BOs of the process. Where caches are emulated (AIEKIT_NPU_SYNC=driver) host and device have a file each and only
 * SYNC_BO moves bytes between them; else both are one file, as with a program whose XRT flushes caches by itself.
 * Not safe for threads: the driver's lock guards it.
 */
class Memory {
public:
  Memory();
  int fd() const { return hostFd; }
  const std::string &devicePath() const { return deviceFile; }

  /** Gives a handle, or minus errno. */
  int64_t create(uint32_t type, uint64_t size);
  int destroy(uint32_t handle);
  const BufferObject *find(uint32_t handle) const;
  int sync(uint32_t handle, bool toDevice, uint64_t offset, uint64_t size);
  /** The host's mapping of the start of a BO: command packets. */
  uint8_t *host(const BufferObject &bo);
  /** Offset in the device's file, and the bytes from there to the end of the BO. */
  struct Place {
    uint64_t offset;
    uint64_t bytes;
  };
  std::optional<Place> place(uint64_t deviceAddress) const;
  /** The BOs that commands can address: neither heaps nor command packets. */
  std::vector<BufferObject> addressable() const;
  uint64_t heapUsage() const;

private:
  int64_t createInHeap(uint64_t asked);
  int hostFd = -1;
  int deviceFd = -1;
  std::string deviceFile;
  uint64_t end = 0;
  uint64_t heapSize = 0;
  uint64_t heapOffset = 0;
  uint32_t nextHandle = 1;
  std::map<uint32_t, BufferObject> objects;
  /** Freed ranges of the file by size, for the next BO of that size. */
  std::multimap<uint64_t, uint64_t> freed;
  std::map<uint32_t, uint8_t *> mapped;
};

} // namespace npu
