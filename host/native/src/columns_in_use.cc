#include "columns_in_use.h"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "instance.h"
#include "work_thread.h"

#if __has_include(<drm/amdxdna_accel.h>)
#include <cstdint>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/stddef.h>
// A header of a newer kernel beside an older system's: this mark of arrays came later.
#ifndef __counted_by
#define __counted_by(member)
#endif
#include <drm/amdxdna_accel.h>
#include <sys/ioctl.h>
#include <unistd.h>
#endif

namespace aiekit {
namespace {

struct Use {
  size_t columns, contexts;
};

#if __has_include(<drm/amdxdna_accel.h>)

/** /dev/accel/accel0, by the folder in sysfs that the driver makes for it; empty where there is none. */
std::string nodeOf(const std::string &address) {
  DIR *folder = opendir(("/sys/bus/pci/devices/" + address + "/accel").c_str());
  if (folder == nullptr) return "";
  std::string node;
  while (const dirent *entry = readdir(folder)) {
    if (strncmp(entry->d_name, "accel", 5) == 0) node = std::string("/dev/accel/") + entry->d_name;
  }
  closedir(folder);
  return node;
}

std::optional<Use> askDriver(const std::string &address) {
  const int fd = open(nodeOf(address).c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  // More than any NPU grants (16), so that one question is enough.
  std::vector<amdxdna_drm_query_hwctx> entries(256);
  amdxdna_drm_get_info request{};
  request.param = DRM_AMDXDNA_QUERY_HW_CONTEXTS;
  request.buffer_size = static_cast<uint32_t>(entries.size() * sizeof entries[0]);
  request.buffer = reinterpret_cast<uintptr_t>(entries.data());
  const int answer = ioctl(fd, DRM_IOCTL_AMDXDNA_GET_INFO, &request);
  close(fd);
  if (answer != 0) return std::nullopt;
  entries.resize(request.buffer_size / sizeof entries[0]);
  // Contexts that do not fit side by side take turns on the same columns.
  std::set<uint32_t> columns;
  for (const auto &entry : entries) {
    for (uint32_t i = 0; i < entry.num_col; i++) columns.insert(entry.start_col + i);
  }
  return Use{columns.size(), entries.size()};
}

#else

std::optional<Use> askDriver(const std::string &) { return std::nullopt; }

#endif

} // namespace

Napi::Value columnsInUse(const Napi::CallbackInfo &info) {
  const std::string address = info[0].As<Napi::String>();
  return promiseOnNewThread(info.Env(), Instance::of(info.Env()).calls, [address] {
    return [use = askDriver(address)](Napi::Env env) -> Napi::Value {
      if (!use) return env.Undefined();
      const Napi::Object object = Napi::Object::New(env);
      object.Set("columns", static_cast<double>(use->columns));
      object.Set("contexts", static_cast<double>(use->contexts));
      return object;
    };
  });
}

} // namespace aiekit
