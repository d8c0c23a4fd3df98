// The functions of the C library through which XRT reaches the driver. Everything else of the program goes on as before.
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "driver.h"
#include "faults.h"
#include "paths.h"

namespace {

using npu::Redirected;

// Descriptors of the NPU's node. No lock: a child between fork and exec may close while another thread of its parent held one.
constexpr int maxDescriptors = 65536;
std::atomic<bool> ours[maxDescriptors];

bool isOurs(int fd) { return fd >= 0 && fd < maxDescriptors && ours[fd].load(std::memory_order_relaxed); }

/** The function of that name behind this library. */
template <class F> F next(const char *name) { return reinterpret_cast<F>(dlsym(RTLD_NEXT, name)); }

int openAt(int folder, const char *path, int flags, unsigned mode) {
  if (npu::isDeviceNode(path)) {
    const int fd = npu::openNode(Redirected(path).get());
    if (fd >= 0 && fd < maxDescriptors) ours[fd].store(true);
    return fd;
  }
  return static_cast<int>(syscall(SYS_openat, folder, Redirected(path).get(), flags, mode));
}

} // namespace

extern "C" {

int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void *argument = va_arg(list, void *);
  va_end(list);
  // 'd': the kind of all DRM drivers.
  if (_IOC_TYPE(request) == 'd' && isOurs(fd)) return npu::answerIoctl(request, argument);
  return static_cast<int>(syscall(SYS_ioctl, fd, request, argument));
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
  static const auto real = next<decltype(&pthread_create)>("pthread_create");
  return npu::takeFault(npu::placeThread) != 0 ? errno : real(thread, attributes, start, argument);
}

#define OPENED_WITH_MODE(flags)                                                                                        \
  unsigned mode = 0;                                                                                                   \
  if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                                             \
    va_list list;                                                                                                      \
    va_start(list, flags);                                                                                             \
    mode = va_arg(list, unsigned);                                                                                     \
    va_end(list);                                                                                                      \
  }

int open(const char *path, int flags, ...) {
  OPENED_WITH_MODE(flags)
  return openAt(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  OPENED_WITH_MODE(flags)
  return openAt(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
int openat(int folder, const char *path, int flags, ...) {
  OPENED_WITH_MODE(flags)
  return openAt(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
  OPENED_WITH_MODE(flags)
  return openAt(folder, path, flags | O_LARGEFILE, mode);
}

int close(int fd) {
  if (isOurs(fd)) ours[fd].store(false);
  return static_cast<int>(syscall(SYS_close, fd));
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset) {
  // The driver's heap is locked memory. Here the machine's limit does not count, but a test's fault does.
  if ((flags & MAP_LOCKED) && isOurs(fd)) {
    if (npu::takeFault(npu::placeLockedMap) != 0) return MAP_FAILED;
    flags &= ~MAP_LOCKED;
  }
  const long result = syscall(SYS_mmap, address, size, protection, flags, fd, offset);
  return reinterpret_cast<void *>(result);
}

FILE *fopen(const char *path, const char *mode) {
  static const auto real = next<FILE *(*)(const char *, const char *)>("fopen");
  return real(Redirected(path).get(), mode);
}
FILE *fopen64(const char *path, const char *mode) {
  static const auto real = next<FILE *(*)(const char *, const char *)>("fopen64");
  return real(Redirected(path).get(), mode);
}
DIR *opendir(const char *path) {
  static const auto real = next<DIR *(*)(const char *)>("opendir");
  return real(Redirected(path).get());
}
int stat(const char *path, struct stat *result) {
  static const auto real = next<int (*)(const char *, struct stat *)>("stat");
  return real(Redirected(path).get(), result);
}
int lstat(const char *path, struct stat *result) {
  static const auto real = next<int (*)(const char *, struct stat *)>("lstat");
  return real(Redirected(path).get(), result);
}
ssize_t readlink(const char *path, char *target, size_t size) {
  static const auto real = next<ssize_t (*)(const char *, char *, size_t)>("readlink");
  return real(Redirected(path).get(), target, size);
}
char *realpath(const char *path, char *resolved) {
  static const auto real = next<char *(*)(const char *, char *)>("realpath");
  char *found = real(Redirected(path).get(), resolved);
  const std::string &folder = npu::machineFolder();
  if (found != nullptr && !folder.empty() && strncmp(found, folder.c_str(), folder.size()) == 0) {
    memmove(found, found + folder.size(), strlen(found) - folder.size() + 1);
  }
  return found;
}

} // extern "C"
