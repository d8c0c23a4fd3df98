// The amdxdna driver's ioctls, answered in the process that calls them.
#pragma once

namespace npu {

/** Whether an NPU is emulated and its node may be opened, as a descriptor; -1 and errno where not. */
int openNode(const char *realPath);

/** An ioctl of the DRM kind on a descriptor of `openNode`. Gives 0, or -1 and errno. */
int answerIoctl(unsigned long request, void *argument);

} // namespace npu
