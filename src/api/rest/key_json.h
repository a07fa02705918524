// Keys, versions, jobs and other domain facts as JSON members.
#pragma once

#include "api/rest/exchange.h"
#include "auth/approvals.h"
#include "codec/json.h"
#include "keys/kek_rotation.h"
#include "keys/model.h"
#include "rotation/job.h"

namespace kw::api::rest {

void write_time(codec::JsonWriter& json, std::string_view name, WallTime time);
void write_time(codec::JsonWriter& json, std::string_view name,
                const std::optional<WallTime>& time);  ///< left out when empty
void write_key(codec::JsonWriter& json, const keys::Key& key);
/// The key with its ETag.
Answer key_answer(const keys::Key& key, int status = 200);
/// The same as the first answer of an Idempotency-Key.
service::KeptAnswer kept_key(const keys::Key& key);
service::KeptAnswer kept_new_key(const keys::Key& key);
void write_job(codec::JsonWriter& json, const keys::Job& job);
void write_job(codec::JsonWriter& json, const rotation::Job& job);
void write_approval(codec::JsonWriter& json, const auth::Approval& approval);
void write_grants(codec::JsonWriter& json, const std::vector<auth::Grant>& grants);

}  // namespace kw::api::rest
