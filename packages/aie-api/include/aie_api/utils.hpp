// Debug printing of the published interface is not supported in a kernel; the header exists so that includes resolve.
#pragma once

#include "aie.hpp"
