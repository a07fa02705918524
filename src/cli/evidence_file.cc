#include "cli/evidence_file.h"

#include <cstdio>

#include "cli/sealed_file.h"
#include "rotation/evidence.h"

namespace kw::cli {

namespace {

void print_json(const rotation::EvidenceReport& report) {
  codec::JsonWriter json;
  json.begin_object().member("good", report.good()).member("kind", report.kind);
  json.member("id", report.id).member("made_at", report.made_at);
  json.member("entries", static_cast<std::uint64_t>(report.entries));
  json.member("checkpoint_size", static_cast<std::uint64_t>(report.checkpoint_size));
  json.member("problem", report.problem).end_object();
  Session::line(std::string(json.text()));
}

void print_words(const rotation::EvidenceReport& report) {
  if (!report.good()) {
    Session::line("✗ " + report.problem + ": this file is not what was signed");
    return;
  }
  Session::line("✓ " + report.kind + " " + report.id + "  signed " + moment(report.made_at));
  Session::line("  timeline     " + grouped(static_cast<std::int64_t>(report.entries)) +
                " lines, none changed, removed or reordered");
  Session::line("  change log   " + grouped(static_cast<std::int64_t>(report.checkpoint_size)) +
                " leaves under the signed checkpoint inside");
}

}  // namespace

Status save_evidence(Session& session, const Arguments& arguments, const std::string& path,
                     const std::string& noun) {
  KW_TRY(const auto answer, session.send("GET", path));
  const std::string_view text(answer.text.data(), answer.text.size());
  const std::string file = arguments.text("--out");
  if (file.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);  // byte by byte: it is signed
    return ok();
  }
  KW_OK(write_file(file, as_bytes(text)));
  KW_TRY(const auto checkpoint, session.send("GET", "/api/v1/audit/checkpoint"));
  Session::line("wrote " + file);
  Session::line("  next     keywright " + noun + " verify " + file + " --key '" +
                member(checkpoint.json.root(), "verifier_key") + "'");
  return ok();
}

Status verify_evidence_file(Session& session, const Arguments& arguments, const std::string& kind) {
  KW_TRY(const WipedBytes text, read_file(arguments.reference, rotation::kEvidenceBytesMax));
  KW_TRY(rotation::EvidenceReport report,
         rotation::verify_evidence(as_text(text), arguments.text("--key")));
  if (report.good() && report.kind != kind) report.problem = "other_kind";
  if (session.options().format == Format::kJson)
    print_json(report);
  else
    print_words(report);
  if (report.good()) return ok();
  return Error{Code::kDataLoss, "proof_failed", "", std::nullopt};
}

}  // namespace kw::cli
