// One value of the policy language: read from YAML or JSON, written as JSON. Inside the room only.
#pragma once

#include "codec/json.h"
#include "codec/yaml.h"
#include "rotation/policy_fields.h"

namespace kw::rotation {

using codec::JsonWriter;
using codec::YamlView;

inline constexpr std::size_t kEntriesMax = 64;  ///< of one list

/// kInvalidArgument(bad_policy) with the place in front.
Error refused(const YamlView& at, std::string_view why);
Error refused_name(const YamlView& member, std::string_view why);

/// A word: 1 to 256 printable ASCII characters.
Result<std::string> read_word(const YamlView& view);
Result<std::vector<std::string>> read_words(const YamlView& view);

Status read_value(const YamlView& view, const Field& field, bool& out);
Status read_value(const YamlView& view, const Field& field, Seconds& out);
Status read_value(const YamlView& view, const Field& field, std::int64_t& out);
Status read_value(const YamlView& view, const Field& field, int& out);
Status read_value(const YamlView& view, const Field& field, double& out);
Status read_value(const YamlView& view, const Field& field, AtDeadline& out);
Status read_value(const YamlView& view, const Field& field, OldVersion& out);
Status read_value(const YamlView& view, const Field& field, std::vector<std::string>& out);
Status read_value(const YamlView& view, const Field& field, std::vector<int>& out);
Status read_value(const YamlView& view, const Field& field, std::vector<CronSchedule>& out);
Status read_value(const YamlView& view, const Field& field, std::vector<Window>& out);
Status read_value(const YamlView& view, const Field& field, std::vector<Blackout>& out);

template <typename T>
Status read_value(const YamlView& view, const Field& field, std::optional<T>& out) {
  T value{};
  KW_OK(read_value(view, field, value));
  out = std::move(value);
  return ok();
}

void write_value(JsonWriter& out, const Field& field, bool value);
void write_value(JsonWriter& out, const Field& field, Seconds value);
void write_value(JsonWriter& out, const Field& field, std::int64_t value);
void write_value(JsonWriter& out, const Field& field, int value);
void write_value(JsonWriter& out, const Field& field, double value);
void write_value(JsonWriter& out, const Field& field, AtDeadline value);
void write_value(JsonWriter& out, const Field& field, OldVersion value);
void write_value(JsonWriter& out, const Field& field, const std::vector<std::string>& value);
void write_value(JsonWriter& out, const Field& field, const std::vector<int>& value);
void write_value(JsonWriter& out, const Field& field, const std::vector<CronSchedule>& value);
void write_value(JsonWriter& out, const Field& field, const std::vector<Window>& value);
void write_value(JsonWriter& out, const Field& field, const std::vector<Blackout>& value);

/// A JSON text, without its quotes where YAML needs none.
std::string without_quotes(std::string_view json);

/// The value as a policy would write it: 45d, [1,5,100].
template <typename T>
std::string value_text(const Field& field, const T& value) {
  JsonWriter out;
  write_value(out, field, value);
  return without_quotes(out.text());
}

}  // namespace kw::rotation
