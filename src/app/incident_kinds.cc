#include "app/incident_kinds.h"

#include <algorithm>
#include <iterator>

namespace kw::app {

namespace {

using rotation::Scope;
using rotation::Subject;

// Adds what one room finds; that it has nothing of the name is no failure while the other may.
Status add(rotation::Compromise& room, const Scope& scope, WallTime since,
           std::vector<Subject>& all) {
  if (scope.names.empty()) return ok();
  auto found = room.suspects(scope, since);
  const bool by_subject = scope.kind == Scope::Kind::kSubject;
  if (!found && !by_subject && found.error().code == Code::kNotFound) return ok();
  KW_OK(found);
  all.insert(all.end(), found->begin(), found->end());
  return ok();
}

}  // namespace

bool is_secret(const Subject& subject) {
  return subject.kind == secrets::kSecretKind;
}

Result<std::vector<Subject>> CompromiseByKind::suspects(const Scope& scope, WallTime since) {
  Scope of_keys = scope, of_secrets = scope;
  if (scope.kind == Scope::Kind::kSubject) {
    const auto named = [](const std::string& name) { return name.starts_with("secret:"); };
    std::erase_if(of_keys.names, named);
    std::erase_if(of_secrets.names, [&](const std::string& name) { return !named(name); });
  }
  std::vector<Subject> all;
  KW_OK(add(keys_, of_keys, since, all));
  KW_OK(add(secrets_, of_secrets, since, all));
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  if (all.empty())
    return error(Code::kNotFound, "not_found", "nothing in the scope was used in that time");
  return all;
}

Result<std::string> ReencryptByKind::start(rotation::Change change, const Subject& subject,
                                           const rotation::Versions& versions) {
  if (is_secret(subject)) return std::string();
  return keys_.start(change, subject, versions);
}

Status ShadowsByKind::can_make(const Subject& subject) const {
  if (!is_secret(subject)) return ok();
  return error(Code::kFailedPrecondition, "no_drill",
               subject.text() +
                   " has no stand-in: a foreign system would have to accept it. "
                   "Drill with keys that no secret depends on, or rotate the secret");
}

Result<Subject> ShadowsByKind::make(const audit::Event& by, std::string_view incident,
                                    const Subject& subject) {
  KW_OK(can_make(subject));
  return keys_.make(by, incident, subject);
}

Result<Bytes> EdgesTogether::revision(store::Reader& reader) {
  KW_TRY(const Bytes keys, keys_.revision(reader));
  KW_TRY(const Bytes secrets, secrets_.revision(reader));
  return ByteWriter().field(keys).field(secrets).bytes();
}

Result<std::vector<rotation::Edge>> EdgesTogether::edges(store::Reader& reader) {
  KW_TRY(std::vector<rotation::Edge> all, keys_.edges(reader));
  KW_TRY(std::vector<rotation::Edge> others, secrets_.edges(reader));
  all.insert(all.end(), std::make_move_iterator(others.begin()),
             std::make_move_iterator(others.end()));
  return all;
}

}  // namespace kw::app
