// What the driver tells of the device: DRM_IOCTL_AMDXDNA_GET_INFO.
#pragma once
#include <cstdint>
#include <drm/amdxdna_accel.h>
#include <vector>

namespace npu {

/** Rows of compute tiles; XRT counts tiles, the driver columns. */
constexpr uint32_t coreRows = 4;

struct ArraySize {
  unsigned columns;
  unsigned contextLimit;
};

struct ContextInfo {
  uint32_t id;
  uint32_t columns;
  uint64_t submitted;
  uint64_t completed;
  uint64_t errors;
};

/** Gives 0, or -1 and errno: ENOSPC with the bytes that are needed, EOPNOTSUPP for what is not emulated. */
int answerGetInfo(amdxdna_drm_get_info &info, const ArraySize &array, const std::vector<ContextInfo> &contexts);

} // namespace npu
