// The facts about secrets and their versions, as read from the store: plain values. Values of
// versions are not in here: they stay sealed until somebody may read them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/name.h"
#include "rotation/version_state.h"
#include "secrets/settings.h"

namespace kw::secrets {

using SecretId = Id<struct SecretTag>;
using rotation::VersionState;

/// What the values of a secret are.
enum class Shape : std::uint8_t {
  kValue,     ///< bytes
  kFields,    ///< texts by name: "username", "password" …
  kTemplate,  ///< text made of other secrets (template.h)
};
std::string_view shape_name(Shape shape);  ///< "value", "fields", "template"
Result<Shape> parse_shape(std::string_view name);

inline constexpr std::size_t kValueBytesMax = 64 * 1024;
inline constexpr std::size_t kFieldsMax = 64;
inline constexpr std::size_t kFieldNameMax = 64;

struct Version {
  std::uint32_t number = 0;
  VersionState state = VersionState::kPending;
  VersionState state_before = VersionState::kPending;  ///< held before suspended or destroying
  /// While destroying from suspended: the state held before the suspension.
  VersionState suspended_from = VersionState::kPending;
  std::int64_t cell = 0;  ///< sealed_cell id; 0 once destroyed
  std::string origin;     ///< "given", "generated" or "rendered"
  std::string principal;  ///< of a bound secret: who presents it at the target
  std::string sources;    ///< of a template's version: "<secret id>@<version>" with blanks between
  WallTime created_at;
  std::optional<WallTime> promoted_at, demoted_at, destroy_after, compromised_at;
  std::optional<WallTime> expires_at;  ///< it is not handed out any more from then on
  std::string note;        ///< what the person who gave it by hand said of it: the proof
  std::string reason;      ///< of a suspension, revocation or destruction: a stable word
  std::int64_t epoch = 0;  ///< compare-and-swap counter
};

/// While a rotation tries its new version: so many percent of the consumers read it.
struct Rollout {
  std::uint32_t version = 0;  ///< 0: no rollout
  int percent = 0;            ///< 0 to 99
  Bytes salt;                 ///< 16 bytes; says whose turn it is
  bool open() const { return percent > 0; }
};

/// What people say about a secret; all of it may change at any time.
struct Metadata {
  /// What policies select by: "app-secret", "postgresql", "redis" … `[a-z0-9-]{1,32}`.
  std::string type = "app-secret";
  std::string owner;                        ///< at most 128 bytes of text
  std::string classification = "internal";  ///< public, internal, confidential or restricted
  std::string description;                  ///< at most 512 bytes of text
  std::string instructions;  ///< how a person renews it: at most 4,096 bytes of text in lines
  std::vector<std::string> regions;  ///< at most 32, each [a-z0-9-]{1,63}
  std::map<std::string, std::string>
      labels;  ///< at most 64; names as object names, values 256 bytes
};
/// @errors kInvalidArgument(bad_type | bad_owner | unknown_classification | bad_description |
/// bad_instructions |
///   bad_region | bad_label)
Status check_metadata(const Metadata& metadata);

/// A secret with all its versions, oldest first. Row MACs were checked when it was read.
struct Secret {
  SecretId id;
  std::int64_t tenant = 0;
  std::string tenant_name;
  std::string path;
  Shape shape = Shape::kValue;
  Metadata metadata;
  std::string generator;      ///< how a new value is made (generator.h); "": by hand
  std::string template_text;  ///< of a template
  std::string target;         ///< where it is accepted; "": nowhere but with its readers
  Settings account;           ///< settings of the binding
  WallTime created_at;
  std::optional<WallTime> deleted_at;  ///< soft: undelete brings it back
  std::int64_t epoch = 0;
  std::uint32_t primary = 0;  ///< 0: none
  Rollout rollout;
  std::vector<Version> versions;

  const Version* version(std::uint32_t number) const;  ///< nullptr when there is none
  /// The secondary that was primary last; nullptr when there is none.
  const Version* previous() const;
  std::string etag() const;  ///< "\"<epoch>\""
};

/// True when the value may be handed out to those who may read: active, primary, secondary.
bool readable(VersionState state);

}  // namespace kw::secrets
