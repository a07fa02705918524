// The policy reference, docs/guide/policies.md, written from the table of fields and the templates.
#pragma once

#include <string>

namespace kw::rotation {

/// The whole document, Markdown.
std::string policy_reference();

}  // namespace kw::rotation
