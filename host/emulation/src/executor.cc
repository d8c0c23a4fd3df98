#include "executor.h"

#include <cerrno>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include "paths.h"

namespace npu {

Executor::Executor(const std::string &deviceFile, OnEnd end, OnLost gone) : onEnd(std::move(end)), onLost(std::move(gone)) {
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", machineFolder().c_str());
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0) {
    fprintf(stderr, "emulated NPU: %s: %s\n", address.sun_path, strerror(errno));
    lost = true;
    return;
  }
  // Signals are the program's: none is delivered to this thread.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([this] { readAnswers(); }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  const int64_t answer = ask("hello " + std::to_string(getpid()) + " " + deviceFile);
  columnCount = answer > 0 ? static_cast<unsigned>(answer & 0xff) : 0;
  contextCount = answer > 0 ? static_cast<unsigned>(answer >> 8 & 0xff) : 0;
  preemption = answer > 0 && (answer >> 16 & 1) != 0;
}

int64_t Executor::ask(const std::string &request) {
  std::future<int64_t> answer;
  {
    std::lock_guard lock(mutex);
    if (lost) return -EIO;
    const uint64_t id = nextId++;
    answer = waiting[id].get_future();
    if (!send(std::to_string(id) + " " + request + "\n")) return -EIO;
  }
  return answer.get();
}

void Executor::tell(const std::string &message) {
  std::lock_guard lock(mutex);
  if (!lost) send("0 " + message + "\n");
}

bool Executor::send(const std::string &line) {
  for (size_t sent = 0; sent < line.size();) {
    const ssize_t n = ::send(fd, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    sent += static_cast<size_t>(n);
  }
  return true;
}

void Executor::readAnswers() {
  std::string pending;
  char chunk[4096];
  for (;;) {
    const ssize_t n = recv(fd, chunk, sizeof chunk, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    pending.append(chunk, static_cast<size_t>(n));
    for (size_t end; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1)) {
      handle(pending.substr(0, end));
    }
  }
  {
    std::lock_guard lock(mutex);
    lost = true;
    for (auto &[id, answer] : waiting) answer.set_value(-EIO);
    waiting.clear();
  }
  onLost();
}

void Executor::handle(const std::string &line) {
  uint64_t id = 0;
  int64_t value = 0;
  End end{};
  const bool ok = sscanf(line.c_str(), "ok %" SCNu64 " %" SCNd64, &id, &value) == 2;
  if (ok || sscanf(line.c_str(), "err %" SCNu64 " %" SCNd64, &id, &value) == 2) {
    std::lock_guard lock(mutex);
    const auto found = waiting.find(id);
    if (found == waiting.end()) return;
    found->second.set_value(ok ? value : -value);
    waiting.erase(found);
  } else if (sscanf(line.c_str(), "end %" SCNu32 " %" SCNu64 " %u %u", &end.context, &end.seq, &end.state, &end.index) == 4) {
    onEnd(end);
  }
}

} // namespace npu
