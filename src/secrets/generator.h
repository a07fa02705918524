// How new values are made. The text form is what people and connectors write:
//
//   [password] [length=N] [alphabet=url|alnum|alpha|digits|hex|print] [classes=a,b] [field=NAME]
//   uuid | hex [bytes=N] | webhook | ed25519 | p-256 | rsa-3072        each with [field=NAME]
//
//   manual [due=14d] [remind=3d]: nobody but a person can make it (manual.h)
//
// A password of less than 80 bits is refused. `classes` names what must be in it at least once:
// lower, upper, digit, symbol; passwords are drawn until they comply, so all of those are equally
// likely. `webhook` is a secret of webhook_signature.h. Key pairs are structured values:
// `private_key` and `public_key`, PEM. Source of the floor: NIST SP 800-63B, 5.1.1 (random
// secrets); the margin is ours.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "secrets/value.h"

namespace kw::secrets {

struct Generator {
  enum class Kind : std::uint8_t {
    kPassword,
    kUuid,
    kHex,
    kWebhook,
    kManual,
    kEd25519,
    kP256,
    kRsa3072
  };
  Kind kind = Kind::kPassword;
  std::size_t length = 43;  ///< characters of a password (1 to 256), bytes of hex (16 to 128)
  std::string alphabet;     ///< the characters themselves
  bool lower = false, upper = false, digit = false, symbol = false;  ///< must be in it
  std::string field;  ///< where the value goes in a structured secret; "" is "password"

  std::chrono::seconds due = std::chrono::hours(14 * 24);    ///< of a task, from its opening
  std::chrono::seconds remind = std::chrono::hours(3 * 24);  ///< before it is due

  bool manual() const { return kind == Kind::kManual; }
  bool key_pair() const { return kind >= Kind::kEd25519; }
};

/// "" is the default: 43 URL-safe characters, 256 bits.
/// @errors kInvalidArgument(bad_generator | weak_generator)
Result<Generator> parse_generator(std::string_view text);

/// New parts: ("", value) or the two of a key pair. RSA takes up to a second: not in a transaction.
/// @errors kUnimplemented(algorithm_unavailable), kFailedPrecondition(manual_value)
Result<Fields> generate(const Generator& generator);
/// A whole new value. @param before  of a structured secret: the fields that stay; may be nullptr.
///   Without it a single value is bytes.
Result<Value> generate_value(const Generator& generator, const Value* before);

}  // namespace kw::secrets
