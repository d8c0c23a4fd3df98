// A host program as anybody would write it: runs a kernel of a full ELF through XRT, without an xclbin.
//
//   run_full_elf FILE.elf KERNEL:INSTANCE OUT_BYTES OUT_FILE IN_FILE...
//
// Arguments of the kernel: the inputs in order, one output. What XRT throws is printed, with exit code 1 and the command's state.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>
#include <xrt/experimental/xrt_elf.h>
#include <xrt/experimental/xrt_ext.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_hw_context.h>
#include <xrt/xrt_kernel.h>

int main(int count, char **words) {
  if (count < 6) return 2;
  const std::vector<std::string> args(words, words + count);
  xrt::device device(0u);
  xrt::run run;
  try {
    const xrt::elf elf(args[1]);
    const xrt::hw_context context(device, elf);
    const xrt::ext::kernel kernel(context, args[2]);
    std::vector<xrt::bo> data;
    for (int i = 5; i < count; i++) {
      std::ifstream file(args[i], std::ios::binary);
      const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
      xrt::bo bo = xrt::ext::bo(device, bytes.size());
      bo.write(bytes.data());
      bo.sync(XCL_BO_SYNC_BO_TO_DEVICE);
      data.push_back(bo);
    }
    xrt::bo out = xrt::ext::bo(device, std::stoul(args[3]));
    data.push_back(out);
    run = xrt::run(kernel);
    for (size_t i = 0; i < data.size(); i++) run.set_arg(static_cast<int>(i), data[i]);
    run.start();
    run.wait2();
    std::vector<char> bytes(out.size());
    out.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
    out.read(bytes.data());
    std::ofstream(args[4], std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  } catch (const std::exception &e) {
    printf("%s (state %d)\n", e.what(), run ? static_cast<int>(run.state()) : 0);
    fflush(stdout);
    // Without destructors: XRT ends the process when a run in progress is freed.
    std::_Exit(1);
  }
  return 0;
}
