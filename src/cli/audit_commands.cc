#include "audit/access_copy.h"
#include "audit/tile_list.h"
#include "audit/verifier.h"

#include <algorithm>
#include <filesystem>

#include "cli/command.h"
#include "cli/listing.h"
#include "cli/sealed_file.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using Kind = Flag::Kind;

// hash_differs -> hash differs
std::string plain_words(std::string problem) {
  std::replace(problem.begin(), problem.end(), '_', ' ');
  return problem;
}

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
                  " leaves  root " + log.root_hex.substr(0, 4) + "…" +
                  (log.checkpoint_time.empty() ? "" : "  signed " + moment(log.checkpoint_time)));
    return;
  }
  Session::line("✗ " + log.name + "  " +
                (log.first_bad >= 0
                     ? "first bad leaf " + grouped(log.first_bad) + " (" + log.place + "): "
                     : "") +
                plain_words(log.problem));
  if (log.proven > 0)
    Session::line("  still proven: leaves 0-" + grouped(static_cast<std::int64_t>(log.proven) - 1) +
                  (log.checkpoint_time.empty()
                       ? ""
                       : " by the checkpoint of " + moment(log.checkpoint_time)));
}

void print_verdict(const audit::VerifyReport& report) {
  Session::line("✓ order, hashes, signatures, legal transitions" + rate_text(report));
  const audit::LogReport& first = report.logs.front();
  Session::line("verified: nothing changed, removed or reordered up to leaf " +
                grouped(static_cast<std::int64_t>(first.proven) - 1) +
                (first.name == "change log" ? "" : " of the " + first.name));
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
    if (report.good()) print_verdict(report);
    if (report.good() && !arguments.has("--key"))
      Session::say(
          "the verifier key came from the directory itself; pin it with --key to detect a forged "
          "copy");
  }
  if (report.good()) return ok();
  return Error{Code::kDataLoss, "proof_failed", "", std::nullopt};
}

// A column about the record itself, which lies in the item beside its number.
Column record_column(const std::string& name, const std::string& member_name, bool wide = false) {
  const auto cell = [member_name](const JsonView& item) {
    const auto record = item.find("record");
    return record ? member(*record, member_name) : std::string();
  };
  return {name, cell, wide};
}

std::string object_cell(const JsonView& item) {
  const auto record = item.find("record");
  if (!record) return "";
  const std::int64_t version = count(*record, "version");
  return member(*record, "object") + (version > 0 ? "@" + std::to_string(version) : "");
}

std::string change_cell(const JsonView& item) {
  const auto record = item.find("record");
  const std::string to = record ? member(*record, "to_state") : "";
  return to.empty() ? "" : member(*record, "from_state") + " > " + to;
}

std::string outcome_cell(const JsonView& item) {
  const auto record = item.find("record");
  if (!record) return "";
  const std::string reason = member(*record, "reason");
  return reason.empty() ? member(*record, "outcome") : reason;
}

std::vector<Column> record_columns() {
  const auto seq = [](const JsonView& item) { return grouped(count(item, "seq")); };
  const auto time = [](const JsonView& item) {
    const auto record = item.find("record");
    return record ? moment(member(*record, "time")) : "";
  };
  return {{"SEQ", seq},
          {"TIME", time},
          record_column("TENANT", "tenant", true),
          record_column("ACTOR", "actor"),
          record_column("ACTION", "action"),
          {"OBJECT", object_cell},
          {"CHANGE", change_cell},
          {"OUTCOME", outcome_cell},
          record_column("PEER", "peer", true),
          record_column("REQUEST", "request_id", true),
          record_column("APPROVAL", "approval", true)};
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
  return show_list(
      session, answer,
      {record_columns(), [](const JsonView& item) { return std::to_string(count(item, "seq")); },
       "no records match"});
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

// This node's access log, record by record from where an older copy ends. The records that the
// export itself causes are not chased: one pass to the size that the server named.
Result<audit::AccessCopy> fetch_access_log(Session& session, const std::string& directory) {
  KW_TRY(const auto answer, session.send("GET", "/api/v1/audit/access-log"));
  const JsonView log = answer.json.root();
  KW_TRY(audit::AccessCopy copy,
         audit::AccessCopy::open(directory, member(log, "node"),
                                 {member(log, "verifier_key"), member(log, "checkpoints")}));
  const auto size = static_cast<std::uint64_t>(count(log, "size"));
  while (copy.size() < size) {
    const std::uint64_t before = copy.size();
    KW_TRY(const auto records,
           session.send("GET", "/api/v1/audit/access-log/records" +
                                   client::query({{"first", std::to_string(before)}})));
    KW_OK(copy.add(as_bytes({records.text.data(), records.text.size()})));
    if (copy.size() == before)
      return error(Code::kDataLoss, "proof_failed", "the server's access log became shorter");
  }
  KW_OK(copy.finish());
  return copy;
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
  KW_TRY(const audit::AccessCopy accesses, fetch_access_log(session, directory));
  Session::line("exported " + grouped(static_cast<std::int64_t>(paths.size())) + " tiles and " +
                grouped(static_cast<std::int64_t>(accesses.size())) + " access records to " +
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
        "write a verifiable copy of the change log and this node's access log",
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
