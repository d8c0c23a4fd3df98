// What XRT threw, as one JS error: { message: XRT's text, code, errno, ertState }.
#pragma once
#include <cerrno>
#include <napi.h>
#include <string>
#include <system_error>

namespace aiekit {

struct Failure {
  /** One of: RUN_FAILED, CONTEXT_REFUSED, CONTEXT_CONFIGURE, NO_DPU_KERNEL, MEMLOCK, PERMISSION, NO_DEVICE, OUT_OF_MEMORY,
   *  BAD_XCLBIN, NO_KERNEL, BAD_ARGUMENT, CLOSED, NO_THREAD, XRT. */
  std::string code;
  /** XRT's own words. */
  std::string message;
  /** errno where XRT tells one, else 0. */
  int error = 0;
  /** Command state where a command failed, else 0. */
  int ertState = 0;

  Napi::Error toJs(Napi::Env env) const;
};

/** The system gives no thread. */
struct ThreadError : std::system_error {
  explicit ThreadError(std::error_code code) : system_error(code, "no thread could be started") {}
};

/** Describes the exception that is being handled; call it in a catch block. */
Failure currentFailure();

/** Calls `body` again when a signal interrupted the driver, up to a hundred times: XRT hands EINTR through. */
template <class Body> auto uninterrupted(Body body) -> decltype(body()) {
  for (int left = 100;; left--) {
    try {
      return body();
    } catch (const std::system_error &e) {
      if (e.code().value() != EINTR || left == 0) throw;
    }
  }
}

/** Runs `body`; whatever XRT throws leaves it as a JS error. */
template <class Body> auto guarded(Napi::Env env, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const Napi::Error &) {
    throw;
  } catch (...) {
    throw currentFailure().toJs(env);
  }
}

} // namespace aiekit
