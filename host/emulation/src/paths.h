// Where the emulated machine's files are: below a folder that the executor makes.
#pragma once
#include <string>

namespace npu {

/** Folder of the emulated machine: sys/, dev/, faults, socket. Empty where no NPU is emulated. */
const std::string &machineFolder();

/** A path of the NPU's device node or of its entries in sysfs, as it is below the machine's folder; others unchanged. */
class Redirected {
public:
  explicit Redirected(const char *path);
  const char *get() const { return target; }

private:
  char text[4352];
  const char *target;
};

/** True for the NPU's device node. */
bool isDeviceNode(const char *path);

} // namespace npu
