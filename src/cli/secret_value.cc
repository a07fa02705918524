#include "cli/secret_value.h"

#include "cli/sealed_file.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;

// {"username": "app", …}: passed on as it is, once it is known to be an object of texts.
Status fields_member(JsonWriter& json, const WipedBytes& text) {
  KW_TRY(const auto document, codec::JsonDocument::parse(as_text(text)));
  if (document.root().kind() != JsonView::Kind::kObject)
    return error(Code::kInvalidArgument, "usage",
                 "with --json the value is an object of texts, such as {\"username\": …}");
  json.name("fields").begin_object();
  for (const auto& [name, value] : document.root().members()) {
    KW_TRY(const std::string_view field, value.text());
    json.member(name, field);
  }
  json.end_object();
  return ok();
}

}  // namespace

Result<WipedBytes> read_value(Session& session, const Arguments& arguments) {
  if (arguments.has("--from-file")) return read_file(arguments.text("--from-file"));
  if (!Session::terminal_in() && !session.options().no_input) return read_file("-");
  KW_TRY(const WipedText typed, session.ask_secret("value"));
  return WipedBytes(typed.begin(), typed.end());
}

ByteView without_newline(const WipedBytes& value, bool keep) {
  const bool ends = !keep && !value.empty() && value.back() == '\n';
  return {value.data(), value.size() - (ends ? 1 : 0)};
}

Status value_members(Session& session, JsonWriter& json, const Arguments& arguments) {
  KW_TRY(const WipedBytes value, read_value(session, arguments));
  if (arguments.has("--json")) return fields_member(json, value);
  json.name("value").base64(without_newline(value, arguments.has("--keep-newline")));
  return ok();
}

}  // namespace kw::cli
