#include "rotation/ceremony.h"

#include <algorithm>

#include "base/failpoint.h"
#include "codec/json.h"
#include "crypto/random.h"
#include "rotation/evidence_timeline.h"

namespace kw::rotation {
namespace {

constexpr std::string_view kTable = "ceremony";

Error row_tampered() {
  return error(Code::kDataLoss, "row_tampered", "a ceremony's row is not one that we wrote");
}
Error refused(Code code, std::string_view reason, std::string_view message) {
  return error(code, reason, message);
}

Bytes row_bytes(std::string_view body, std::int64_t epoch) {
  return ByteWriter().field(body).u64(static_cast<std::uint64_t>(epoch)).bytes();
}

bool closed(const Ceremony& ceremony) {
  return ceremony.state != CeremonyState::kOpen && ceremony.state != CeremonyState::kComplete;
}
Error ceremony_closed(const Ceremony& ceremony) {
  return refused(Code::kFailedPrecondition, "ceremony_closed",
                 "the ceremony is " + std::string(ceremony_state_name(ceremony.state)));
}
Error operation_changed() {
  return refused(Code::kFailedPrecondition, "operation_changed",
                 "what would be done is not what the ceremony was opened for");
}

Participant* find(Ceremony& ceremony, std::string_view actor) {
  const auto found = std::find_if(ceremony.participants.begin(), ceremony.participants.end(),
                                  [&](const Participant& one) { return one.principal == actor; });
  return found == ceremony.participants.end() ? nullptr : &*found;
}

// Time that a ceremony has seen does not come back when the clock does.
WallTime now_in(const Ceremony& ceremony, const Clock& clock) {
  WallTime now = std::max(clock.wall(), ceremony.opened_at);
  for (const Participant& one : ceremony.participants)
    if (one.acknowledged_at) now = std::max(now, *one.acknowledged_at);
  return now;
}

Ceremony from(const CeremonyRequest& request, std::string_view operator_name, WallTime now) {
  Ceremony ceremony;
  ceremony.id = crypto::random_id<CeremonyId>();
  ceremony.operation = request.operation;
  ceremony.object = request.object;
  ceremony.threshold = request.threshold;
  for (const std::string& name : request.custodians)
    ceremony.participants.push_back({name, CeremonyRole::kCustodian, 0, {}, {}});
  for (const std::string& name : request.witnesses)
    ceremony.participants.push_back({name, CeremonyRole::kWitness, 0, {}, {}});
  ceremony.participants.push_back({std::string(operator_name), CeremonyRole::kOperator, 0, {}, {}});
  ceremony.opened_at = now;
  ceremony.expires_at =
      now + std::clamp(request.valid, std::chrono::seconds(0), std::chrono::seconds(100'000));
  return ceremony;
}

}  // namespace

Ceremonies::Ceremonies(audit::ChangeLog& log, const Clock& clock, Perform& perform, RowProof proof)
    : log_(log), clock_(clock), perform_(perform), proof_(std::move(proof)) {}

Result<Ceremony> Ceremonies::open(Change change, const CeremonyRequest& request) {
  Ceremony ceremony = from(request, change.by.actor, clock_.wall());
  if (!people_problem(ceremony).empty())
    return refused(Code::kInvalidArgument, "bad_ceremony",
                   "needs 2 to 16 custodians of whom 2 or more act, 1 to 8 witnesses, all of them "
                   "different people and none the operator, and 60 s to 24 h");
  KW_TRY(ceremony.request_hash,
         perform_.request_hash(change.tx, ceremony.operation, ceremony.object));
  const std::string body = ceremony_json(ceremony);
  KW_TRY(const Bytes mac, proof_.make(kTable, row_bytes(body, 0)));
  KW_OK(
      change.tx.execute("INSERT INTO ceremony (id, opened_at, body, epoch, mac)"
                        " VALUES ($1, $2, $3, 0, $4)",
                        {ceremony.id.bytes(), to_micros(ceremony.opened_at), body, mac}));
  return save(change, std::move(ceremony), "ceremony.open", request.object);
}

Result<Ceremony> Ceremonies::acknowledge(Change change, const CeremonyId& id,
                                         std::string_view request_hash) {
  KW_TRY(Ceremony ceremony, load(change.tx, id));
  Participant* const one = find(ceremony, change.by.actor);
  if (one == nullptr)
    return refused(Code::kPermissionDenied, "not_a_participant",
                   "the ceremony does not name this person");
  if (closed(ceremony)) return ceremony_closed(ceremony);
  if (request_hash != ceremony.request_hash) return operation_changed();
  const std::string_view problem = step_problem(ceremony, *one);
  if (!problem.empty())
    return refused(Code::kFailedPrecondition, problem,
                   "custodians act first, then all witnesses, then the operator; each once");
  one->order =
      1 + static_cast<int>(std::count_if(ceremony.participants.begin(), ceremony.participants.end(),
                                         [](const Participant& other) { return other.order > 0; }));
  one->acknowledged_at = now_in(ceremony, clock_);
  one->seen_hash = request_hash;
  if (all_acknowledged(ceremony)) ceremony.state = CeremonyState::kComplete;
  const std::string role(ceremony_role_name(one->role));
  return save(change, std::move(ceremony), "ceremony.acknowledge", role);
}

Result<Ceremony> Ceremonies::perform(Change change, const CeremonyId& id) {
  KW_TRY(Ceremony ceremony, load(change.tx, id));
  if (change.by.actor != ceremony.operator_name())
    return refused(Code::kPermissionDenied, "not_the_operator", "only its operator executes it");
  if (closed(ceremony)) return ceremony_closed(ceremony);
  if (ceremony.state != CeremonyState::kComplete)
    return refused(Code::kFailedPrecondition, "ceremony_open", "not all have acknowledged");
  KW_TRY(const std::string now,
         perform_.request_hash(change.tx, ceremony.operation, ceremony.object));
  if (now != ceremony.request_hash) return operation_changed();
  KW_FAILPOINT("ceremony.perform");
  KW_OK(perform_.perform(change, ceremony));
  ceremony.state = CeremonyState::kPerformed;
  ceremony.performed_at = now_in(ceremony, clock_);
  return save(change, std::move(ceremony), "ceremony.perform", "");
}

Result<Ceremony> Ceremonies::cancel(Change change, const CeremonyId& id) {
  KW_TRY(Ceremony ceremony, load(change.tx, id));
  if (find(ceremony, change.by.actor) == nullptr)
    return refused(Code::kPermissionDenied, "not_a_participant",
                   "only those who take part can cancel it");
  if (closed(ceremony)) return ceremony_closed(ceremony);
  ceremony.state = CeremonyState::kCancelled;
  return save(change, std::move(ceremony), "ceremony.cancel", "");
}

// Writes the ceremony over the row that it was read from, with timeline and audit leaf.
Result<Ceremony> Ceremonies::save(Change change, Ceremony ceremony, std::string_view what,
                                  std::string_view detail) {
  const std::string body = ceremony_json(ceremony);
  KW_TRY(const Bytes mac, proof_.make(kTable, row_bytes(body, ceremony.epoch + 1)));
  KW_FAILPOINT("ceremony.save");
  KW_TRY(const std::int64_t changed,
         change.tx.execute("UPDATE ceremony SET body = $3, mac = $4, epoch = epoch + 1"
                           " WHERE id = $1 AND epoch = $2",
                           {ceremony.id.bytes(), ceremony.epoch, body, mac}));
  if (changed != 1)
    return error(Code::kAborted, "stale_epoch", "the ceremony was changed meanwhile");
  ++ceremony.epoch;
  const std::string id = ceremony.id.text();
  TimelineEntry entry;
  entry.at = clock_.wall();
  entry.who = change.by.actor;
  entry.what = what;
  entry.detail = detail;
  KW_OK(append_entry(change.tx, id, std::move(entry)));
  audit::Event event = change.by;
  event.action = what;
  event.kind = "ceremony";
  event.object = id;
  event.note = ceremony.operation;
  event.to_state = ceremony_state_name(ceremony.state);
  KW_OK(log_.append(change.tx, event));
  return ceremony;
}

Result<Ceremony> Ceremonies::load(store::Reader& reader, const CeremonyId& id) {
  KW_TRY(const auto row,
         reader.query_one("SELECT body, epoch, mac FROM ceremony WHERE id = $1", {id.bytes()}));
  if (!row) return error(Code::kNotFound, "not_found", "there is no such ceremony");
  KW_OK(proof_.check(kTable, row_bytes(row->text(0), row->integer(1)), row->bytes(2)));
  const auto document = codec::JsonDocument::parse(row->text(0));
  if (!document) return row_tampered();
  auto ceremony = parse_ceremony(document->root());
  if (!ceremony || ceremony->id != id) return row_tampered();
  ceremony->epoch = row->integer(1);
  if (!closed(*ceremony) && now_in(*ceremony, clock_) >= ceremony->expires_at)
    ceremony->state = CeremonyState::kExpired;
  return ceremony;
}

Result<Ceremony> Ceremonies::show(store::Reader& reader, const CeremonyId& id) {
  return load(reader, id);
}

Result<std::vector<Ceremony>> Ceremonies::list(store::Reader& reader, int limit) {
  if (limit < 1 || limit > 1'000)
    return error(Code::kInvalidArgument, "bad_limit", "a list has 1 to 1,000 items");
  KW_TRY(const auto rows,
         reader.query("SELECT id FROM ceremony ORDER BY opened_at DESC, id LIMIT $1", {limit}));
  std::vector<Ceremony> all;
  for (const store::Row& row : rows) {
    KW_TRY(const CeremonyId id, CeremonyId::from_bytes(row.bytes(0)));
    KW_TRY(Ceremony one, load(reader, id));
    all.push_back(std::move(one));
  }
  return all;
}

Result<std::string> Ceremonies::transcript(store::Store& store, const CeremonyId& id) {
  const auto signer = log_.signer();
  if (signer == nullptr) return error(Code::kUnavailable, "sealed", "the server is sealed");
  EvidenceDraft draft;
  KW_TRY(draft.checkpoint, log_.checkpoint());
  KW_TRY(const std::string key, log_.verifier_key());
  KW_OK(store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const Ceremony ceremony, load(reader, id));
    if (ceremony.state != CeremonyState::kPerformed)
      return error(Code::kFailedPrecondition, "ceremony_open", "the ceremony was not performed");
    draft.facts = ceremony_json(ceremony);
    KW_TRY(draft.timeline, read_timeline(reader, id.text()));
    return ok();
  }));
  draft.kind = "ceremony";
  draft.id = id.text();
  draft.made_at = clock_.wall();
  return sign_evidence(draft, *signer, key);
}

}  // namespace kw::rotation
