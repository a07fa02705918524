// The two texts of a blast radius.
#include <algorithm>

#include "codec/json.h"
#include "observe/plain_text.h"
#include "rotation/blast_radius.h"
#include "rotation/evidence.h"

namespace kw::rotation {
namespace {

using codec::JsonWriter;

constexpr std::size_t kRowsShown = 50;

void write_texts(JsonWriter& out, std::string_view name, const std::vector<std::string>& texts) {
  out.name(name).begin_array();
  for (const std::string& text : texts) out.value(text);
  out.end_array();
}

void write_versions(JsonWriter& out, const std::vector<VersionFacts>& versions) {
  out.name("versions").begin_array();
  for (const VersionFacts& one : versions) {
    out.begin_object().member("version", one.version).member("state", one.state);
    out.member("primary", one.primary).member("created_at", rfc3339(one.created_at));
    if (is_fingerprint(one.fingerprint)) out.member("fingerprint", one.fingerprint);
    out.end_object();
  }
  out.end_array();
}

void write_uses(JsonWriter& out, const std::vector<Use>& uses) {
  out.name("uses").begin_array();
  for (const Use& use : uses) {
    out.begin_object().member("principal", use.principal).member("peer", use.peer);
    out.member("tenant", use.tenant).member("operation", use.operation);
    out.member("version", use.version).member("count", use.count);
    out.member("first_seen", rfc3339(use.first_seen)).member("last_seen", rfc3339(use.last_seen));
    out.member("refused_after_revoke", use.refused).end_object();
  }
  out.end_array();
}

void write_subject(JsonWriter& out, const BlastSubject& one) {
  out.begin_object().member("subject", one.subject.text()).member("suspect", one.suspect);
  write_versions(out, one.versions);
  out.name("holders").begin_array();
  for (const Holder& holder : one.holders)
    out.begin_object()
        .member("kind", holder.kind)
        .member("name", holder.name)
        .member("since", rfc3339(holder.since))
        .end_object();
  out.end_array();
  write_texts(out, "abilities", one.abilities);
  out.member("descendants", static_cast<std::uint64_t>(one.descendants));
  out.name("descendants_by_kind").begin_object();
  for (const auto& [kind, count] : one.descendants_by_kind)
    out.member(kind, static_cast<std::uint64_t>(count));
  out.end_object();
  write_uses(out, one.uses);
  out.member("uses_after_revoke", one.uses_after_revoke);
  out.name("readable").begin_array();
  for (const Readable& readable : one.readable)
    out.begin_object()
        .member("tenant", readable.tenant)
        .member("store", readable.store)
        .member("items", readable.items)
        .member("exact", readable.exact)
        .end_object();
  out.end_array();
  write_texts(out, "expected_consumers", one.expected);
  write_texts(out, "unknown_consumers", one.unknown);
  write_texts(out, "absent_consumers", one.absent);
  out.end_object();
}

// Without its quotes: what could move a cursor or turn the reading order round stays escaped.
std::string harmless(std::string_view text) {
  std::string out;
  observe::append_json_string(out, text);
  return out.substr(1, out.size() - 2);
}

std::string column(std::string_view text, std::size_t width) {
  std::string out = harmless(text);
  if (out.size() < width) out.append(width - out.size(), ' ');
  return out + "  ";
}

void add_line(std::string& out, std::string_view title, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  out += "  " + column(title, 18);
  for (std::size_t i = 0; i < texts.size(); ++i) out += (i == 0 ? "" : ", ") + harmless(texts[i]);
  out += '\n';
}

void add_subject(std::string& out, const BlastSubject& one) {
  out += harmless(one.subject.text()) + (one.suspect ? "  SUSPECT\n" : "\n");
  std::vector<std::string> texts;
  for (const VersionFacts& version : one.versions)
    texts.push_back(std::to_string(version.version) + " " + version.state);
  add_line(out, "versions alive", texts);
  texts.clear();
  for (const Holder& holder : one.holders) texts.push_back(holder.kind + " " + holder.name);
  add_line(out, "held by", texts);
  add_line(out, "could", one.abilities);
  texts.clear();
  for (const auto& [kind, count] : one.descendants_by_kind)
    texts.push_back(std::to_string(count) + " " + kind);
  add_line(out, "below it", texts);
  texts.clear();
  for (const Readable& readable : one.readable)
    texts.push_back(readable.tenant + " " + std::to_string(readable.items) +
                    (readable.exact ? "" : " (estimate)"));
  add_line(out, "readable with it", texts);
  add_line(out, "UNKNOWN USERS", one.unknown);
  add_line(out, "not seen", one.absent);
  if (one.uses_after_revoke > 0)
    out += "  " + column("TRIED AFTER REVOKE", 18) + std::to_string(one.uses_after_revoke) + "\n";
  for (std::size_t i = 0; i < std::min(one.uses.size(), kRowsShown); ++i) {
    const Use& use = one.uses[i];
    out += "    " + column(use.principal, 24) + column(use.peer, 22) + column(use.operation, 12) +
           "v" + std::to_string(use.version) + "  " + std::to_string(use.count) + "  since " +
           rfc3339(use.first_seen) + "\n";
  }
  if (one.uses.size() > kRowsShown)
    out += "    … " + std::to_string(one.uses.size() - kRowsShown) + " more users in the JSON\n";
}

}  // namespace

std::string blast_radius_json(const BlastRadius& radius) {
  JsonWriter out;
  out.begin_object().member("incident", radius.incident);
  out.member("made_at", rfc3339(radius.made_at)).member("from", rfc3339(radius.from));
  out.member("to", rfc3339(radius.to)).name("subjects").begin_array();
  for (const BlastSubject& one : radius.subjects) write_subject(out, one);
  out.end_array();
  write_texts(out, "outside", radius.outside);
  write_texts(out, "gaps", radius.gaps);
  out.name("readable_by_tenant").begin_object();
  for (const auto& [tenant, count] : radius.readable_by_tenant()) out.member(tenant, count);
  out.end_object().end_object();
  return std::string(out.text());
}

std::string blast_radius_table(const BlastRadius& radius) {
  std::string out = "Blast radius of incident " + harmless(radius.incident) + ", uses " +
                    rfc3339(radius.from) + " to " + rfc3339(radius.to) + "\n\n";
  for (const BlastSubject& one : radius.subjects) add_subject(out, one);
  add_line(out, "to tell", radius.outside);
  for (const std::string& gap : radius.gaps) out += "NOT KNOWN: " + harmless(gap) + "\n";
  return out;
}

}  // namespace kw::rotation
