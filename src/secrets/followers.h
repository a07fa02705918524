// Templates follow their sources. After every change of a secret, in the same transaction, what is
// made of it gets the version that belongs to the sources as they are now: a new primary after a
// promotion, the old one again after a rollback, and during a rollout a version for the same
// consumers. Private to the room.
#pragma once

#include "codec/text_template.h"
#include "secrets/secret_change.h"

namespace kw::secrets {

/// @errors kInvalidArgument(bad_template): also when it asks for previous values, since what
/// follows
///   the present ones has a previous rendering of its own
Result<codec::TextTemplate> parse_template(std::string_view text);
/// The paths that a template is made of, each once, sorted.
std::vector<std::string> paths_of(const codec::TextTemplate& text);

/// The sources of a template as they are, by path.
using Sources = std::map<std::string, Secret, std::less<>>;

/// @errors kFailedPrecondition(reference_not_found): a path is missing or deleted, or has no
///   primary: the message names it
Result<Sources> sources_of(rows::Source source, std::int64_t tenant,
                           const codec::TextTemplate& text);
/// The text with the primaries of its sources, or with `instead` of one of them.
/// @errors kNotFound(no_such_field), kInvalidArgument(bad_rendering)
struct Instead {
  std::string path;
  std::uint32_t version = 0;
};
Result<Value> rendered(rows::Source source, const codec::TextTemplate& text, const Sources& sources,
                       const std::optional<Instead>& instead);
/// What Version::sources says of such a rendering.
std::string sources_text(const Sources& sources, const std::optional<Instead>& instead);
/// @errors kFailedPrecondition(reference_cycle): `path` would be made of itself
Status check_acyclic(store::Reader& reader, std::int64_t tenant, std::string_view path,
                     const std::vector<std::string>& sources);

/// Lets one template catch up with its sources; nothing when it is none or cannot be rendered now.
Status follow_one(const Foundations& on, store::Tx& tx, Leaves& leaves, const SecretId& id);
/// Lets the dependents of `source` follow; they let theirs.
Status follow(const Foundations& on, store::Tx& tx, Leaves& leaves, const Secret& source);

}  // namespace kw::secrets
