// Command packets as XRT writes them for amdxdna: a header word, then what the operation needs.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace npu {

/** States in the low four bits of a packet's header (ert.h's ERT_CMD_STATE_*). */
enum : unsigned { stateCompleted = 4, stateError = 5, stateAbort = 6, stateTimeout = 8 };

/** One execution of an instruction stream. */
struct Launch {
  uint64_t instructionAddress;
  uint64_t instructionBytes;
  /** Addresses of the data BOs, in the order of the kernel's arguments. */
  std::vector<uint64_t> buffers;
  /** XRT wrote the BOs' addresses into the stream, and passes none beside it (its module and full-ELF flows). */
  bool patched;
  /** It needs firmware with preemption: the full-ELF flow. */
  bool preemptible;
};

/** Reads ERT_START_CU, ERT_START_NPU and ERT_START_NPU_PREEMPT_ELF; nothing for other operations. `words` is the BO's length. */
std::optional<Launch> readLaunch(const uint32_t *packet, uint64_t words);

/** The BO handles of ERT_CMD_CHAIN's commands; nothing when the packet is not a chain. */
std::optional<std::vector<uint32_t>> readChain(const uint32_t *packet, uint64_t words);

void setState(uint32_t *packet, unsigned state);

/** Says in a chain's packet which command failed; those before it were executed. */
void setChainFailure(uint32_t *packet, unsigned index);

} // namespace npu
