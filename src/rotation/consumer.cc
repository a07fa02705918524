#include "rotation/consumer.h"

#include <algorithm>

#include "base/name.h"
#include "rotation/consumer_rows.h"
#include "rotation/overlap.h"
#include "rotation/run_rows.h"

namespace kw::rotation {

namespace {

constexpr std::size_t kSubjectsMax = 1000;
constexpr std::int64_t kInstancesMax = 10'000;
constexpr std::size_t kEnvironmentMax = 32;
constexpr int kListMax = 1000;
constexpr Seconds kDay{86'400};

bool is_environment(std::string_view text) {
  return !text.empty() && text.size() <= kEnvironmentMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

bool is_sound(const Consumer& consumer) {
  const bool named = TenantName::parse(consumer.tenant).has_value() &&
                     ObjectName::parse(consumer.name).has_value() &&
                     is_environment(consumer.environment) &&
                     ObjectName::parse(consumer.speaker()).has_value();
  const bool timed = consumer.refresh >= Seconds(1) && consumer.refresh <= 31 * kDay &&
                     consumer.lease >= Seconds(10) && consumer.lease <= 90 * kDay;
  const bool owned =
      std::all_of(consumer.subjects.begin(), consumer.subjects.end(), [&](const Subject& each) {
        return each.tenant == consumer.tenant && !each.kind.empty() && !each.name.empty();
      });
  return named && timed && owned && consumer.subjects.size() <= kSubjectsMax;
}

Status check_overlaps(store::Tx& tx, const Consumer& consumer) {
  for (const Subject& each : consumer.subjects) {
    KW_TRY(const std::optional<Run> run, load_open_run(tx, each));
    if (run && !run->plan_hash.empty() && !overlap_enough(*run, consumer.refresh))
      return error(Code::kFailedPrecondition, "overlap_too_short",
                   "a rotation under way leaves less time than the consumer's refresh interval");
  }
  return ok();
}

Error unknown_consumer() {
  return error(Code::kNotFound, "not_found", "there is no such consumer of this");
}

audit::Event event_of(const audit::Event& by, std::string_view action, std::string_view tenant,
                      std::string_view object) {
  audit::Event event = by;
  event.action = action;
  event.tenant = tenant;
  event.kind = "consumer";
  event.object = object;
  return event;
}

}  // namespace

std::string_view grade_name(Grade grade) {
  if (grade == Grade::kFailed) return "failed";
  return grade == Grade::kLoaded ? "loaded" : "used";
}

Result<Grade> parse_grade(std::string_view name) {
  if (name == "loaded") return Grade::kLoaded;
  if (name == "used") return Grade::kUsed;
  if (name == "failed") return Grade::kFailed;
  return error(Code::kInvalidArgument, "bad_acknowledgement", "a grade is loaded, used or failed");
}

Consumers::Consumers(audit::ChangeLog& log, const Clock& clock) : log_(log), clock_(clock) {}

Status Consumers::enroll(Change change, const Consumer& wanted) {
  if (!is_sound(wanted)) {
    return error(Code::kInvalidArgument, "bad_consumer",
                 "a consumer has a name, an environment [a-z0-9-]{1,32}, a refresh of 1 s to 31 d, "
                 "a lease of 10 s to 90 d and at most 1,000 subjects of its own tenant");
  }
  KW_OK(check_overlaps(change.tx, wanted));
  Consumer consumer = wanted;
  consumer.registered_at = consumer.seen_at = clock_.wall();
  KW_OK(put_consumer(change.tx, consumer));
  KW_OK(log_.append(change.tx,
                    event_of(change.by, "consumer.register", consumer.tenant, consumer.name)));
  return ok();
}

Status Consumers::remove(Change change, std::string_view tenant, std::string_view name) {
  KW_TRY(const std::int64_t gone, delete_consumer(change.tx, tenant, name));
  if (gone == 0) return unknown_consumer();
  KW_OK(log_.append(change.tx, event_of(change.by, "consumer.remove", tenant, name)));
  return ok();
}

Status Consumers::heartbeat(store::Tx& tx, std::string_view tenant, std::string_view name) {
  KW_TRY(const std::int64_t rows, touch_consumer(tx, tenant, name, clock_.wall()));
  return rows == 1 ? ok() : Status(unknown_consumer());
}

Status Consumers::acknowledge(Change change, std::string_view tenant, const Said& said) {
  if (!ObjectName::parse(said.instance) || said.version == 0) {
    return error(Code::kInvalidArgument, "bad_acknowledgement",
                 "an acknowledgement names an instance and a version");
  }
  const bool own = said.subject.tenant == tenant;
  KW_TRY(const bool uses, is_used_by(change.tx, said.subject, said.consumer));
  if (!own || !uses) return unknown_consumer();
  KW_OK(heartbeat(change.tx, tenant, said.consumer));
  KW_TRY(const std::int64_t known, count_instances(change.tx, said.subject, said.consumer));
  if (known >= kInstancesMax) {
    return error(Code::kResourceExhausted, "too_many_instances",
                 "this consumer has 10,000 acknowledgements of this subject: remove it and "
                 "register it again");
  }
  const WallTime now = clock_.wall();
  const AckRow row{said.consumer, said.instance, said.version, said.grade,
                   said.observed_at.value_or(now)};
  KW_TRY(const bool fresh, put_ack(change.tx, said.subject, row, now));
  if (!fresh) return ok();
  if (said.grade == Grade::kFailed) KW_OK(hurry_run(change.tx, said.subject, now));
  audit::Event event = event_of(change.by, "consumer.acknowledge", tenant, said.consumer);
  const std::string subject = said.subject.text();
  event.policy = {};
  event.version = said.version;
  event.to_state = grade_name(said.grade);
  event.note = subject;
  KW_OK(log_.append(change.tx, event));
  return ok();
}

Result<std::string> Consumers::speaker(store::Reader& reader, std::string_view tenant,
                                       std::string_view name) {
  KW_TRY(std::optional<std::string> found, load_speaker(reader, tenant, name));
  if (!found) return unknown_consumer();
  return *std::move(found);
}

Result<bool> Consumers::is_canary(store::Reader& reader, const Subject& subject,
                                  std::string_view name) {
  return is_canary_of(reader, subject, name);
}

Result<Consumer> Consumers::show(store::Reader& reader, std::string_view tenant,
                                 std::string_view name) {
  KW_TRY(std::optional<Consumer> found, load_consumer(reader, tenant, name));
  if (!found) return unknown_consumer();
  return *std::move(found);
}

Result<std::vector<Consumer>> Consumers::list(store::Reader& reader, std::string_view tenant,
                                              std::string_view after, int limit) {
  if (limit < 1 || limit > kListMax)
    return error(Code::kInvalidArgument, "bad_limit", "a list has 1 to 1,000 consumers");
  return select_consumers(reader, tenant, after, limit);
}

Result<std::map<Subject, ConsumerTiming>> Consumers::slowest(store::Reader& reader,
                                                             std::string_view tenant) {
  return slowest_consumers(reader, tenant);
}

Result<Board> Consumers::acks(store::Reader& reader, const Subject& subject,
                              std::uint32_t version) {
  const WallTime now = clock_.wall();
  KW_TRY(const Consumption all, load_consumption(reader, subject, now));
  Board board;
  for (const Acknowledgement& each : all.acknowledgements)
    if (each.version == version) board.acknowledgements.push_back(each);
  for (const Consumer& each : all.consumers) {
    if (!is_live(each, now)) continue;
    ++board.live;
    const bool spoke =
        std::any_of(board.acknowledgements.begin(), board.acknowledgements.end(),
                    [&](const Acknowledgement& ack) { return ack.consumer == each.name; });
    if (!spoke) board.silent.push_back(each);
  }
  return board;
}

}  // namespace kw::rotation
