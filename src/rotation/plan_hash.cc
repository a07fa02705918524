#include "rotation/plan_hash.h"

#include "codec/base64.h"
#include "crypto/digest.h"
#include "rotation/policy_json.h"

namespace kw::rotation {

std::string plan_hash(const Run& run) {
  return plan_hash(run, policy_json(run.policy));
}

std::string plan_hash(const Run& run, std::string_view policy_text) {
  ByteWriter text;
  text.field(run.subject.text()).field(run.type).u32(run.from_version).field(run.algorithm);
  text.field(policy_text);
  return codec::hex(crypto::sha256(text.bytes()));
}

}  // namespace kw::rotation
