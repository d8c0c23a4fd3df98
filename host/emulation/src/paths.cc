#include "paths.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace npu {

const std::string &machineFolder() {
  // Never destroyed: threads of the program may still ask while it ends.
  static const std::string &folder = *new std::string([] {
    const char *value = getenv("AIEKIT_EMULATED_NPU");
    return value == nullptr ? "" : value;
  }());
  return folder;
}

Redirected::Redirected(const char *path) : target(path) {
  if (path == nullptr || machineFolder().empty()) return;
  for (const char *prefix : {"/sys/bus/pci/drivers/amdxdna", "/sys/bus/pci/devices/0000:c5:00.1",
                             "/sys/devices/pci0000:00/0000:00:08.2/0000:c5:00.1", "/dev/accel", "/sys/module/amdxdna"}) {
    if (strncmp(path, prefix, strlen(prefix)) != 0) continue;
    snprintf(text, sizeof text, "%s%s", machineFolder().c_str(), path);
    target = text;
    return;
  }
}

bool isDeviceNode(const char *path) {
  return path != nullptr && !machineFolder().empty() && strcmp(path, "/dev/accel/accel0") == 0;
}

} // namespace npu
