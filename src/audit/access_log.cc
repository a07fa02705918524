#include "audit/access_log.h"

#include <algorithm>

#include "audit/access_log_state.h"
#include "audit/tile.h"

namespace kw::audit {

namespace {

constexpr std::size_t kQueuedMax = 65536;
constexpr std::size_t kQueuedBytesMax = 64u << 20;
constexpr std::size_t kSpareMax = 4;
constexpr std::chrono::seconds kWatchInterval{1};

Error backlog() {
  return error(Code::kUnavailable, "audit_backlog", "too many audit records wait for the disk");
}

}  // namespace

Error audit_unavailable(std::string_view why) {
  return error(Code::kUnavailable, "audit_unavailable", why);
}

void AccessLog::append(const Event& event, Durable durable) {
  State& state = *state_;
  const std::string leaf = leaf_json(event, state.clock.wall(), state.options.node);
  if (const Status queued = state.enqueue(leaf, event.outcome, durable); !queued) durable(queued);
}

Status AccessLog::append_and_wait(const Event& event) {
  std::mutex mutex;
  std::condition_variable done;
  std::optional<Status> outcome;
  append(event, [&](Status status) {
    // Notified under the lock: the waiter's stack is gone as soon as it can see the outcome.
    std::lock_guard lock(mutex);
    outcome = std::move(status);
    done.notify_one();
  });
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return outcome.has_value(); });
  return *std::move(outcome);
}

// The group that takes the next record. queue_mutex is held.
Group& AccessLog::State::open_group() {
  if (!queue.empty() && queue.back()->size() < options.group_max) return *queue.back();
  if (spare.empty()) {
    queue.push_back(std::make_unique<Group>());
  } else {
    queue.push_back(std::move(spare.back()));
    spare.pop_back();
  }
  return *queue.back();
}

Status AccessLog::State::enqueue(std::string_view leaf, Outcome outcome, Durable& durable) {
  const Hash hash = leaf_hash(as_bytes(leaf));
  bool must_wake = false;
  {
    std::lock_guard guard(queue_mutex);
    if (failed.load(std::memory_order_relaxed))
      return audit_unavailable("the access log has failed");
    if (full.load(std::memory_order_relaxed) && outcome == Outcome::kOk)
      return audit_unavailable("the access log's disk is full");
    if (queued >= kQueuedMax || queued_bytes + leaf.size() > kQueuedBytesMax) return backlog();
    Group& group = open_group();
    append_entry(group.bytes, leaf);
    group.ends.push_back(static_cast<std::uint32_t>(group.bytes.size()));
    group.hashes.push_back(hash);
    group.callbacks.push_back(std::move(durable));
    ++queued;
    queued_bytes += leaf.size();
    must_wake = queued == wake_at;
  }
  if (must_wake) wake.notify_one();
  return ok();
}

// The oldest group; null after a watch interval without records, and at the end.
std::unique_ptr<Group> AccessLog::State::next_group() {
  std::unique_lock guard(queue_mutex);
  const auto sleep_until = [&](std::size_t count, auto limit) {
    wake_at = count;
    wake.wait_for(guard, limit, [&] { return queued >= count || stopping; });
    wake_at = 0;
  };
  if (queued == 0) {
    sleep_until(1, kWatchInterval);
    // Only after an idle moment is there something to gain by waiting: as many callers as last time
    // may be about to write. When records came in during the last flush, the next one begins at
    // once.
    if (queued > 0 && queued < last_group) sleep_until(last_group, options.linger);
  }
  if (queue.empty()) return nullptr;
  std::unique_ptr<Group> group = std::move(queue.front());
  queue.pop_front();
  queued -= group->size();
  queued_bytes -= std::min(queued_bytes, group->bytes.size() - 2 * group->size());
  last_group = group->size();
  return group;
}

void AccessLog::State::run() {
  while (true) {
    std::unique_ptr<Group> group = next_group();
    if (group == nullptr) {
      std::lock_guard guard(queue_mutex);
      if (stopping && queue.empty()) return;
    }
    const SteadyTime now = clock.steady();
    if (group == nullptr || (full && now - last_watch >= kWatchInterval)) {
      watch();
      last_watch = now;
    }
    if (group == nullptr) continue;
    flush(*group);
    group->clear();
    std::lock_guard guard(queue_mutex);
    if (spare.size() < kSpareMax) spare.push_back(std::move(group));
  }
}

void AccessLog::State::flush(Group& group) {
  std::size_t done = 0;
  Status outcome = failed ? Status(audit_unavailable("the access log has failed"))
                          : write_or_use_reserve(group, done);
  publish();
  if (!outcome && outcome.error().reason != "disk_full") fail(outcome.error());
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (i < done)
      group.callbacks[i](ok());
    else
      group.callbacks[i](audit_unavailable("the record could not be made durable"));
  }
}

Status AccessLog::State::write_or_use_reserve(const Group& group, std::size_t& done) {
  Status outcome = writer->write(group, done);
  if (outcome || outcome.error().reason != "disk_full") return outcome;
  full = true;
  reserve.release();
  return writer->write(group, done);
}

// Once a second at least: is the file still ours, and is there space again?
void AccessLog::State::watch() {
  if (failed) return;
  if (!writer->intact())
    return fail(audit_unavailable("another program has changed the access log's segment"));
  if (full && reserve.restore()) full = false;
}

void AccessLog::State::fail(const Error& cause) {
  std::lock_guard guard(head_mutex);
  if (!failed) failure = cause.message;
  failed = true;
}

void AccessLog::State::publish() {
  const std::lock_guard guard(head_mutex);
  if (durable_frontier.size() == writer->frontier().size()) return;
  durable_frontier = writer->frontier();
  durable_size = durable_frontier.size();
}

std::uint64_t AccessLog::size() const {
  return state_->durable_size;
}
bool AccessLog::healthy() const {
  return !state_->failed && !state_->full;
}

Status AccessLog::health() const {
  std::lock_guard guard(state_->head_mutex);
  if (state_->failed) return audit_unavailable(state_->failure);
  if (state_->full) return audit_unavailable("the access log's disk is full");
  return ok();
}

const std::string& AccessLog::node() const {
  return state_->options.node;
}

void AccessLog::unlock(std::shared_ptr<const crypto::SigningKey> signer) {
  std::lock_guard guard(state_->head_mutex);
  state_->signer = std::move(signer);
}

AccessLog::AccessLog(std::unique_ptr<State> state) : state_(std::move(state)) {}

AccessLog::~AccessLog() {
  {
    std::lock_guard guard(state_->queue_mutex);
    state_->stopping = true;
  }
  state_->wake.notify_one();
  if (state_->thread.joinable()) state_->thread.join();
}

}  // namespace kw::audit
