#include "service/consumer_streams.h"

#include <array>
#include <condition_variable>
#include <list>
#include <mutex>
#include <set>
#include <thread>

#include "codec/json.h"
#include "crypto/random.h"

namespace kw::service {

namespace {

constexpr std::chrono::milliseconds kPoll{100};
constexpr std::int64_t kBatch = 1024;
constexpr std::string_view kVersionSuffix = "-version";

std::string_view text_of(const codec::JsonView& leaf, std::string_view name) {
  const auto member = leaf.find(name);
  if (!member) return {};
  const auto text = member->text();
  return text ? *text : std::string_view();
}

// What a leaf is about: "key" and "key-version" alike are about the key.
struct Leaf {
  explicit Leaf(const codec::JsonView& root)
      : tenant(text_of(root, "tenant")),
        kind(text_of(root, "kind")),
        name(text_of(root, "object")),
        action(text_of(root, "action")),
        state(text_of(root, "to_state")) {
    if (kind.ends_with(kVersionSuffix)) kind.remove_suffix(kVersionSuffix.size());
    if (name.starts_with(tenant) && name.substr(tenant.size()).starts_with('/'))
      name.remove_prefix(tenant.size() + 1);
    const auto number = root.find("version");
    const auto value = number ? number->integer() : Result<std::int64_t>(0);
    version = value ? *value : 0;
  }
  std::string_view tenant, kind, name, action, state;
  std::int64_t version = 0;
};

// Streams that were opened together end apart.
std::chrono::milliseconds some_time() {
  std::array<std::uint8_t, 2> random{};
  crypto::random_public(random);
  const std::chrono::milliseconds longest = ConsumerStreams::kLongest;
  return longest * 3 / 4 + longest / 4 * (random[0] * 256 + random[1]) / 65'536;
}

}  // namespace

struct ConsumerStreams::State {
  using Subjects = std::set<std::tuple<std::string, std::string, std::string>>;
  struct Seat {
    std::string tenant, consumer;
    Subjects subjects;
    Subscriber subscriber;
    SteadyTime until;
  };

  State(audit::ChangeLog& log, const Clock& c)
      : changes(log), clock(c), thread([this] { run(); }) {}
  ~State() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_all();
    thread.join();
  }

  void run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      wake.wait_for(lock, kPoll, [this] { return stopping; });
      if (stopping) return;
      const SteadyTime now = clock.steady();
      seats.remove_if([&](const Seat& seat) { return now >= seat.until; });
      if (!seats.empty()) follow();
    }
  }

  void follow() {
    const auto size = changes.size();
    if (!size) return;
    const std::int64_t last = std::min(*size - 1, position + kBatch);
    for (std::int64_t seq = position + 1; seq <= last; ++seq) {
      const auto record = changes.record(seq);
      if (!record || !*record) return;
      position = seq;
      seats.remove_if([&](Seat& seat) { return !tell(seat, **record); });
    }
  }

  // False when the seat has to go: its client left, or its consumer is another one now.
  static bool tell(Seat& seat, const audit::Record& record) {
    // Most leaves are about nobody who sits here: the text is cheaper to search than to parse.
    if (record.leaf.find("\"" + seat.tenant + "\"") == std::string::npos) return true;
    const auto document = codec::JsonDocument::parse(record.leaf);
    if (!document) return true;
    const Leaf leaf(document->root());
    if (leaf.tenant != seat.tenant) return true;
    if (leaf.kind == "consumer" && leaf.name == seat.consumer)
      return leaf.action != "consumer.register" && leaf.action != "consumer.remove";
    if (!seat.subjects.contains(
            {std::string(leaf.kind), std::string(leaf.tenant), std::string(leaf.name)}))
      return true;
    return seat.subscriber.changed(
        {record.seq, leaf.kind, leaf.name, leaf.action, leaf.version, leaf.state});
  }

  // What happened while the client was away, when that is little.
  bool replay(Seat& seat, std::int64_t after) {
    const bool little = after >= 0 && after <= position && position - after <= kReplayMax;
    if (!seat.subscriber.ready(little ? after : position, little)) return false;
    for (std::int64_t seq = after + 1; little && seq <= position; ++seq) {
      const auto record = changes.record(seq);
      if (record && *record && !tell(seat, **record)) return false;
    }
    return true;
  }

  audit::ChangeLog& changes;
  const Clock& clock;
  std::mutex mutex;
  std::condition_variable wake;
  std::list<Seat> seats;
  std::int64_t position = -1;  ///< the last leaf that was told
  bool stopping = false;
  std::thread thread;
};

ConsumerStreams::ConsumerStreams(audit::ChangeLog& changes, const Clock& clock)
    : state_(std::make_unique<State>(changes, clock)) {}
ConsumerStreams::~ConsumerStreams() = default;

Status ConsumerStreams::subscribe(const rotation::Consumer& consumer, std::int64_t after,
                                  Subscriber subscriber) {
  State::Seat seat{consumer.tenant,
                   consumer.name,
                   {},
                   std::move(subscriber),
                   state_->clock.steady() + some_time()};
  for (const rotation::Subject& each : consumer.subjects)
    seat.subjects.emplace(each.kind, each.tenant, each.name);
  std::lock_guard lock(state_->mutex);
  if (state_->seats.size() >= kSubscribersMax)
    return error(Code::kResourceExhausted, "too_many_streams", "too many event streams are open");
  if (state_->seats.empty()) {
    KW_TRY(const std::int64_t size, state_->changes.size());
    state_->position = size - 1;
  }
  if (state_->replay(seat, after)) state_->seats.push_back(std::move(seat));
  return ok();
}

Result<rotation::Consumer> authorise_consumer_events(House& house, Call& call,
                                                     const ObjectName& name) {
  return consulted<rotation::Consumer>(house, call, [&]() -> Result<rotation::Consumer> {
    std::optional<rotation::Consumer> found;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(found, house.rotation.consumers.show(reader, call.tenant, name.text()));
      return ok();
    }));
    return *std::move(found);
  });
}

}  // namespace kw::service
