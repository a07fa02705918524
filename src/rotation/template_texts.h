// The files of templates/, as text inside the program; made at build time. Inside the room only.
#pragma once

#include <span>
#include <string_view>

namespace kw::rotation {

struct TemplateText {
  std::string_view name, text;
};
std::span<const TemplateText> template_texts();

}  // namespace kw::rotation
