#include "cli/command.h"
#include "cli/duration.h"
#include "cli/listing.h"
#include "cli/session.h"
#include "cli/subject.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

std::string consumer_path(const Reference& at, const std::string& verb = "") {
  return "/api/v1/rotation/consumers/" + at.name + verb + client::query({{"tenant", at.tenant}});
}

bool on(const JsonView& object, std::string_view name) {
  const auto value = object.boolean(name);
  return value && *value;
}

std::string seconds_of(const JsonView& object, std::string_view name) {
  return about(std::chrono::seconds(count(object, name)));
}

Listing consumer_listing() {
  const auto canary = [](const JsonView& row) {
    return std::string(on(row, "canary") ? "yes" : "");
  };
  const auto refresh = [](const JsonView& row) { return seconds_of(row, "refresh_seconds"); };
  const auto lease = [](const JsonView& row) { return seconds_of(row, "lease_seconds"); };
  const auto seen = [](const JsonView& row) { return from_now(member(row, "seen_at")); };
  return {{text_column("CONSUMER", "name"),
           text_column("ENVIRONMENT", "environment"),
           {"CANARY", canary},
           {"LOOKS EVERY", refresh},
           {"LEASE", lease},
           {"SEEN", seen}},
          [](const JsonView& row) { return member(row, "name"); },
          "no consumers; register one: keywright consumer add NAME --uses KEY"};
}

Status list(Session& session, const Arguments& arguments) {
  KW_TRY(const std::string tenant, session.tenant());
  KW_TRY(const auto answer,
         session.send(
             "GET", "/api/v1/rotation/consumers" +
                        client::query({{"tenant", tenant}, {"after", arguments.text("--after")}})));
  return show_list(session, answer, consumer_listing());
}

Status show(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_TRY(const auto answer, session.send("GET", consumer_path(at)));
  if (session.print_for_machines(answer, at.text())) return ok();
  const JsonView row = answer.json.root();
  Session::line(at.text() + "  " + member(row, "environment") +
                (on(row, "canary") ? "  canary" : ""));
  Session::line("  looks every " + seconds_of(row, "refresh_seconds") + ", gone after " +
                seconds_of(row, "lease_seconds") + " of silence, seen " +
                from_now(member(row, "seen_at")));
  Session::line("  principal " + member(row, "principal") + " speaks for it");
  if (const auto subjects = row.find("subjects"))
    for (const JsonView& subject : subjects->elements())
      Session::line("  uses  " + member(subject, "kind") + ":" + at.tenant + "/" +
                    member(subject, "name"));
  return ok();
}

Status add(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_TRY(const auto refresh, parse_duration(arguments.text("--refresh", "5m")));
  KW_TRY(const auto lease, parse_duration(arguments.text("--lease", "15m")));
  JsonWriter json;
  json.begin_object().member("environment", arguments.text("--environment", "production"));
  if (arguments.has("--principal")) json.member("principal", arguments.text("--principal"));
  json.member("canary", arguments.has("--canary"));
  json.member("refresh_seconds", refresh.count()).member("lease_seconds", lease.count());
  json.name("subjects").begin_array();
  for (const std::string& text : arguments.repeated("--uses")) {
    KW_TRY(const SubjectReference subject, parse_subject(session, text));
    if (subject.tenant != at.tenant)
      return error(Code::kInvalidArgument, "usage",
                   "a consumer uses what is of its own tenant: " + text);
    json.begin_object().member("kind", subject.kind).member("name", subject.name).end_object();
  }
  json.end_array().end_object();
  KW_TRY(const auto answer, session.send("PUT", consumer_path(at), json.text()));
  if (session.print_for_machines(answer, at.text())) return ok();
  Session::line("registered " + at.text() + "  " + member(answer.json.root(), "environment"));
  Session::line("  it says what it has with  keywright consumer ack " + at.name + " --has KEY@N");
  return ok();
}

Status remove(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_OK(session.send("DELETE", consumer_path(at)));
  Session::line("removed " + at.text());
  return ok();
}

Status heartbeat(Session& session, const Reference& at) {
  KW_OK(session.send("POST", consumer_path(at, ":heartbeat"), "{}"));
  Session::line(at.text() + " is alive");
  return ok();
}

Status acknowledge(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  if (!arguments.has("--has")) return heartbeat(session, at);
  KW_TRY(const SubjectReference subject, parse_subject(session, arguments.text("--has")));
  if (!subject.version)
    return error(Code::kInvalidArgument, "usage",
                 "say which version it has: --has " + subject.name + "@2");
  const std::string grade = arguments.has("--failed") ? "failed"
                            : arguments.has("--used") ? "used"
                                                      : "loaded";
  JsonWriter json;
  json.begin_object().member("kind", subject.kind).member("name", subject.name);
  json.member("version", *subject.version).member("grade", grade);
  if (arguments.has("--instance")) json.member("instance", arguments.text("--instance"));
  json.end_object();
  KW_OK(session.send("POST", consumer_path(at, ":acknowledge"), json.text()));
  Session::line(at.text() + " " + grade + " " + subject.text() + "@" +
                std::to_string(*subject.version));
  return ok();
}

std::string has_text(const JsonView& ack) {
  return "@" + std::to_string(count(ack, "version")) +
         (on(ack, "failed")                ? " failed"
          : member(ack, "used_at").empty() ? " loaded"
                                           : " used");
}

Status board(Session& session, const Arguments& arguments) {
  KW_TRY(const SubjectReference at,
         parse_subject(session, arguments.reference, arguments.text("--kind", "key")));
  KW_TRY(const auto answer,
         session.send("GET", "/api/v1/rotation/board" +
                                 client::query({{"tenant", at.tenant},
                                                {"kind", at.kind},
                                                {"name", at.name},
                                                {"version", at.version ? std::to_string(*at.version)
                                                                       : std::string()}})));
  if (session.print_for_machines(answer, at.text())) return ok();
  const JsonView root = answer.json.root();
  Table table = {{"CONSUMER", "INSTANCE", "ENVIRONMENT", "HAS", "LAST SIGN"}};
  std::size_t said = 0;
  if (const auto items = root.find("items"))
    for (const JsonView& ack : items->elements()) {
      table.push_back({member(ack, "consumer"), member(ack, "instance"), member(ack, "environment"),
                       has_text(ack),
                       from_now(member(ack, "last_at")) + (on(ack, "live") ? "" : ", gone")});
      ++said;
    }
  if (const auto silent = root.find("silent"))
    for (const JsonView& row : silent->elements())
      table.push_back({member(row, "name"), "", member(row, "environment"), "silent",
                       from_now(member(row, "seen_at"))});
  Session::line(member(root, "subject") + "@" + std::to_string(count(root, "version")) + ": " +
                std::to_string(said) + " acknowledged, " + std::to_string(count(root, "live")) +
                " live");
  if (table.size() > 1) Session::print(table);
  return ok();
}

}  // namespace

void add_consumer_commands(std::vector<Command>& commands) {
  commands.insert(commands.end(),
                  {{"consumer",
                    "list",
                    "who uses versions",
                    "",
                    {{"--after", "cursor from the last page", Kind::kText}},
                    {"keywright consumer list"},
                    list},
                   {"consumer",
                    "show",
                    "one consumer and what it uses",
                    "NAME",
                    {},
                    {"keywright consumer show billing"},
                    show},
                   {"consumer",
                    "add",
                    "register a consumer, or replace what is known of it",
                    "NAME",
                    {{"--uses", "a key that it uses; may be given again", Kind::kRepeated, true},
                     {"--principal", "who speaks for it (default: of its own name)", Kind::kText},
                     {"--environment", "production (default), staging …", Kind::kText},
                     {"--canary", "it gets new versions first", Kind::kSwitch},
                     {"--refresh", "how often it looks for new versions (5m)", Kind::kText},
                     {"--lease", "silence after which it counts as gone (15m)", Kind::kText}},
                    {"keywright consumer add billing --uses orders"},
                    add},
                   {"consumer",
                    "remove",
                    "forget a consumer; runs wait for it no longer",
                    "NAME",
                    {},
                    {"keywright consumer remove billing"},
                    remove},
                   {"consumer",
                    "ack",
                    "say that it loaded or used a version; without --has: that it lives",
                    "NAME",
                    {{"--has", "KEY@N", Kind::kText},
                     {"--used", "it was used with success, not only loaded", Kind::kSwitch},
                     {"--failed", "it was tried and failed: the rotation goes back", Kind::kSwitch},
                     {"--instance", "which process of it (its own name)", Kind::kText}},
                    {"keywright consumer ack billing --has orders@2 --used"},
                    acknowledge},
                   {"consumer",
                    "board",
                    "who has which version, and who is silent",
                    "SUBJECT[@N]",
                    {{"--kind", "key (default), kek, …", Kind::kText}},
                    {"keywright consumer board orders"},
                    board}});
}

}  // namespace kw::cli
