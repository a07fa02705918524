#include "keys/access_history.h"

#include <algorithm>

#include "codec/json.h"

namespace kw::keys {

namespace {

constexpr std::size_t kBatch = 4096;
constexpr std::size_t kUsesMax = 200'000;
constexpr std::chrono::hours kSetBackMax{1};

Error bad_record() {
  return error(Code::kDataLoss, "bad_record", "the access log holds a record that is not one");
}

std::string text_of(const codec::JsonView& record, std::string_view name) {
  const auto text = record.text(name);
  return text ? std::string(*text) : "";
}

std::int64_t number_of(const codec::JsonView& record, std::string_view name) {
  const auto number = record.integer(name);
  return number ? *number : 0;
}

// "10.0.0.1" of "10.0.0.1:4711", "::1" of "[::1]:4711": every connection has another port.
std::string host_of(const std::string& peer) {
  const auto colon = peer.rfind(':');
  if (colon == peer.npos) return peer;
  const bool port = colon + 1 < peer.size() &&
                    peer.find_first_not_of("0123456789", colon + 1) == peer.npos;
  if (!port) return peer;
  if (peer.front() == '[' && colon > 2) return peer.substr(1, colon - 2);
  return peer.find(':') == colon ? peer.substr(0, colon) : peer;
}

// A use that the state of its version forbade: what a revocation is there for.
bool refused_by_state(const codec::JsonView& record) {
  const std::string reason = text_of(record, "reason");
  return reason == "version_state" || reason == "no_primary";
}

constexpr std::string_view kUses[] = {"key.encrypt",    "key.decrypt", "key.rewrap",
                                      "key.sign",       "key.verify",  "key.mac",
                                      "key.verify-mac", "key.derive",  "key.generate-data-key"};

bool is_use(std::string_view action) {
  return std::find(std::begin(kUses), std::end(kUses), action) != std::end(kUses);
}

Status add(SeenUses& all, std::size_t& different, const codec::JsonView& record, WallTime at) {
  const std::string action = text_of(record, "action");
  const bool good = text_of(record, "outcome") == "ok";
  if (!is_use(action) || (!good && !refused_by_state(record))) return ok();
  SeenUse use;
  use.principal = text_of(record, "actor");
  use.host = host_of(text_of(record, "peer"));
  use.operation = action.substr(4);
  use.version = static_cast<std::uint32_t>(number_of(record, "version"));
  auto& uses = all[text_of(record, "tenant") + "/" + text_of(record, "object")];
  auto same = std::find_if(uses.begin(), uses.end(), [&](const SeenUse& other) {
    return other.principal == use.principal && other.host == use.host &&
           other.operation == use.operation && other.version == use.version;
  });
  if (same == uses.end()) {
    if (++different > kUsesMax)
      return error(Code::kResourceExhausted, "too_many_users", "over 200,000 different uses");
    use.first_seen = at;
    same = uses.insert(uses.end(), std::move(use));
  }
  const std::int64_t items = std::max<std::int64_t>(1, number_of(record, "count"));
  (good ? same->count : same->refused) += items;
  same->first_seen = std::min(same->first_seen, at);
  same->last_seen = std::max(same->last_seen, at);
  return ok();
}

Result<WallTime> time_of(const codec::JsonView& record) {
  const auto time = parse_rfc3339(text_of(record, "time"));
  if (!time) return bad_record();
  return *time;
}

}  // namespace

Result<std::uint64_t> AccessHistory::first_after(WallTime time) const {
  std::uint64_t low = 0, high = log_.size();
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    KW_TRY(const auto leaves, log_.read(middle, 1));
    if (leaves.empty()) return bad_record();
    const auto record = codec::JsonDocument::parse(leaves.front());
    if (!record) return bad_record();
    KW_TRY(const WallTime at, time_of(record->root()));
    if (at < time)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

Result<std::shared_ptr<const SeenUses>> AccessHistory::scan(WallTime from, WallTime to) const {
  auto all = std::make_shared<SeenUses>();
  std::size_t different = 0;
  const std::uint64_t end = log_.size();
  const WallTime earliest = from.time_since_epoch() > kSetBackMax ? from - kSetBackMax : WallTime();
  KW_TRY(std::uint64_t at, first_after(earliest));
  while (at < end) {
    KW_TRY(const auto leaves, log_.read(at, std::min<std::uint64_t>(kBatch, end - at)));
    if (leaves.empty()) break;
    for (const std::string& leaf : leaves) {
      const auto record = codec::JsonDocument::parse(leaf);
      if (!record) return bad_record();
      KW_TRY(const WallTime time, time_of(record->root()));
      if (time < from || time > to) continue;
      KW_OK(add(*all, different, record->root(), time));
    }
    at += leaves.size();
  }
  return std::shared_ptr<const SeenUses>(std::move(all));
}

Result<std::shared_ptr<const SeenUses>> AccessHistory::between(WallTime from, WallTime to) {
  const std::lock_guard lock(mutex_);
  if (kept_ && from == from_ && to == to_) return kept_;
  KW_TRY(auto found, scan(from, to));
  from_ = from;
  to_ = to;
  kept_ = std::move(found);
  return kept_;
}

}  // namespace kw::keys
