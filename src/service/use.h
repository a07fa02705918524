// Using keys: the nine data-plane operations, single and batch. Runs on the event loop: it never
// blocks on the store's writer except when a message budget is empty.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "service/gate.h"
#include "service/signature_anchor.h"

namespace kw::service {

/// One item. Which members count depends on the operation.
struct UseItem {
  std::uint32_t version = 0;  ///< 0: the default
  ByteView input;             ///< plaintext, message or derivation context
  ByteView associated_data;
  ByteView envelope;      ///< ciphertext in binary form
  ByteView proof;         ///< signature or MAC to verify
  std::size_t size = 32;  ///< bytes of a data key or derived key

  crypto::SignatureForm form = crypto::SignatureForm::kDer;
  std::string kid;                        ///< verify: names the version; ""
  std::optional<WallTime> signed_at;      ///< verify: what the caller says
  std::optional<SignatureAnchor> anchor;  ///< verify: where the signing was recorded
  std::string claims;                     ///< token: JSON text
  std::string type = "JWT";               ///< token: `typ` of its header
  std::string_view token;                 ///< verify a token: in compact form
};

struct UseRequest {
  keys::Operation operation = keys::Operation::kEncrypt;
  std::vector<UseItem> items;  ///< 1 to 256
  bool token = false;          ///< sign: claims as a JSON Web Token; verify: one
  bool anchor = false;         ///< sign one item: its digest goes into the record
};

/// What one item led to.
struct UseOutcome {
  std::uint32_t version = 0;
  Bytes output;          ///< ciphertext, signature or MAC
  WipedBytes plaintext;  ///< decrypt
  SecretBytes secret;    ///< data key or derived key in clear
  keys::Verdict verdict = keys::Verdict::kInvalid;
  std::string reason;  ///< why not simply valid
  std::string claims;  ///< of a token that may be relied on: JSON text
  std::string kid;     ///< of `version`, for sign keys and MAC keys that sign tokens
  std::optional<SignatureAnchor> anchor;
  std::optional<Error> failure;  ///< when set, nothing else counts
};

/// Counters that alert rules watch; they are there, with 0, as soon as they are asked for.
observe::Counter& compromised_uses(House& house, keys::Operation operation);
observe::Counter& unknown_kids(House& house);

/// Gets the outcomes and prepares the answer. What it returns is called when the audit
/// record is durable, with the status of that: only it may send the answer.
using Prepare = std::function<std::function<void(Status)>(std::vector<UseOutcome>)>;

/// The key of the call, for a caller who may use it so. Ask before the body is parsed.
/// @errors as authorise; kNotFound(not_found); kUnavailable(sealed)
Result<std::shared_ptr<const keys::Key>> admit_use(House& house, Call& call);

/// Carries the request out with a key that admit_use gave. Errors are per item: keys/operations.h.
/// MAC tokens that name a kid are "untrusted" (reason token_life_over) once their version is no
/// longer published: keys/jwks.h.
/// @audit key.encrypt and so on: one record per request, with the count of its items and the
/// version when it is one.
void use_key(House& house, Call& call, const keys::Key& key, const UseRequest& request,
             const Prepare& prepare);

}  // namespace kw::service
