#include "connectors/nats_users.h"

#include <algorithm>

#include "codec/json.h"
#include "codec/json_copy.h"
#include "connectors/outcome.h"

namespace kw::connectors {

namespace {

constexpr std::string_view kSpaces = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

std::string written(const codec::JsonView& view) {
  codec::JsonWriter json;
  codec::write_view(json, view);
  return std::string(json.text());
}

std::optional<NatsUser> user_of(std::string_view line) {
  line = trimmed(line);
  if (line.ends_with(',')) line.remove_suffix(1);
  if (!line.starts_with('{')) return std::nullopt;
  const auto document = codec::JsonDocument::parse(line);
  if (!document) return std::nullopt;
  const auto name = document->root().text("user"), hash = document->root().text("password");
  if (!name || !hash) return std::nullopt;
  const auto permissions = document->root().find("permissions");
  return NatsUser{std::string(*name), std::string(*hash),
                  permissions ? written(*permissions) : std::string()};
}

std::string line_of(const NatsUser& user) {
  codec::JsonWriter json;
  json.begin_object().member("user", user.name).member("password", user.hash);
  if (!user.permissions.empty()) json.name("permissions").raw(user.permissions);
  json.end_object();
  return std::string(json.text());
}

bool opens_list(std::string_view line) {
  std::string plain;
  for (const char each : line)
    if (kSpaces.find(each) == std::string_view::npos) plain += each;
  return plain == "users=[" || plain == "users:[";
}

}  // namespace

Result<NatsUsers> NatsUsers::parse(std::string_view text) {
  NatsUsers made;
  if (trimmed(text).empty()) text = "users = [\n]\n";
  bool open = false, closed = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const bool inside = open && !closed, ends = inside && trimmed(line) == "]";
    made.lines_.push_back({std::string(line), inside ? user_of(line) : std::nullopt, ends});
    closed = closed || ends;
    open = open || opens_list(line);
  }
  if (closed) return made;
  return error(Code::kFailedPrecondition, "foreign_file",
               "the file of users has no line \"users = [\" and no line \"]\" behind it");
}

const NatsUser* NatsUsers::find(std::string_view name) const {
  for (const Line& line : lines_)
    if (line.user && line.user->name == name) return &*line.user;
  return nullptr;
}

void NatsUsers::put(NatsUser user) {
  std::string text = line_of(user);
  for (Line& line : lines_) {
    const bool same = line.user && line.user->name == user.name;
    if (!same && !line.ends_list) continue;
    if (same) {
      line = {std::move(text), std::move(user)};
    } else {
      const auto place = lines_.begin() + (&line - lines_.data());
      lines_.insert(place, {std::move(text), std::move(user)});
    }
    return;
  }
}

bool NatsUsers::remove(std::string_view name) {
  return std::erase_if(lines_,
                       [&](const Line& line) { return line.user && line.user->name == name; }) > 0;
}

WipedText NatsUsers::text() const {
  WipedText all;
  for (const Line& line : lines_) all.append(line.text).append("\n");
  return all;
}

Result<std::string> read_permissions(std::string_view json) {
  if (trimmed(json).empty()) return std::string();
  const auto document = codec::JsonDocument::parse(json);
  if (!document || document->root().kind() != codec::JsonView::Kind::kObject)
    return bad_setting("permissions are a JSON object, as in {\"publish\":[\"app.>\"]}");
  return written(document->root());
}

}  // namespace kw::connectors
