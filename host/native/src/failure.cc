#include "failure.h"

#include <new>
#include <system_error>
#include <xrt/experimental/xrt_kernel.h>
#include <xrt/xrt_kernel.h>

namespace aiekit {
namespace {

bool has(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }

/** By errno and the call that failed, both part of XRT's text. */
std::string codeOf(const std::string &text, int error) {
  if (has(text, "CREATE_HWCTX") && error == EINVAL) return "CONTEXT_REFUSED";
  if (has(text, "CONFIG_HWCTX")) return "CONTEXT_CONFIGURE";
  if (has(text, "No valid DPU kernel")) return "NO_DPU_KERNEL";
  if (has(text, "No such kernel")) return "NO_KERNEL";
  if (has(text, "No such device") || error == ENODEV) return "NO_DEVICE";
  if (has(text, "Open /dev/accel")) return error == EACCES || error == EPERM ? "PERMISSION" : "NO_DEVICE";
  // The device's heap is mapped with MAP_LOCKED.
  if (has(text, "mmap(") && error == EAGAIN) return "MEMLOCK";
  // What std::thread throws: XRT starts threads, too.
  if (error == EAGAIN && text == std::generic_category().message(EAGAIN)) return "NO_THREAD";
  if (error == ENOMEM) return "OUT_OF_MEMORY";
  if (has(text, "xclbin")) return "BAD_XCLBIN";
  return "XRT";
}

} // namespace

Failure currentFailure() {
  try {
    throw;
  } catch (const xrt::run::command_error &e) {
    return {"RUN_FAILED", e.what(), 0, static_cast<int>(e.get_command_state())};
  } catch (const xrt::runlist::command_error &e) {
    return {"RUN_FAILED", e.what(), 0, static_cast<int>(e.get_command_state())};
  } catch (const ThreadError &e) {
    return {"NO_THREAD", e.what(), e.code().value(), 0};
  } catch (const std::system_error &e) {
    const int error = e.code().value();
    return {codeOf(e.what(), error), e.what(), error, 0};
  } catch (const std::bad_alloc &e) {
    return {"OUT_OF_MEMORY", e.what(), ENOMEM, 0};
  } catch (const std::exception &e) {
    return {codeOf(e.what(), 0), e.what(), 0, 0};
  } catch (...) {
    return {"XRT", "XRT threw something that is no exception", 0, 0};
  }
}

Napi::Error Failure::toJs(Napi::Env env) const {
  Napi::Error made = Napi::Error::New(env, message);
  made.Set("code", Napi::String::New(env, code));
  made.Set("errno", Napi::Number::New(env, error));
  made.Set("ertState", Napi::Number::New(env, ertState));
  return made;
}

} // namespace aiekit
