#include "elf_flow.h"

#include <sstream>
#include <stdexcept>
#include <type_traits>

#if __has_include(<xrt/experimental/xrt_elf.h>) && __has_include(<xrt/experimental/xrt_module.h>) && \
    __has_include(<xrt/experimental/xrt_ext.h>)
#include <xrt/experimental/xrt_elf.h>
#include <xrt/experimental/xrt_ext.h>
#include <xrt/experimental/xrt_module.h>
#define AIEKIT_HAS_ELF_FLOWS 1
#else
#define AIEKIT_HAS_ELF_FLOWS 0
#endif

namespace aiekit {
namespace {

[[noreturn, maybe_unused]] void lacking(const char *what) {
  throw std::runtime_error(std::string("the XRT that the addon is built against has no ") + what);
}

#if AIEKIT_HAS_ELF_FLOWS
xrt::elf elfOf(const std::string &bytes) {
  std::istringstream stream(bytes);
  return xrt::elf(stream);
}

// XRT got them one after the other: a header tells the first, these constructors the second.
template <class Context> constexpr bool fromElf = std::is_constructible_v<Context, const xrt::device &, const xrt::elf &>;
template <class Kernel> constexpr bool byName = std::is_constructible_v<Kernel, const xrt::hw_context &, const std::string &>;

template <class Context> Context contextOf(const xrt::device &device, const xrt::elf &elf) {
  if constexpr (fromElf<Context>) return Context(device, elf);
  else lacking("contexts of full ELFs");
}

template <class Kernel> xrt::kernel kernelOf(const xrt::hw_context &context, const std::string &name) {
  if constexpr (byName<Kernel>) return Kernel(context, name);
  else lacking("kernels of full ELFs");
}
#endif

} // namespace

#if AIEKIT_HAS_ELF_FLOWS

ElfFlows elfFlows() { return {true, fromElf<xrt::hw_context> && byName<xrt::ext::kernel>}; }

xrt::kernel moduleKernel(const xrt::hw_context &context, const std::string &elf, const std::string &name) {
  return xrt::ext::kernel(context, xrt::module(elfOf(elf)), name);
}

xrt::hw_context fullElfContext(const xrt::device &device, const std::string &elf) {
  return contextOf<xrt::hw_context>(device, elfOf(elf));
}

xrt::kernel fullElfKernel(const xrt::hw_context &context, const std::string &name) {
  return kernelOf<xrt::ext::kernel>(context, name);
}

#else

ElfFlows elfFlows() { return {false, false}; }
xrt::kernel moduleKernel(const xrt::hw_context &, const std::string &, const std::string &) { lacking("modules"); }
xrt::hw_context fullElfContext(const xrt::device &, const std::string &) { lacking("contexts of full ELFs"); }
xrt::kernel fullElfKernel(const xrt::hw_context &, const std::string &) { lacking("kernels of full ELFs"); }

#endif

} // namespace aiekit
