#include "secrets/secret_facts.h"

namespace kw::secrets {

rotation::SubjectFacts facts_of(const Secret& secret) {
  rotation::SubjectFacts facts;
  facts.subject = {"secret", secret.tenant_name, secret.path};
  facts.type = secret.metadata.type;
  facts.classification = secret.metadata.classification;
  facts.owner = secret.metadata.owner;
  facts.regions = secret.metadata.regions;
  facts.labels = secret.metadata.labels;
  facts.labels.erase("target");
  if (!secret.target.empty()) facts.labels["target"] = secret.target;
  facts.created_at = secret.created_at;
  facts.primary_since = secret.created_at;
  facts.primary = secret.primary;
  facts.epoch = secret.epoch;
  if (const Version* primary = secret.version(secret.primary)) {
    facts.primary_since = primary->promoted_at.value_or(primary->created_at);
    facts.expires_at = primary->expires_at;
  }
  return facts;
}

}  // namespace kw::secrets
