#include "rotation/field_value.h"

#include <algorithm>
#include <charconv>

#include "rotation/cron.h"
#include "rotation/duration_text.h"

namespace kw::rotation {
namespace {

using Kind = YamlView::Kind;
constexpr std::size_t kWordBytesMax = 256;

// A failure of a smaller parser, with the place and its own reason.
Error refused_here(const YamlView& at, const Error& cause) {
  return error(cause.code, cause.reason, at.where() + ": " + cause.message);
}

std::string limit_text(const Field& field, double limit) {
  if (field.form == Form::kDuration)
    return duration_text(Seconds(static_cast<std::int64_t>(limit)));
  if (limit >= kBig) return "2^62";
  JsonWriter out;
  out.value(limit);
  return std::string(out.text());
}

Status in_range(const YamlView& at, const Field& field, double value) {
  if (value >= field.least && value <= field.most) return ok();
  return refused(at, std::string(field.name) + " is from " + limit_text(field, field.least) +
                         " to " + limit_text(field, field.most));
}

template <std::size_t N>
Result<int> choice(const YamlView& view, const std::string_view (&names)[N]) {
  KW_TRY(const std::string text, read_word(view));
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<int>(i);
  }
  std::string wanted;
  for (const std::string_view name : names)
    wanted += (wanted.empty() ? "" : ", ") + std::string(name);
  return refused(view, "must be one of " + wanted);
}

Result<std::vector<YamlView>> entries(const YamlView& view) {
  if (view.kind() != Kind::kSequence) return refused(view, "a list belongs here: [a, b]");
  std::vector<YamlView> all = view.elements();
  if (all.empty()) return refused(view, "an empty list says nothing; leave the field out");
  if (all.size() > kEntriesMax) return refused(view, "a list has at most 64 entries");
  return all;
}

Status only_members(const YamlView& view, std::initializer_list<std::string_view> allowed) {
  if (view.kind() != Kind::kMap) return refused(view, "a map belongs here: {name: value}");
  for (const auto& [name, value] : view.members()) {
    if (std::find(allowed.begin(), allowed.end(), name) != allowed.end()) continue;
    std::string wanted;
    for (const std::string_view one : allowed)
      wanted += (wanted.empty() ? "" : ", ") + std::string(one);
    return refused_name(value, "unknown field; only " + wanted + " belong here");
  }
  return ok();
}

Result<YamlView> member(const YamlView& view, std::string_view name) {
  if (auto found = view.find(name)) return *found;
  return refused(view, std::string(name) + " is missing");
}

Result<std::string> cron_of(const YamlView& view) {
  KW_TRY(std::string text, read_word(view));
  if (auto cron = Cron::parse(text); !cron) return refused_here(view, cron.error());
  return text;
}

Result<std::string> zone_of(const YamlView& view) {
  const auto at = view.find("zone");
  if (!at) return std::string("UTC");
  KW_TRY(std::string text, read_word(*at));
  if (auto zone = TimeZone::find(text); !zone) return refused_here(*at, zone.error());
  return text;
}

Result<Seconds> duration_of(const YamlView& view) {
  KW_TRY(const std::string text, read_word(view));
  auto duration = parse_duration(text);
  if (!duration) return refused(view, duration.error().message);
  return *duration;
}

Result<CronSchedule> read_cron(const YamlView& view) {
  CronSchedule schedule;
  if (view.kind() == Kind::kScalar) {
    KW_TRY(schedule.cron, cron_of(view));
    return schedule;
  }
  KW_OK(only_members(view, {"cron", "zone"}));
  KW_TRY(const YamlView at, member(view, "cron"));
  KW_TRY(schedule.cron, cron_of(at));
  KW_TRY(schedule.zone, zone_of(view));
  return schedule;
}

Result<Window> read_window(const YamlView& view) {
  KW_OK(only_members(view, {"cron", "length", "zone", "group"}));
  Window window;
  KW_TRY(const YamlView cron, member(view, "cron"));
  KW_TRY(window.cron, cron_of(cron));
  KW_TRY(const YamlView length, member(view, "length"));
  KW_TRY(window.length, duration_of(length));
  if (window.length < std::chrono::minutes(1) || window.length > std::chrono::hours(24 * 31))
    return refused(length, "a window is open for 1min to 31d");
  KW_TRY(window.zone, zone_of(view));
  if (const auto group = view.find("group")) {
    const auto number = group->integer();
    if (!number || *number < 0 || *number > 4096)
      return refused(*group, "a group is a whole number from 0 to 4096");
    window.group = static_cast<int>(*number);
  }
  return window;
}

Result<std::string> time_of(const YamlView& view, std::string_view name) {
  KW_TRY(const YamlView at, member(view, name));
  KW_TRY(std::string text, read_word(at));
  const auto time = parse_rfc3339(text);
  if (!time) return refused(at, time.error().message);
  return rfc3339(*time);
}

Result<Blackout> read_blackout(const YamlView& view) {
  KW_OK(only_members(view, {"name", "from", "to"}));
  Blackout blackout;
  KW_TRY(const YamlView name, member(view, "name"));
  KW_TRY(blackout.name, read_word(name));
  KW_TRY(blackout.from, time_of(view, "from"));
  KW_TRY(blackout.to, time_of(view, "to"));
  if (*parse_rfc3339(blackout.from) >= *parse_rfc3339(blackout.to))
    return refused(view, "a blackout ends after it begins");
  return blackout;
}

}  // namespace

Error refused(const YamlView& at, std::string_view why) {
  return error(Code::kInvalidArgument, "bad_policy", at.where() + ": " + std::string(why));
}
Error refused_name(const YamlView& member, std::string_view why) {
  return error(Code::kInvalidArgument, "bad_policy", member.where_name() + ": " + std::string(why));
}

Result<std::string> read_word(const YamlView& view) {
  const auto text = view.text();
  if (!text) return refused(view, "a value belongs here");
  const bool printable =
      std::all_of(text->begin(), text->end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (text->empty() || text->size() > kWordBytesMax || !printable)
    return refused(view, "a value has 1 to 256 printable ASCII characters");
  return *text;
}

Result<std::vector<std::string>> read_words(const YamlView& view) {
  KW_TRY(const auto views, entries(view));
  std::vector<std::string> words;
  for (const YamlView& entry : views) {
    KW_TRY(std::string text, read_word(entry));
    words.push_back(std::move(text));
  }
  return words;
}

Status read_value(const YamlView& view, const Field&, bool& out) {
  const auto value = view.boolean();
  if (!value) return refused(view, "must be true or false");
  out = *value;
  return ok();
}

Status read_value(const YamlView& view, const Field& field, Seconds& out) {
  KW_TRY(out, duration_of(view));
  return in_range(view, field, static_cast<double>(out.count()));
}

Status read_value(const YamlView& view, const Field& field, std::int64_t& out) {
  KW_TRY(const std::string text, read_word(view));
  const auto value = field.form == Form::kSize ? parse_size(text) : parse_count(text);
  if (!value) return refused(view, value.error().message);
  out = *value;
  return in_range(view, field, static_cast<double>(out));
}

Status read_value(const YamlView& view, const Field& field, int& out) {
  const auto value = view.integer();
  if (!value) return refused(view, "must be a whole number");
  KW_OK(in_range(view, field, static_cast<double>(*value)));
  out = static_cast<int>(*value);
  return ok();
}

Status read_value(const YamlView& view, const Field& field, double& out) {
  KW_TRY(const std::string text, read_word(view));
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, out);
  if (read.ec != std::errc() || read.ptr != end) return refused(view, "must be a number: 0.5");
  return in_range(view, field, out);
}

Status read_value(const YamlView& view, const Field&, AtDeadline& out) {
  KW_TRY(const int index, choice(view, kAtDeadlineNames));
  out = static_cast<AtDeadline>(index);
  return ok();
}

Status read_value(const YamlView& view, const Field&, OldVersion& out) {
  KW_TRY(const int index, choice(view, kOldVersionNames));
  out = static_cast<OldVersion>(index);
  return ok();
}

Status read_value(const YamlView& view, const Field&, std::vector<std::string>& out) {
  KW_TRY(out, read_words(view));
  return ok();
}

Status read_value(const YamlView& view, const Field& field, std::vector<int>& out) {
  KW_TRY(const auto views, entries(view));
  out.clear();
  for (const YamlView& entry : views) {
    int percent = 0;
    KW_OK(read_value(entry, field, percent));
    if (!out.empty() && percent <= out.back()) return refused(entry, "steps ascend");
    out.push_back(percent);
  }
  if (out.back() != 100) return refused(views.back(), "the last step is 100");
  return ok();
}

template <typename T, typename Read>
Status read_list(const YamlView& view, std::vector<T>& out, const Read& read) {
  KW_TRY(const auto views, entries(view));
  out.clear();
  for (const YamlView& entry : views) {
    KW_TRY(T one, read(entry));
    out.push_back(std::move(one));
  }
  return ok();
}

Status read_value(const YamlView& view, const Field&, std::vector<CronSchedule>& out) {
  return read_list(view, out, read_cron);
}
Status read_value(const YamlView& view, const Field&, std::vector<Window>& out) {
  return read_list(view, out, read_window);
}
Status read_value(const YamlView& view, const Field&, std::vector<Blackout>& out) {
  return read_list(view, out, read_blackout);
}

void write_value(JsonWriter& out, const Field&, bool value) {
  out.value(value);
}
void write_value(JsonWriter& out, const Field&, Seconds value) {
  out.value(duration_text(value));
}
void write_value(JsonWriter& out, const Field& field, std::int64_t value) {
  out.value(field.form == Form::kSize ? size_text(value) : count_text(value));
}
void write_value(JsonWriter& out, const Field&, int value) {
  out.value(value);
}
void write_value(JsonWriter& out, const Field&, double value) {
  out.value(value);
}
void write_value(JsonWriter& out, const Field&, AtDeadline value) {
  out.value(kAtDeadlineNames[static_cast<std::size_t>(value)]);
}
void write_value(JsonWriter& out, const Field&, OldVersion value) {
  out.value(kOldVersionNames[static_cast<std::size_t>(value)]);
}
void write_value(JsonWriter& out, const Field&, const std::vector<std::string>& value) {
  out.begin_array();
  for (const std::string& word : value) out.value(word);
  out.end_array();
}
void write_value(JsonWriter& out, const Field&, const std::vector<int>& value) {
  out.begin_array();
  for (const int percent : value) out.value(percent);
  out.end_array();
}
void write_value(JsonWriter& out, const Field&, const std::vector<CronSchedule>& value) {
  out.begin_array();
  for (const CronSchedule& one : value)
    out.begin_object().member("cron", one.cron).member("zone", one.zone).end_object();
  out.end_array();
}
void write_value(JsonWriter& out, const Field&, const std::vector<Window>& value) {
  out.begin_array();
  for (const Window& one : value) {
    out.begin_object().member("cron", one.cron).member("length", duration_text(one.length));
    out.member("zone", one.zone);
    if (one.group != 0) out.member("group", one.group);
    out.end_object();
  }
  out.end_array();
}
void write_value(JsonWriter& out, const Field&, const std::vector<Blackout>& value) {
  out.begin_array();
  for (const Blackout& one : value) {
    out.begin_object().member("name", one.name).member("from", one.from).member("to", one.to);
    out.end_object();
  }
  out.end_array();
}

std::string without_quotes(std::string_view json) {
  if (json.size() < 3 || json.front() != '"') return std::string(json);
  const std::string_view text = json.substr(1, json.size() - 2);
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '^' || c == '/';
  });
  // YAML would read these as something else than a text.
  const bool word = text != "true" && text != "false" && text != "null" && text != "Null" &&
                    text != "NULL" && text.front() != '-' && text.front() != '.';
  return std::string(plain && word ? text : json);
}

}  // namespace kw::rotation
