// Names of nodes and edge types.
#include <algorithm>
#include <array>

#include "base/name.h"
#include "rotation/graph_model.h"

namespace kw::rotation {
namespace {

constexpr std::size_t kKindBytesMax = 32;
constexpr std::size_t kNameBytesMax = 256;
constexpr std::array<std::string_view, 6> kTypeNames = {"wraps",  "issues", "authenticates",
                                                        "embeds", "shares", "verifies"};

Error bad_node() {
  return error(Code::kInvalidArgument, "bad_node",
               "a node is kind:tenant/name, or kind:name for something outside");
}

bool is_letter(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_word(char c) {
  return is_letter(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_kind(std::string_view text) {
  const auto fits = [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= kKindBytesMax && is_letter(text[0]) &&
         std::all_of(text.begin(), text.end(), fits);
}

bool is_name(std::string_view text, std::string_view marks) {
  const auto fits = [&](char c) { return is_word(c) || marks.find(c) != marks.npos; };
  return !text.empty() && text.size() <= kNameBytesMax && is_word(text[0]) &&
         std::all_of(text.begin(), text.end(), fits);
}

}  // namespace

Result<Node> Node::parse(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos || !is_kind(text.substr(0, colon))) return bad_node();
  const std::string_view rest = text.substr(colon + 1);
  const auto slash = rest.find('/');
  const bool good = slash == rest.npos ? is_name(rest, "._@-")
                                       : TenantRule::matches(rest.substr(0, slash)) &&
                                             is_name(rest.substr(slash + 1), "._/@-");
  if (!good) return bad_node();
  return Node{std::string(text)};
}

Result<Node> Node::of(const Subject& subject) {
  if (subject.tenant.empty()) return bad_node();
  return parse(subject.text());
}

std::string_view Node::kind() const {
  return std::string_view(text).substr(0, text.find(':'));
}

std::string_view Node::tenant() const {
  const auto slash = text.find('/');
  if (slash == text.npos) return {};
  const auto start = text.find(':') + 1;
  return std::string_view(text).substr(start, slash - start);
}

std::optional<Subject> Node::subject() const {
  if (tenant().empty()) return std::nullopt;
  return Subject{std::string(kind()), std::string(tenant()), text.substr(text.find('/') + 1)};
}

std::string_view edge_type_name(EdgeType type) {
  return kTypeNames[static_cast<std::size_t>(type)];
}

Result<EdgeType> parse_edge_type(std::string_view name) {
  for (std::size_t i = 0; i < kTypeNames.size(); ++i)
    if (kTypeNames[i] == name) return static_cast<EdgeType>(i);
  return error(Code::kInvalidArgument, "bad_edge",
               "an edge is wraps, issues, authenticates, embeds, shares or verifies");
}

std::string cycle_text(std::span<const Edge> cycle) {
  constexpr std::size_t kShown = 10;
  std::string text;
  for (std::size_t i = 0; i < cycle.size() && i < kShown; ++i) {
    const Edge& edge = cycle[i];
    // Where two names share a material, the cycle goes on under the other name.
    const bool same = i > 0 && cycle[i - 1].to == edge.from;
    if (!same) text += (i == 0 ? "" : " = ") + edge.from.text;
    text += " -" + std::string(edge_type_name(edge.type)) + "-> " + edge.to.text;
  }
  if (cycle.size() > kShown) text += " … " + std::to_string(cycle.size() - kShown) + " more";
  return text;
}

}  // namespace kw::rotation
