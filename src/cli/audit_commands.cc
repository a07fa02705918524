#include "audit/tile_list.h"
#include "audit/verifier.h"

#include <filesystem>

#include "cli/command.h"
#include "cli/sealed_file.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using Kind = Flag::Kind;

std::string rate_text(const audit::VerifyReport& report) {
  std::uint64_t leaves = 0;
  for (const audit::LogReport& log : report.logs) leaves += log.leaves;
  if (report.seconds < 0.05) return "";
  return ", " + grouped(static_cast<std::int64_t>(static_cast<double>(leaves) / report.seconds)) +
         " leaves/s";
}

void print_log(const audit::LogReport& log) {
  if (log.good) {
    Session::line("✓ " + log.name + "  " + grouped(static_cast<std::int64_t>(log.leaves)) +
                  " leaves  root " + log.root_hex.substr(0, 8) + "…" +
                  (log.checkpoint_time.empty() ? "" : "  signed " + moment(log.checkpoint_time)));
    return;
  }
  Session::line("✗ " + log.name + "  " +
                (log.first_bad >= 0
                     ? "first bad leaf " + grouped(log.first_bad) + " (" + log.place + "): "
                     : "") +
                log.problem);
  if (log.proven > 0)
    Session::line("  still proven: leaves 0-" + grouped(static_cast<std::int64_t>(log.proven) - 1));
}

void print_report_json(const audit::VerifyReport& report) {
  codec::JsonWriter json;
  json.begin_object()
      .member("good", report.good())
      .member("seconds", report.seconds)
      .name("logs")
      .begin_array();
  for (const audit::LogReport& log : report.logs) {
    json.begin_object()
        .member("name", log.name)
        .member("good", log.good)
        .member("leaves", log.leaves)
        .member("proven", log.proven);
    json.member("root", log.root_hex)
        .member("first_bad", log.first_bad)
        .member("place", log.place)
        .member("problem", log.problem)
        .end_object();
  }
  json.end_array().end_object();
  Session::line(std::string(json.text()));
}

// Offline: no server, no context.
Status verify(Session& session, const Arguments& arguments) {
  KW_TRY(const audit::VerifyReport report,
         audit::verify({arguments.text("--dir"), arguments.text("--key")}));
  if (session.options().format == Format::kJson) {
    print_report_json(report);
  } else {
    for (const audit::LogReport& log : report.logs) print_log(log);
    if (report.good())
      Session::line("verified: order, hashes, signatures, legal transitions" + rate_text(report));
    if (report.good() && !arguments.has("--key"))
      Session::say(
          "the verifier key came from the directory itself; pin it with --key to detect a forged "
          "copy");
  }
  if (report.good()) return ok();
  return Error{Code::kDataLoss, "proof_failed", "", std::nullopt};
}

Status list(Session& session, const Arguments& arguments) {
  const std::string filters =
      client::query({{"tenant", arguments.has("--all")         ? ""
                                : session.tenant().has_value() ? *session.tenant()
                                                               : ""},
                     {"actor", arguments.text("--actor")},
                     {"action", arguments.text("--action")},
                     {"object", arguments.text("--object")},
                     {"from", arguments.text("--from")},
                     {"to", arguments.text("--to")},
                     {"limit", arguments.text("--limit")},
                     {"before", arguments.text("--before")}});
  KW_TRY(const auto answer, session.send("GET", "/api/v1/audit/records" + filters));
  if (session.print_for_machines(answer)) return ok();
  Table table = {{"SEQ", "TIME", "ACTOR", "ACTION", "OBJECT", "CHANGE", "OUTCOME"}};
  KW_TRY(const JsonView items, answer.json.root().member("items"));
  for (const JsonView& item : items.elements()) {
    KW_TRY(const JsonView record, item.member("record"));
    const std::string from = member(record, "from_state"), to = member(record, "to_state");
    const std::int64_t version = count(record, "version");
    table.push_back(
        {grouped(count(item, "seq")), moment(member(record, "time")), member(record, "actor"),
         member(record, "action"),
         member(record, "object") + (version > 0 ? "@" + std::to_string(version) : ""),
         to.empty() ? "" : from + " > " + to,
         member(record, "reason").empty() ? member(record, "outcome") : member(record, "reason")});
  }
  Session::print(table);
  return ok();
}

Status checkpoint(Session& session, const Arguments&) {
  KW_TRY(const auto answer, session.send("GET", "/api/v1/audit/checkpoint"));
  if (session.print_for_machines(answer)) return ok();
  const std::string note = member(answer.json.root(), "checkpoint");
  Session::line(note.substr(0, note.find_last_not_of('\n') + 1));
  Session::say("verifier key: " + member(answer.json.root(), "verifier_key"));
  return ok();
}

Status watch(Session& session, const Arguments&) {
  KW_TRY(client::Connection* const connection, session.connection());
  return connection->events("", [](std::string_view, std::string_view, std::string_view data) {
    Session::line(std::string(data));
    std::fflush(stdout);
    return true;
  });
}

// New files only below `directory`; folders are made on the way.
Status write_new_file(const std::string& path, ByteView content) {
  std::error_code failure;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), failure);
  return write_file(path, content);
}

// Fetches what `audit verify` needs through the API: the signed checkpoint, the verifier key and
// every tile below it.
Status fetch_tile(Session& session, const std::string& directory, const std::string& path) {
  const std::string file = directory + "/" + path;
  KW_TRY(const auto answer,
         session.send("GET", "/api/v1/audit/tile" + client::query({{"path", path}})));
  return write_new_file(file, as_bytes({answer.text.data(), answer.text.size()}));
}

Status export_copy(Session& session, const Arguments& arguments) {
  const std::string directory = arguments.text("--dir");
  KW_TRY(const auto answer, session.send("GET", "/api/v1/audit/checkpoint"));
  const std::string note = member(answer.json.root(), "checkpoint");
  KW_TRY(const std::vector<std::string> paths, audit::tile_paths(note));
  for (const std::string& path : paths) KW_OK(fetch_tile(session, directory, path));
  KW_OK(write_new_file(directory + "/vkey",
                       as_bytes(member(answer.json.root(), "verifier_key") + "\n")));
  KW_OK(write_new_file(directory + "/checkpoint", as_bytes(note)));
  Session::line("exported " + grouped(static_cast<std::int64_t>(paths.size())) + " tiles to " +
                directory);
  Session::line("  next     keywright audit verify --dir " + directory);
  return ok();
}

}  // namespace

void add_audit_commands(std::vector<Command>& commands) {
  commands.insert(
      commands.end(),
      {{"audit",
        "verify",
        "prove, offline, that nothing was changed, removed or reordered",
        "",
        {{"--dir", "a copy of the audit directory", Kind::kText, true},
         {"--key", "the pinned verifier key line", Kind::kText}},
        {"keywright audit verify --dir audit-copy"},
        verify},
       {"audit",
        "export",
        "write a verifiable copy of the change log",
        "",
        {{"--dir", "an empty directory or an older copy", Kind::kText, true}},
        {"keywright audit export --dir audit-copy"},
        export_copy},
       {"audit",
        "list",
        "records, newest first",
        "",
        {{"--actor", "by this principal", Kind::kText},
         {"--action", "this action, or key.*", Kind::kText},
         {"--object", "about this object", Kind::kText},
         {"--from", "from this time, RFC 3339", Kind::kText},
         {"--to", "before this time", Kind::kText},
         {"--limit", "at most so many", Kind::kNumber},
         {"--before", "records before this number", Kind::kNumber},
         {"--all", "of all tenants", Kind::kSwitch}},
        {"keywright audit list --action key.*"},
        list},
       {"audit",
        "checkpoint",
        "the newest signed checkpoint",
        "",
        {},
        {"keywright audit checkpoint"},
        checkpoint},
       {"audit", "watch", "changes as they happen", "", {}, {"keywright audit watch"}, watch}});
}

}  // namespace kw::cli
