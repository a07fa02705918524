#include "cli/command.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonWriter;
using Kind = Flag::Kind;

// One verb of POST …/versions/N:verb with a body made of the flags that were given.
struct VersionVerb {
  std::string verb;
  std::string past;  ///< "retired": what the line says
  bool destructive = false;
};

constexpr const char* kConsequence = "what only it protects becomes unreadable";

void body_of(JsonWriter& json, const Arguments& arguments) {
  json.begin_object();
  if (arguments.has("--reason")) json.member("reason", arguments.text("--reason"));
  if (arguments.has("--compromised-at"))
    json.member("compromised_at", arguments.text("--compromised-at"));
  if (arguments.has("--accept-outage")) json.member("outage_accepted", true);
  if (arguments.has("--override")) json.member("override", true);
  if (arguments.has("--wait-seconds"))
    json.member("wait_seconds", arguments.number("--wait-seconds", 0));
  if (arguments.has("--to")) json.member("to", arguments.text("--to"));
  json.end_object();
}

Status move(Session& session, const Arguments& arguments, const VersionVerb& verb) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  if (!at.version)
    return error(Code::kInvalidArgument, "usage", "say which version: " + at.name + "@1");
  if (verb.destructive) {
    KW_OK(session.confirm_by_name(verb.verb + " of " + at.text(), kConsequence, at.name,
                                  arguments.text("--confirm")));
  }
  JsonWriter json;
  body_of(json, arguments);
  KW_TRY(const auto answer, session.send("POST",
                                         Session::key_path(at) + "/versions/" +
                                             std::to_string(*at.version) + ":" + verb.verb,
                                         json.text()));
  if (session.print_for_machines(answer, at.text())) return ok();
  Session::line(verb.past + " " + at.text());
  const auto primary = count(answer.json.root(), "primary");
  if (primary != 0 && primary != *at.version)
    Session::line("  primary  " + member(answer.json.root(), "tenant") + ":" + at.name + "@" +
                  std::to_string(primary));
  if (verb.verb == "destroy")
    Session::line("  undo     keywright key cancel-destroy " + at.name + "@" +
                  std::to_string(*at.version) + "   (until the wait is over)");
  if (verb.verb == "suspend")
    Session::line("  undo     keywright key restore " + at.name + "@" +
                  std::to_string(*at.version) + " --to retired");
  return ok();
}

Command command(const VersionVerb& verb, std::string summary, std::vector<Flag> flags,
                std::string example) {
  if (verb.destructive) flags.push_back({"--confirm", "the key's name, for scripts", Kind::kText});
  return {"key",
          verb.verb,
          std::move(summary),
          "KEY@N",
          std::move(flags),
          {std::move(example)},
          [verb](Session& session, const Arguments& arguments) {
            return move(session, arguments, verb);
          }};
}

}  // namespace

void add_version_commands(std::vector<Command>& commands) {
  const Flag reason{"--reason", "a short word for the record, [a-z0-9_-]", Kind::kText};
  const Flag override_flag{"--override", "in spite of its blockers; needs two approvals",
                           Kind::kSwitch};
  const Flag outage{"--accept-outage", "leave the key without a primary version", Kind::kSwitch};
  commands.push_back(command({"activate", "activated"}, "pending to active", {},
                             "keywright key activate orders@2"));
  commands.push_back(command({"promote", "promoted"}, "make a version primary", {},
                             "keywright key promote orders@2"));
  commands.push_back(command({"suspend", "suspended"}, "stop a version, reversibly, at once",
                             {reason, outage},
                             "keywright key suspend orders@1 --reason suspicious_use"));
  commands.push_back(command({"restore", "restored"}, "bring a suspended or archived version back",
                             {{"--to", "active, secondary, retired or archived", Kind::kText}},
                             "keywright key restore orders@1 --to retired"));
  commands.push_back(command({"retire", "retired"}, "decrypt and verify only", {override_flag},
                             "keywright key retire orders@1"));
  commands.push_back(command({"archive", "archived"}, "verify only", {override_flag},
                             "keywright key archive orders@1"));
  commands.push_back(
      command({"revoke", "revoked", true}, "declare a version compromised, for ever",
              {reason, outage, {"--compromised-at", "since when, RFC 3339", Kind::kText}},
              "keywright key revoke orders@1 --reason leaked --confirm orders"));
  commands.push_back(
      command({"destroy", "will be destroyed:", true}, "destroy after the waiting period",
              {reason, override_flag, {"--wait-seconds", "a longer wait", Kind::kNumber}},
              "keywright key destroy orders@1 --confirm orders"));
  commands.push_back(command({"cancel-destroy", "kept:"}, "cancel a destruction that still waits",
                             {}, "keywright key cancel-destroy orders@1"));
}

}  // namespace kw::cli
