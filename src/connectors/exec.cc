// Any other system: a program that the server's configuration declares speaks for it. The protocol
// (docs/connectors/exec.md): one JSON object in, one JSON object out, exit code 0. Whatever else
// happens (another code, a signal, no end in time, an answer that is no answer) is unknown, never
// guessed: the caller probes and decides.
#include <algorithm>
#include <array>
#include <charconv>

#include "base/reveal.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "connectors/make_connectors.h"
#include "connectors/outcome.h"
#include "connectors/principal_name.h"
#include "connectors/program_run.h"
#include "connectors/server_address.h"

namespace kw::connectors {

namespace {

using secrets::Answer;
using secrets::Capabilities;
using secrets::Context;
using secrets::Credential;
using secrets::Drain;
using secrets::Minting;
using secrets::Observed;
using secrets::Outcome;
using secrets::Place;
using secrets::Probe;
using secrets::SettingRule;

constexpr std::array kSystemRules{
    SettingRule{"program", "a name of programs in the server's configuration", true, ""},
    SettingRule{"settings", "text that the program gets as it is", false, ""},
    SettingRule{"slots", "credentials that are accepted at once: 1 to 10", false, "1"},
    SettingRule{"principals", "per_version (a user each) or same", false, "same"},
    SettingRule{"makes_secrets", "yes when the system makes the secret", false, "no"},
    SettingRule{"soft_disable", "yes when disable_old and restore_old mean something", false, "no"},
    SettingRule{"sessions_survive", "yes when sessions outlive their credential", false, "yes"},
    SettingRule{"meter", "none, by_age or exact", false, "none"},
    SettingRule{"propagation", "seconds until all of the system accepts: 0 to 86400", false, "0"},
    SettingRule{"lockout", "failed logins until an account locks; 0: never", false, "0"},
};
constexpr std::array kAccountRules{
    kNameRule,
    SettingRule{"settings", "text that the program gets as it is", false, ""},
};
constexpr std::size_t kReasonMax = 64;
constexpr int kHoldersMax = 20;

Result<int> whole_number(std::string_view text, int least, int most) {
  int value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size() ||
      value < least || value > most)
    return bad_setting("a number is out of its range");
  return value;
}

Result<bool> yes_or_no(std::string_view text) {
  if (text == "yes") return true;
  if (text == "no") return false;
  return bad_setting("a setting is yes or no");
}

Result<Drain::Quality> quality_of(std::string_view text) {
  if (text == "none") return Drain::Quality::kNone;
  if (text == "by_age") return Drain::Quality::kByAge;
  if (text == "exact") return Drain::Quality::kExact;
  return bad_setting("a meter is none, by_age or exact");
}

Result<Capabilities> read_capabilities(const Place& place) {
  const auto of = [&](std::string_view name) {
    return secrets::setting(place.system, kSystemRules, name);
  };
  Capabilities can;
  KW_TRY(can.slots, whole_number(of("slots"), 1, 10));
  can.principal_per_version = of("principals") == "per_version";
  if (!can.principal_per_version && of("principals") != "same")
    return bad_setting("principals is per_version or same");
  can.native_overlap = can.slots > 1 && !can.principal_per_version;
  KW_TRY(can.self_generates, yes_or_no(of("makes_secrets")));
  KW_TRY(can.soft_disable, yes_or_no(of("soft_disable")));
  KW_TRY(can.sessions_survive_revoke, yes_or_no(of("sessions_survive")));
  KW_TRY(can.meter, quality_of(of("meter")));
  KW_TRY(const int seconds, whole_number(of("propagation"), 0, 86'400));
  can.propagation = std::chrono::seconds(seconds);
  KW_TRY(can.lockout_threshold, whole_number(of("lockout"), 0, 1000));
  return can;
}

/// One question to a program, written member by member.
class Question {
 public:
  Question(std::string_view verb, const Context& context, const Place& place) {
    json_.begin_object().member("protocol", "keywright-exec/1").member("verb", verb);
    json_.member("run", context.run).member("emergency", context.emergency);
    json_.member("milliseconds_left",
                 static_cast<std::int64_t>(left_until(context.deadline).count()));
    json_.member("tenant", place.tenant).member("target", place.target);
    json_.member("system", secrets::setting(place.system, kSystemRules, "settings"));
    json_.name("account").begin_object();
    json_.member("name", secrets::setting(place.account, kAccountRules, "name"));
    json_.member("settings", secrets::setting(place.account, kAccountRules, "settings"));
    json_.end_object();
    credential("admin", place.admin);
  }
  Question& credential(std::string_view name, const Credential* credential) {
    json_.name(name);
    write(credential);
    return *this;
  }
  Question& known(std::span<const Credential* const> all) {
    json_.name("known").begin_array();
    for (const Credential* each : all) write(each);
    json_.end_array();
    return *this;
  }
  template <typename Value>
  Question& member(std::string_view name, const Value& value) {
    json_.member(name, value);
    return *this;
  }
  Question& minting(const Minting& minting) {
    json_.member("version", minting.version).name("taken").begin_array();
    for (const std::string& each : minting.taken) json_.value(each);
    json_.end_array();
    return *this;
  }
  WipedText take() {
    json_.end_object();
    return json_.take();
  }

 private:
  void write(const Credential* credential) {
    if (credential == nullptr) {
      json_.null();
      return;
    }
    json_.begin_object().member("version", credential->version);
    json_.member("principal", credential->principal);
    json_.name("secret_base64").base64(credential->secret.reveal(Reveal{}));
    json_.end_object();
  }
  codec::JsonWriter json_;
};

Error no_answer(std::string_view reason, std::string_view why) {
  return error(Code::kUnavailable, reason, why);
}
Error bad_answer() {
  return no_answer("bad_answer", "what the program wrote is no answer of the protocol");
}

Result<codec::JsonDocument> parsed(const ProgramEnd& end) {
  switch (end.how) {
    case ProgramEnd::How::kTimedOut:
      return too_slow("the program");
    case ProgramEnd::How::kFlooded:
      return no_answer("bad_answer", "the program wrote more than 64 KiB");
    case ProgramEnd::How::kKilled:
      return no_answer("program_failed", "the program ended by signal " + std::to_string(end.code));
    case ProgramEnd::How::kExited:
      break;
  }
  if (end.code != 0)
    return no_answer("program_failed", "the program ended with code " + std::to_string(end.code));
  auto answer = codec::JsonDocument::parse(end.output);
  if (!answer || answer->root().kind() != codec::JsonView::Kind::kObject) return bad_answer();
  return answer;
}

bool is_reason(std::string_view text) {
  return !text.empty() && text.size() <= kReasonMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

// What the program says of its outcome. Its words are not repeated: they may hold what we sent.
Answer outcome_of(const codec::JsonView& answer) {
  const auto outcome = answer.text("outcome");
  if (outcome && *outcome == "ok") return Answer::ok();
  const auto reason = answer.text("reason");
  const bool failed = outcome && *outcome == "definite_fail";
  if (!reason || !is_reason(*reason) || (!failed && (!outcome || *outcome != "unknown")))
    return answer_of(bad_answer());
  const std::string said = "the program's own reason";
  return failed ? Answer::definite_fail(std::string(*reason), said)
                : Answer::unknown(std::string(*reason), said);
}

Error error_of(const Answer& answer) {
  return error(
      answer.outcome == Outcome::kDefiniteFail ? Code::kFailedPrecondition : Code::kUnavailable,
      answer.reason, answer.detail);
}

class Exec final : public secrets::Connector {
 public:
  explicit Exec(std::map<std::string, DeclaredProgram, std::less<>> programs)
      : programs_(std::move(programs)) {}

  std::string_view name() const override { return "exec"; }
  std::span<const SettingRule> system_rules() const override { return kSystemRules; }
  std::span<const SettingRule> account_rules() const override { return kAccountRules; }
  Status check(const Place& place) const override {
    KW_OK(program(place));
    KW_TRY(const Capabilities can, read_capabilities(place));
    if (!can.principal_per_version) return ok();
    return check_base_name(secrets::setting(place.account, kAccountRules, "name"));
  }
  Capabilities describe(const Place& place) const override {
    auto can = read_capabilities(place);
    return can ? *can : Capabilities{};
  }

  Result<Credential> create_pending(const Context& context, const Place& place,
                                    const Minting& minting) override;
  Result<Observed> inspect(const Context& context, const Place& place,
                           std::span<const Credential* const> known) override;
  Answer install(const Context& context, const Place& place, const Credential& fresh,
                 const Credential* old) override {
    return two("install", context, place, &fresh, old);
  }
  Answer test(const Context& context, const Place& place, const Credential& credential,
              Probe probe) override {
    Question question("test", context, place);
    question.credential("credential", &credential);
    question.member("probe", probe == Probe::kPositive   ? "positive"
                             : probe == Probe::kNegative ? "negative"
                                                         : "permission");
    return ask(context, place, question);
  }
  Answer promote(const Context& context, const Place& place, const Credential& fresh,
                 const Credential* old) override {
    return two("promote", context, place, &fresh, old);
  }
  Result<Drain> measure_drain(const Context& context, const Place& place,
                              const Credential& old) override;
  Answer disable_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return two("disable_old", context, place, &fresh, &old);
  }
  Answer restore_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return two("restore_old", context, place, &fresh, &old);
  }
  Answer revoke_old(const Context& context, const Place& place, const Credential& old,
                    const Credential& fresh, bool end_sessions) override {
    Question question("revoke_old", context, place);
    question.credential("fresh", &fresh).credential("old", &old);
    question.member("end_sessions", end_sessions);
    return ask(context, place, question);
  }
  Answer remove_pending(const Context& context, const Place& place, const Credential& fresh,
                        const Credential* old) override {
    return two("remove_pending", context, place, &fresh, old);
  }

 private:
  Result<DeclaredProgram> program(const Place& place) const {
    const auto found = programs_.find(secrets::setting(place.system, kSystemRules, "program"));
    if (found == programs_.end())
      return bad_setting("the server's configuration declares no program of that name");
    return found->second;
  }
  Result<codec::JsonDocument> answer(const Context& context, const Place& place,
                                     Question& question) const {
    KW_TRY(const DeclaredProgram declared, program(place));
    const WipedText input = question.take();
    KW_TRY(const ProgramEnd end, run_program({.path = declared.path,
                                              .arguments = declared.arguments,
                                              .input = input,
                                              .deadline = context.deadline}));
    return parsed(end);
  }
  Answer ask(const Context& context, const Place& place, Question& question) const {
    const auto said = answer(context, place, question);
    return said ? outcome_of(said->root()) : answer_of(said.error());
  }
  Answer two(std::string_view verb, const Context& context, const Place& place,
             const Credential* fresh, const Credential* old) const {
    Question question(verb, context, place);
    question.credential("fresh", fresh).credential("old", old);
    return ask(context, place, question);
  }

  const std::map<std::string, DeclaredProgram, std::less<>> programs_;
};

Result<Credential> Exec::create_pending(const Context& context, const Place& place,
                                        const Minting& minting) {
  Question question("create_pending", context, place);
  question.minting(minting);
  KW_TRY(const auto said, answer(context, place, question));
  const Answer outcome = outcome_of(said.root());
  if (outcome.outcome != Outcome::kOk) return error_of(outcome);
  Credential made;
  made.version = minting.version;
  const auto principal = said.root().text("principal");
  if (!principal || principal->size() > 256) return bad_answer();
  made.principal = *principal;
  if (!describe(place).self_generates) return made;
  const auto secret = said.root().text("secret_base64");
  auto bytes = secret ? codec::secret_from_base64(*secret) : Result<SecretBytes>(bad_answer());
  if (!bytes || bytes->empty()) return bad_answer();
  made.secret = *std::move(bytes);
  return made;
}

Result<Observed> Exec::inspect(const Context& context, const Place& place,
                               std::span<const Credential* const> known) {
  Question question("inspect", context, place);
  question.known(known);
  Observed seen;
  const auto said = answer(context, place, question);
  const Answer outcome = said ? outcome_of(said->root()) : answer_of(said.error());
  if (outcome.outcome == Outcome::kUnknown) {
    seen.accepted.assign(known.size(), Observed::Accepted::kUnknown);
    return seen;
  }
  if (outcome.outcome != Outcome::kOk) return error_of(outcome);
  const auto accepted = said->root().member("accepted");
  if (!accepted) return bad_answer();
  for (const auto& each : accepted->elements()) {
    const auto word = each.text();
    seen.accepted.push_back(word && *word == "yes"  ? Observed::Accepted::kYes
                            : word && *word == "no" ? Observed::Accepted::kNo
                                                    : Observed::Accepted::kUnknown);
  }
  if (seen.accepted.size() != known.size()) return bad_answer();
  if (const auto free = said->root().boolean("free_slot")) seen.free_slot = *free;
  const auto drift = said->root().text("drift");
  if (drift && !drift->empty()) seen.drift = is_reason(*drift) ? *drift : "drift";
  return seen;
}

Result<Drain> Exec::measure_drain(const Context& context, const Place& place,
                                  const Credential& old) {
  Question question("measure_drain", context, place);
  question.credential("old", &old);
  KW_TRY(const auto said, answer(context, place, question));
  const Answer outcome = outcome_of(said.root());
  if (outcome.outcome != Outcome::kOk) return error_of(outcome);
  Drain drain;
  drain.quality = describe(place).meter;
  if (drain.quality == Drain::Quality::kNone) return drain;
  const auto in_use = said.root().integer("in_use");
  if (!in_use || *in_use < 0) return bad_answer();
  drain.in_use = *in_use;
  if (const auto at = said.root().text("last_used")) {
    auto time = parse_rfc3339(*at);
    if (!time) return bad_answer();
    drain.last_used = *time;
  }
  if (const auto holders = said.root().find("holders"))
    for (const auto& each : holders->elements())
      if (const auto text = each.text(); text && drain.holders.size() < kHoldersMax)
        drain.holders.emplace_back(text->substr(0, 128));
  return drain;
}

}  // namespace

std::unique_ptr<secrets::Connector> make_exec(const ConnectorOptions& options) {
  return std::make_unique<Exec>(options.programs);
}

}  // namespace kw::connectors
