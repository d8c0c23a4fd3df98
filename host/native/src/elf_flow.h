// XRT's flows with ELFs of control code, where the XRT that this is built against has them.
#pragma once
#include <string>
#include <xrt/xrt_device.h>
#include <xrt/xrt_hw_context.h>
#include <xrt/xrt_kernel.h>

namespace aiekit {

/** Which flows there are: instructions in an ELF beside an xclbin, and a full ELF in place of one. */
struct ElfFlows {
  bool module;
  bool full;
};
ElfFlows elfFlows();

/** A kernel of a context's xclbin whose instructions are in an ELF; XRT writes the BOs' addresses into a run's copy of them. */
xrt::kernel moduleKernel(const xrt::hw_context &context, const std::string &elf, const std::string &name);

/** A context that a full ELF configures. */
xrt::hw_context fullElfContext(const xrt::device &device, const std::string &elf);
/** A kernel of such a context, `kernel:instance`. */
xrt::kernel fullElfKernel(const xrt::hw_context &context, const std::string &name);

} // namespace aiekit
