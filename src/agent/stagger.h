// When an instance reloads after a change, so that not all do at once.
#pragma once

#include <chrono>
#include <string_view>

namespace kw::agent {

/// Between 0 and `most`: always the same for one instance and application, spread evenly over many.
std::chrono::milliseconds stagger(std::string_view consumer, std::string_view instance,
                                  std::string_view application, std::chrono::milliseconds most);

}  // namespace kw::agent
