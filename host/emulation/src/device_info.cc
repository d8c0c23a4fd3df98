#include "device_info.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace npu {
namespace {

int put(amdxdna_drm_get_info &info, const void *bytes, size_t size) {
  if (info.buffer_size < size) {
    info.buffer_size = static_cast<uint32_t>(size);
    errno = ENOSPC;
    return -1;
  }
  if (size > 0) memcpy(reinterpret_cast<void *>(static_cast<uintptr_t>(info.buffer)), bytes, size);
  info.buffer_size = static_cast<uint32_t>(size);
  return 0;
}

template <class T> int put(amdxdna_drm_get_info &info, const T &value) { return put(info, &value, sizeof value); }

// Rows, DMA channels, locks and events of the tiles, as a Phoenix reports them; locks and channels agree with AM020.
amdxdna_drm_query_aie_metadata metadata(unsigned columns) {
  amdxdna_drm_query_aie_metadata m{};
  m.col_size = 0x2000000;
  m.cols = static_cast<uint16_t>(columns);
  m.rows = 6;
  m.version = {2, 0};
  m.core = {coreRows, 2, 2, 16, 0, {}};
  m.mem = {1, 1, 6, 64, 0, {}};
  m.shim = {1, 0, 2, 16, 0, {}};
  return m;
}

} // namespace

int answerGetInfo(amdxdna_drm_get_info &info, const ArraySize &array, const std::vector<ContextInfo> &contexts) {
  switch (info.param) {
  case DRM_AMDXDNA_QUERY_AIE_METADATA:
    return put(info, metadata(array.columns));
  case DRM_AMDXDNA_QUERY_AIE_VERSION:
    return put(info, amdxdna_drm_query_aie_version{2, 0});
  case DRM_AMDXDNA_QUERY_FIRMWARE_VERSION:
    return put(info, amdxdna_drm_query_firmware_version{0, 0, 0, 0});
  case DRM_AMDXDNA_QUERY_CLOCK_METADATA: {
    amdxdna_drm_query_clock_metadata clocks{};
    strcpy(reinterpret_cast<char *>(clocks.mp_npu_clock.name), "MP-NPU Clock");
    strcpy(reinterpret_cast<char *>(clocks.h_clock.name), "H Clock");
    return put(info, clocks);
  }
  case DRM_AMDXDNA_GET_POWER_MODE:
    return put(info, amdxdna_drm_get_power_mode{});
  case DRM_AMDXDNA_QUERY_RESOURCE_INFO: {
    amdxdna_drm_get_resource_info resources{};
    resources.npu_task_max = array.contextLimit;
    resources.npu_task_curr = contexts.size();
    return put(info, resources);
  }
  case DRM_AMDXDNA_QUERY_HW_CONTEXTS: {
    std::vector<amdxdna_drm_query_hwctx> entries;
    for (const ContextInfo &context : contexts) {
      amdxdna_drm_query_hwctx entry{};
      entry.context_id = context.id;
      entry.num_col = context.columns;
      entry.pid = getpid();
      entry.command_submissions = context.submitted;
      entry.command_completions = context.completed;
      entry.errors = context.errors;
      entries.push_back(entry);
    }
    return put(info, entries.data(), entries.size() * sizeof entries[0]);
  }
  default:
    errno = EOPNOTSUPP;
    return -1;
  }
}

} // namespace npu
