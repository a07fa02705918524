// Places where a test build can be made to fail, stop or die. In other builds they compile to
// nothing.
//
//   KW_FAILPOINT("store.commit");            // returns Error when armed with "error"
// Armed by the environment before start:
// KEYWRIGHT_FAILPOINTS="store.commit=abort@3;audit.append=error".
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"

namespace kw::failpoint {

/// Arms points from "name=action[@hit]" separated by ';'. Actions: `abort` (as kill -9), `error`,
/// `delay` (20 ms).
/// `@hit` fires at that hit only (1 is the first); without it, at each hit.
/// @errors kInvalidArgument(bad_failpoint)
Status arm(std::string_view specification);
void disarm_all();
/// Counts a hit of `name` and acts. @errors kUnavailable(failpoint) when armed with `error`.
Status hit(std::string_view name);
/// Names hit so far, each once: how a test learns the catalogue.
std::vector<std::string> seen();

}  // namespace kw::failpoint

#ifdef KW_FAILPOINTS
#define KW_FAILPOINT(name) KW_OK(::kw::failpoint::hit(name))
#else
#define KW_FAILPOINT(name) static_cast<void>(0)
#endif
