// Statements of an administrator with a hole for a name.
#pragma once

#include <string>
#include <string_view>

namespace kw::connectors {

/// Every {{name}} replaced. @param quoted  the name as the dialect quotes it
std::string fill_statements(std::string_view statements, std::string_view quoted);

}  // namespace kw::connectors
