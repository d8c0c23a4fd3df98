// What the contexts of all programs have of an NPU, which XRT's C++ interface does not tell.
#pragma once
#include <napi.h>

namespace aiekit {

/**
 * `columnsInUse(bdf)` of JS: { columns, contexts } by the driver's list of contexts;
 * undefined where the driver does not tell, or the addon was built without the kernel's drm/amdxdna_accel.h.
 */
Napi::Value columnsInUse(const Napi::CallbackInfo &info);

} // namespace aiekit
