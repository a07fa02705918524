// Replacing suspects, and what hangs together by itself.
#include <charconv>

#include "secrets/secret_incident.h"

namespace kw::secrets {

namespace {

constexpr std::string_view kFollows = "follows-its-sources:";

// "follows-its-sources:<tenant>/<path>@<primary when it began>"
struct Following {
  std::string tenant, path;
  std::uint32_t before = 0;
};

Result<Following> parse_following(std::string_view text) {
  text.remove_prefix(kFollows.size());
  const auto slash = text.find('/'), at = text.rfind('@');
  if (slash == text.npos || at == text.npos || at < slash)
    return error(Code::kDataLoss, "bad_replacement", "a stored replacement does not parse");
  Following following{std::string(text.substr(0, slash)),
                      std::string(text.substr(slash + 1, at - slash - 1)), 0};
  std::from_chars(text.data() + at + 1, text.data() + text.size(), following.before);
  return following;
}

rotation::Node node_of(const std::string& tenant, const std::string& path) {
  return rotation::Node{"secret:" + tenant + "/" + path};
}

}  // namespace

bool SecretReplacement::is_own(std::string_view run) {
  return run.starts_with(kFollows);
}

Result<std::optional<std::string>> SecretReplacement::start(rotation::Change change,
                                                            const rotation::Subject& subject,
                                                            const rotation::ReplaceOrder& order) {
  KW_TRY(const Secret secret, targets_.secrets().load(change.tx, subject.tenant, subject.name));
  if (secret.shape == Shape::kTemplate)
    return std::optional<std::string>(std::string(kFollows) + subject.tenant + "/" + subject.name +
                                      "@" + std::to_string(secret.primary));
  // The revocation has made another one primary in the same step: one replacement is enough.
  if (order.old_is_dead && secret.target.empty() && secret.primary != 0)
    return std::optional<std::string>(std::string(kFollows) + subject.tenant + "/" + subject.name +
                                      "@0");
  // The run itself revokes the old credential where it is accepted.
  rotation::ReplaceOrder complete = order;
  if (!secret.target.empty()) complete.keep_old = false;
  return runs_.start(change, subject, complete);
}

Result<rotation::ReplaceState> SecretReplacement::look(store::Reader& reader,
                                                       const std::string& run) {
  if (!is_own(run)) return runs_.look(reader, run);
  KW_TRY(const Following following, parse_following(run));
  KW_TRY(const Secret secret, targets_.secrets().load(reader, following.tenant, following.path));
  rotation::ReplaceState state;
  state.promoted = secret.primary != following.before;
  state.to = secret.primary;
  return state;
}

// Every change of a reference or a binding is a change of a secret's or target's epoch.
Result<Bytes> SecretEdges::revision(store::Reader& reader) {
  KW_TRY(const auto row,
         reader.query_one("SELECT (SELECT COUNT(*) FROM secret_object),"
                          " (SELECT COUNT(*) FROM secret_reference),"
                          " (SELECT COALESCE(MAX(epoch), 0) + COUNT(*) FROM secret_target),"
                          " (SELECT COUNT(*) FROM secret_object WHERE target <> '')",
                          {}));
  ByteWriter text;
  for (std::size_t column = 0; column < 4; ++column)
    text.u64(static_cast<std::uint64_t>(row->integer(column)));
  return text.bytes();
}

Result<std::vector<rotation::Edge>> SecretEdges::edges(store::Reader& reader) {
  std::vector<rotation::Edge> all;
  KW_TRY(const store::Rows embedded,
         reader.query("SELECT s.tenant_name, r.source, s.path FROM secret_reference r"
                      " JOIN secret_object s ON s.id = r.secret_id WHERE s.deleted_at IS NULL"
                      " ORDER BY s.tenant_name, r.source, s.path LIMIT 100000",
                      {}));
  for (const store::Row& row : embedded)
    all.push_back({node_of(row.text(0), row.text(1)), node_of(row.text(0), row.text(2)),
                   rotation::EdgeType::kEmbeds, false, ""});
  KW_TRY(const store::Rows admins,
         reader.query("SELECT t.tenant_name, t.admin_secret, s.path FROM secret_target t"
                      " JOIN secret_object s ON s.tenant = t.tenant AND s.target = t.name"
                      " WHERE t.admin_secret <> '' AND t.admin_secret <> s.path"
                      " ORDER BY t.tenant_name, t.admin_secret, s.path LIMIT 100000",
                      {}));
  for (const store::Row& row : admins)
    all.push_back({node_of(row.text(0), row.text(1)), node_of(row.text(0), row.text(2)),
                   rotation::EdgeType::kAuthenticates, false, ""});
  return all;
}

}  // namespace kw::secrets
