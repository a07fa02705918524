#include "keys/proof.h"

#include <algorithm>

#include "base/bytes.h"

namespace kw::keys {

namespace {

constexpr std::string_view kMessage = "keywright known answer 32 bytes!";
constexpr std::string_view kOther = "Keywright known answer 32 bytes!";

Error failed() {
  return error(Code::kInternal, "proof_failed",
               "new key material did not pass its known-answer round trip");
}

Status prove_encryption(const crypto::Key& material) {
  crypto::EnvelopeHeader header;
  header.version = 1;
  KW_TRY(Bytes sealed, material.encrypt(header, as_bytes(kOther), as_bytes(kMessage)));
  KW_TRY(const crypto::Envelope envelope, crypto::parse_envelope(sealed));
  KW_TRY(const WipedBytes opened, material.decrypt(envelope, as_bytes(kOther)));
  const ByteView wanted = as_bytes(kMessage);
  if (!std::equal(opened.begin(), opened.end(), wanted.begin(), wanted.end())) return failed();
  sealed.back() ^= 1;
  KW_TRY(const crypto::Envelope changed, crypto::parse_envelope(sealed));
  if (material.decrypt(changed, as_bytes(kOther))) return failed();
  return ok();
}

Status prove_signature(const crypto::Key& material) {
  KW_TRY(const Bytes signature, material.sign(as_bytes(kMessage)));
  KW_TRY(const bool valid, material.verify(as_bytes(kMessage), signature));
  KW_TRY(const bool changed, material.verify(as_bytes(kOther), signature));
  if (!valid || changed) return failed();
  return ok();
}

Status prove_mac(const crypto::Key& material) {
  KW_TRY(const Bytes tag, material.mac(as_bytes(kMessage)));
  KW_TRY(const bool valid, material.verify_mac(as_bytes(kMessage), tag));
  KW_TRY(const bool changed, material.verify_mac(as_bytes(kOther), tag));
  if (!valid || changed) return failed();
  return ok();
}

Status prove_derivation(const crypto::Key& material) {
  KW_TRY(const SecretBytes one, material.derive(as_bytes(kMessage), 32));
  KW_TRY(const SecretBytes same, material.derive(as_bytes(kMessage), 32));
  KW_TRY(const SecretBytes other, material.derive(as_bytes(kOther), 32));
  if (!equal_constant_time(one, same) || equal_constant_time(one, other)) return failed();
  return ok();
}

}  // namespace

Status prove(const crypto::Key& material, crypto::Purpose purpose) {
  switch (purpose) {
    case crypto::Purpose::kEncrypt:
    case crypto::Purpose::kWrap:
    case crypto::Purpose::kDeterministic:
      return prove_encryption(material);
    case crypto::Purpose::kSign:
      return prove_signature(material);
    case crypto::Purpose::kMac:
      return prove_mac(material);
    case crypto::Purpose::kDerive:
      return prove_derivation(material);
  }
  return failed();
}

}  // namespace kw::keys
