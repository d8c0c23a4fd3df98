// The process that stands for the array: it executes commands in the simulator. One line a message, over a socket.
//
//   to it:    hello PID DEVICE_FILE            from it:  ok ID COLUMNS+256*CONTEXTS+65536*PREEMPTION
//             ID context TILES                           ok ID CONTEXT | err ID ERRNO
//             ID configure CONTEXT OFFSET BYTES          ok ID 0 | err ID ERRNO
//             destroy CONTEXT
//             run CONTEXT SEQ N (PATCHED OFFSET BYTES NBO (ADDRESS OFFSET BYTES)*NBO)*N
//                                                        end CONTEXT SEQ STATE INDEX
// PATCHED is 1 where the stream has the BOs' addresses in it: the BOs are then all that the process has, in no order.
// Offsets are of the device's memory, a file; STATE is a command state of XRT, INDEX the command of a chain that failed.
#pragma once
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <string>

namespace npu {

class Executor {
public:
  struct End {
    uint32_t context;
    uint64_t seq;
    unsigned state;
    unsigned index;
  };
  using OnEnd = std::function<void(const End &)>;
  using OnLost = std::function<void()>;

  /** Connects and says hello. Callbacks come from a thread of its own. */
  Executor(const std::string &deviceFile, OnEnd onEnd, OnLost onLost);

  /** Of the array; 0 where nobody answers. */
  unsigned columns() const { return columnCount; }
  /** Contexts that all processes together may have. */
  unsigned contextLimit() const { return contextCount; }
  /** Whether its firmware has preemption, and takes the commands of full ELFs. */
  bool hasPreemption() const { return preemption; }
  /** Sends a request and waits. Gives the answer's value, or minus errno. */
  int64_t ask(const std::string &request);
  void tell(const std::string &message);

private:
  void readAnswers();
  void handle(const std::string &line);
  bool send(const std::string &line);

  int fd = -1;
  unsigned columnCount = 0;
  unsigned contextCount = 0;
  bool preemption = false;
  std::mutex mutex;
  uint64_t nextId = 1;
  std::map<uint64_t, std::promise<int64_t>> waiting;
  bool lost = false;
  OnEnd onEnd;
  OnLost onLost;
};

} // namespace npu
