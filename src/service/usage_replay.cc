#include "service/usage_replay.h"

#include <optional>

#include "codec/json.h"

namespace kw::service {

namespace {

constexpr std::size_t kBatch = 4096;

std::optional<keys::Operation> operation_of(std::string_view action) {
  if (!action.starts_with("key.")) return std::nullopt;
  for (int i = 0; i < keys::kOperationCount; ++i)
    if (const auto one = static_cast<keys::Operation>(i);
        keys::operation_name(one) == action.substr(4))
      return one;
  return std::nullopt;
}

std::string text_of(const codec::JsonView& record, std::string_view name) {
  const auto text = record.text(name);
  return text ? std::string(*text) : "";
}

// @returns true when the record is about a secret.
bool count_secret(House& house, const codec::JsonView& record) {
  const std::string action = text_of(record, "action");
  if (action != "secret.read-value" && action != "secret.sign-webhook" &&
      action != "secret.verify-webhook")
    return false;
  const auto version = record.integer("version");
  if (text_of(record, "outcome") != "ok" || !version || *version < 1) return true;
  const auto secret =
      house.secrets.secrets.find(text_of(record, "tenant"), text_of(record, "object"));
  if (secret)
    house.secrets.reads.count(secret->id, static_cast<std::uint32_t>(*version),
                              text_of(record, "actor"));
  return true;
}

// A batch over several versions has no version in its record: then every version that could have
// served is counted.
void count_record(House& house, const codec::JsonView& record) {
  if (count_secret(house, record)) return;
  const auto operation = operation_of(text_of(record, "action"));
  if (!operation || text_of(record, "outcome") != "ok") return;
  const auto key = house.keyring.find(text_of(record, "tenant"), text_of(record, "object"));
  if (!key) return;  // destroyed since: nothing can be retired any more
  const std::string caller = text_of(record, "actor");
  const auto version = record.integer("version");
  const auto items = record.integer("count");
  const std::int64_t uses = items ? std::max<std::int64_t>(1, *items) : 1;
  if (version && *version > 0) {
    house.usage.count((*key)->id, static_cast<std::uint32_t>(*version), *operation, caller, uses);
    return;
  }
  for (const keys::Version& one : (*key)->versions)
    house.usage.count((*key)->id, one.number, *operation, caller, uses);
}

}  // namespace

Status replay_usage(House& house, std::uint64_t end) {
  KW_TRY(std::uint64_t at, house.usage.counted_to(house.options.node));
  while (at < end) {
    KW_TRY(const std::vector<std::string> leaves,
           house.accesses.read(at, std::min<std::uint64_t>(kBatch, end - at)));
    if (leaves.empty()) break;
    for (const std::string& leaf : leaves) {
      const auto record = codec::JsonDocument::parse(leaf);
      if (!record)
        return error(Code::kDataLoss, "bad_record",
                     "the access log holds a record that is not JSON");
      count_record(house, record->root());
    }
    at += leaves.size();
  }
  return ok();
}

}  // namespace kw::service
