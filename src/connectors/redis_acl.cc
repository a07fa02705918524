#include "connectors/redis_acl.h"

#include <algorithm>

#include "connectors/outcome.h"

namespace kw::connectors {

namespace {

constexpr std::size_t kHoldersMax = 20;
constexpr std::string_view kDefaultUser = "default";

// Rules that a rotation alone decides about.
bool is_about_login(std::string_view rule) {
  constexpr std::string_view kWords[] = {"on",        "off",   "nopass",
                                         "resetpass", "reset", "clearselectors"};
  const bool word = std::find(std::begin(kWords), std::end(kWords), rule) != std::end(kWords);
  return word || rule.empty() || std::string_view("<>#!").find(rule.front()) != rule.npos;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  int depth = 0;
  for (const char each : text) {
    if (each == '(') ++depth;
    if (each == ')') --depth;
    if (each == ' ' && depth <= 0) {
      if (!word.empty()) words.push_back(std::exchange(word, {}));
    } else {
      word += each;
    }
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

Error not_persistent() {
  return error(Code::kFailedPrecondition, "not_persistent",
               "Redis has neither an ACL file nor a configuration file: a restart would revert "
               "the rotation");
}

// The second of "name value", "" when it has none.
Result<std::string> configured(RedisSession& admin, std::string_view name) {
  KW_TRY(const RedisReply reply, admin.ask({"CONFIG", "GET", name}));
  return reply.list.size() == 2 ? reply.list[1].text : std::string();
}

// The field of an INFO section.
std::string field(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + name.size());
  return std::string(rest.substr(0, rest.find_first_of("\r\n ")));
}

}  // namespace

Result<std::vector<std::string>> acl_rules(std::string_view text) {
  std::vector<std::string> rules = words_of(text);
  if (std::any_of(rules.begin(), rules.end(), is_about_login))
    return bad_setting(
        "ACL rules say what the user may do; on, off and passwords are not for them");
  return rules;
}

Result<std::vector<std::string>> rules_of_user(RedisSession& admin, std::string_view user) {
  KW_TRY(const RedisReply reply, admin.ask({"ACL", "LIST"}));
  for (const RedisReply& line : reply.list) {
    std::vector<std::string> words = words_of(line.text);
    if (words.size() < 2 || words[1] != user) continue;
    words.erase(words.begin(), words.begin() + 2);
    std::erase_if(words, is_about_login);
    return words;
  }
  return error(Code::kNotFound, "principal_missing", "Redis has no such user any more");
}

Result<bool> has_user(RedisSession& admin, std::string_view user) {
  KW_TRY(const RedisReply reply, admin.ask({"ACL", "GETUSER", user}));
  return reply.kind == RedisReply::Kind::kList;
}

Status is_persistent(RedisSession& admin) {
  KW_TRY(const std::string file, configured(admin, "aclfile"));
  if (!file.empty()) return ok();
  KW_TRY(const RedisReply info, admin.ask({"INFO", "server"}));
  return field(info.text, "config_file:").empty() ? not_persistent() : ok();
}

Status persist(RedisSession& admin) {
  KW_TRY(const std::string file, configured(admin, "aclfile"));
  Status kept = file.empty() ? admin.run({"CONFIG", "REWRITE"}) : admin.run({"ACL", "SAVE"});
  if (!kept && kept.error().reason == "target_refused") return not_persistent();
  return kept;
}

Status set_user(RedisSession& admin, std::string_view user,
                const std::vector<std::string>& changes) {
  std::vector<std::string_view> command{"ACL", "SETUSER", user};
  command.insert(command.end(), changes.begin(), changes.end());
  return admin.run(command);
}

Status drop_user(RedisSession& admin, std::string_view user) {
  if (user == kDefaultUser) return set_user(admin, user, {"off", "resetpass"});
  return admin.run({"ACL", "DELUSER", user});
}

Status kill_sessions(RedisSession& admin, std::string_view user) {
  // A user that is gone is an error to CLIENT KILL, and has no sessions.
  KW_TRY(const bool there, has_user(admin, user));
  return there ? admin.run({"CLIENT", "KILL", "USER", user}) : ok();
}

Status count_sessions(RedisSession& admin, std::string_view user, secrets::Drain& drain) {
  KW_TRY(const RedisReply reply, admin.ask({"CLIENT", "LIST"}));
  std::string_view rest = reply.text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (field(line, " user=") != user) continue;
    ++drain.in_use;
    if (drain.holders.size() < kHoldersMax)
      drain.holders.push_back(field(line, " addr=") + " " + field(line, " name="));
  }
  return ok();
}

}  // namespace kw::connectors
