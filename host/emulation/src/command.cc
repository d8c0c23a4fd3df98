#include "command.h"

#include <cstring>

namespace npu {
namespace {

enum : unsigned { startCu = 0, chain = 19, startNpu = 20, startNpuPreemptElf = 22 };

unsigned operationOf(uint32_t header) { return header >> 23 & 0x1f; }
uint32_t payloadWords(uint32_t header) { return header >> 12 & 0x7ff; }

template <class T> T at(const uint8_t *bytes) {
  T value;
  memcpy(&value, bytes, sizeof value);
  return value;
}

} // namespace

std::optional<Launch> readLaunch(const uint32_t *packet, uint64_t words) {
  const uint32_t header = packet[0], extraMasks = header >> 10 & 3;
  const unsigned operation = operationOf(header);
  const uint64_t masks = 1 + extraMasks;
  const uint64_t payload = payloadWords(header);
  if (payload < masks || 1 + payload > words) return std::nullopt;
  // After the masks of compute units: the kernel's register map, of these bytes.
  const auto *registers = reinterpret_cast<const uint8_t *>(packet + 1 + masks);
  const uint64_t bytes = (payload - masks) * 4;
  Launch launch{};
  if (operation == startCu && bytes >= 0x14) {
    launch.instructionAddress = at<uint64_t>(registers + 8);
    launch.instructionBytes = at<uint32_t>(registers + 0x10) * 4ull;
    for (uint64_t offset = 0x14; offset + 8 <= bytes; offset += 8) {
      launch.buffers.push_back(at<uint64_t>(registers + offset));
    }
  } else if (operation == startNpu && bytes >= 16) {
    // ert_npu_data, then the opcode.
    launch.instructionAddress = at<uint64_t>(registers);
    launch.instructionBytes = at<uint32_t>(registers + 8);
    launch.patched = true;
  } else if (operation == startNpuPreemptElf && bytes >= 40) {
    // ert_npu_preempt_data: addresses of the instructions, of what saves and what restores, then their sizes.
    launch.instructionAddress = at<uint64_t>(registers);
    launch.instructionBytes = at<uint32_t>(registers + 24);
    launch.patched = launch.preemptible = true;
  } else {
    return std::nullopt;
  }
  while (!launch.buffers.empty() && launch.buffers.back() == 0) launch.buffers.pop_back();
  return launch;
}

// After the header: count of commands, index submitted, index of the error, three reserved words, handles of 64 bits.
std::optional<std::vector<uint32_t>> readChain(const uint32_t *packet, uint64_t words) {
  if (operationOf(packet[0]) != chain) return std::nullopt;
  const uint32_t count = packet[1];
  std::vector<uint32_t> handles;
  for (uint64_t i = 0; i < count && 7 + 2 * i + 1 < words; i++) handles.push_back(packet[7 + 2 * i]);
  return handles;
}

void setState(uint32_t *packet, unsigned state) {
  const uint32_t header = __atomic_load_n(packet, __ATOMIC_ACQUIRE);
  __atomic_store_n(packet, (header & ~0xfu) | state, __ATOMIC_RELEASE);
}

void setChainFailure(uint32_t *packet, unsigned index) {
  packet[2] = index;
  packet[3] = index;
}

} // namespace npu
