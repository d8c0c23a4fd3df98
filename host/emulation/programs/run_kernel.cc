// A host program as anybody would write it: runs a kernel through XRT, and times its launches.
//
//   run_kernel FILE.xclbin KERNEL insts.bin OUT_BYTES OUT_FILE LAUNCHES LIST IN_FILE...
//
// Arguments of the kernel: opcode, instructions, their words, the inputs in order, one output. LIST > 1 executes runlists of so
// many launches. Prints microseconds a launch, the median over the launches or lists.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>
#include <xrt/experimental/xrt_kernel.h>
#include <xrt/experimental/xrt_xclbin.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_hw_context.h>
#include <xrt/xrt_kernel.h>

namespace {

std::vector<char> readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

xrt::bo filled(const xrt::device &device, const std::vector<char> &bytes, xrt::bo::flags flags, int group) {
  xrt::bo bo(device, bytes.size(), flags, static_cast<xrt::memory_group>(group));
  bo.write(bytes.data());
  bo.sync(XCL_BO_SYNC_BO_TO_DEVICE);
  return bo;
}

} // namespace

int main(int count, char **words) {
  if (count < 8) return 2;
  const std::vector<std::string> args(words, words + count);
  const int launches = std::stoi(args[6]), listLength = std::stoi(args[7]);
  xrt::device device(0u);
  const xrt::xclbin xclbin(args[1]);
  const xrt::hw_context context(device, device.register_xclbin(xclbin));
  const xrt::kernel kernel(context, args[2]);
  const std::vector<char> insts = readFile(args[3]);
  const xrt::bo instr = filled(device, insts, xrt::bo::flags::cacheable, kernel.group_id(1));
  std::vector<xrt::bo> data;
  for (int i = 8; i < count; i++) {
    data.push_back(filled(device, readFile(args[i]), xrt::bo::flags::host_only, kernel.group_id(3 + i - 8)));
  }
  const std::vector<char> empty(std::stoul(args[4]), 0);
  data.push_back(filled(device, empty, xrt::bo::flags::host_only, kernel.group_id(3 + count - 8)));

  std::vector<xrt::run> runs;
  for (int i = 0; i < listLength; i++) {
    xrt::run run(kernel);
    run.set_arg(0, static_cast<uint64_t>(3));
    run.set_arg(1, instr);
    run.set_arg(2, static_cast<uint32_t>(insts.size() / 4));
    for (size_t n = 0; n < data.size(); n++) run.set_arg(static_cast<int>(3 + n), data[n]);
    runs.push_back(run);
  }
  std::vector<double> microseconds;
  for (int i = 0; i < launches; i++) {
    const auto start = std::chrono::steady_clock::now();
    if (listLength > 1) {
      xrt::runlist list(context);
      for (const xrt::run &run : runs) list.add(run);
      list.execute();
      list.wait();
    } else {
      runs[0].start();
      runs[0].wait2();
    }
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    microseconds.push_back(took.count() / listLength);
  }
  std::vector<char> out(data.back().size());
  data.back().sync(XCL_BO_SYNC_BO_FROM_DEVICE);
  data.back().read(out.data());
  std::ofstream(args[5], std::ios::binary).write(out.data(), static_cast<std::streamsize>(out.size()));
  std::nth_element(microseconds.begin(), microseconds.begin() + launches / 2, microseconds.end());
  printf("%.2f\n", microseconds[launches / 2]);
  return 0;
}
