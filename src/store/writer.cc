#include "store/writer.h"

#include <algorithm>
#include <future>
#include <iterator>

#include "base/failpoint.h"
#include "store/guarded.h"

namespace kw::store {

namespace {

constexpr std::size_t kLargestGroup = 256;
constexpr std::size_t kLongestQueue = 65'536;
constexpr int kRetries = 3;

Error suspect_error() {
  return error(Code::kUnavailable, "store_suspect",
               "an earlier commit met an I/O error; check the disk, then restart");
}

// Only a function can hold a failpoint: the macro returns the error to the caller.
Status at_begin() {
  KW_FAILPOINT("store.begin");
  return ok();
}
Status at_work_done() {
  KW_FAILPOINT("store.work.done");
  return ok();
}
Status before_commit() {
  KW_FAILPOINT("store.commit.before");
  return ok();
}
Status after_commit() {
  KW_FAILPOINT("store.commit.after");
  return ok();
}

}  // namespace

Writer::Writer(std::unique_ptr<Session> session, const Clock& clock)
    : session_(std::move(session)), clock_(clock), thread_([this] { loop(); }) {}

Writer::~Writer() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  waiting_.notify_one();
  thread_.join();
}

Status Writer::run(const Store::Work& work, Priority priority) {
  if (std::this_thread::get_id() == thread_.get_id())
    return error(Code::kInternal, "store_reentrant", "a work or its callback called write");
  // Shared: the writer thread may still be inside set_value when this thread has woken up.
  auto promise = std::make_shared<std::promise<Status>>();
  std::future<Status> outcome = promise->get_future();
  submit([&work](Tx& tx) { return work(tx); },
         [promise](Status status) { promise->set_value(std::move(status)); }, priority);
  return outcome.get();
}

void Writer::submit(Store::Work work, Done done, Priority priority) {
  Pending pending{std::move(work), std::move(done), priority, clock_.steady()};
  {
    std::lock_guard lock(mutex_);
    auto& queue = priority == Priority::kForeground ? foreground_ : background_;
    if (queue.size() < kLongestQueue) {
      queue.push_back(std::move(pending));
      waiting_.notify_one();
      return;
    }
  }
  pending.done(error(Code::kUnavailable, "store_unavailable", "too many writes wait already"));
}

void Writer::loop() {
  for (std::vector<Pending> group = take(); !group.empty(); group = take()) {
    settle(group);
    session_->tidy();
  }
}

std::vector<Writer::Pending> Writer::take() {
  std::unique_lock lock(mutex_);
  waiting_.wait(lock, [this] { return stopping_ || !foreground_.empty() || !background_.empty(); });
  auto& queue = foreground_.empty() ? background_ : foreground_;
  const std::size_t most = foreground_.empty() ? 1 : kLargestGroup;
  const auto end = queue.begin() + static_cast<std::ptrdiff_t>(std::min(queue.size(), most));
  std::vector<Pending> group(std::make_move_iterator(queue.begin()), std::make_move_iterator(end));
  queue.erase(queue.begin(), end);
  return group;
}

void Writer::settle(Group group) {
  std::vector<Status> outcomes(group.size());
  for (int tries = 0;; ++tries) {
    const Verdict verdict = attempt(group, outcomes);
    if (verdict == Verdict::kOneByOne) {
      for (Pending& pending : group) settle(Group(&pending, 1));
      return;
    }
    if (verdict == Verdict::kSettled || tries == kRetries) break;
    pause_before_retry(tries);
  }
  complete(group, outcomes);
}

Writer::Verdict Writer::attempt(Group group, std::vector<Status>& outcomes) {
  if (session_->suspect()) {
    std::fill(outcomes.begin(), outcomes.end(), Status(suspect_error()));
    return Verdict::kSettled;
  }
  const bool slice = group.front().priority == Priority::kSlice;
  if (Status begun = begin(slice ? Durability::kWithTheNext : Durability::kAtOnce); !begun) {
    session_->rollback();
    std::fill(outcomes.begin(), outcomes.end(), begun);
    return Verdict::kSettled;
  }
  bool any = false;
  for (std::size_t i = 0; i < group.size(); ++i) {
    outcomes[i] = group.size() > 1 ? run_marked(group[i]) : run_work(group[i]);
    if (session_->failure().damage > Damage::kWork) return spoilt(group, outcomes);
    any = any || outcomes[i].has_value();
  }
  if (!any) {
    session_->rollback();
    return Verdict::kSettled;
  }
  Status committed = commit();
  if (committed) return Verdict::kSettled;
  const bool again = session_->failure().again;
  session_->rollback();
  // Works that failed by themselves keep their own answer.
  for (Status& outcome : outcomes)
    if (outcome || again) outcome = committed;
  return again ? Verdict::kAgain : Verdict::kSettled;
}

Status Writer::begin(Durability durability) {
  KW_OK(at_begin());
  return session_->begin(durability);
}

Status Writer::commit() {
  KW_OK(before_commit());
  KW_OK(session_->commit());
  return after_commit();
}

Status Writer::run_work(const Pending& pending) {
  Tx& tx = *session_;
  KW_OK(run_guarded(pending.work, tx));
  KW_OK(at_work_done());
  // The transaction lost a statement even if the work did not mind.
  if (session_->failed()) return session_->failure().error;
  return ok();
}

Status Writer::run_marked(const Pending& pending) {
  KW_OK(session_->mark());
  Status outcome = run_work(pending);
  if (outcome) outcome = session_->keep();
  if (!outcome && session_->failure().damage <= Damage::kWork) KW_OK(session_->undo());
  return outcome;
}

// The transaction is gone with all works in it, whoever of them broke it.
Writer::Verdict Writer::spoilt(Group group, std::vector<Status>& outcomes) {
  const Failure failure = session_->failure();
  session_->rollback();
  std::fill(outcomes.begin(), outcomes.end(), Status(failure.error));
  if (failure.again) return Verdict::kAgain;
  return group.size() > 1 ? Verdict::kOneByOne : Verdict::kSettled;
}

void Writer::complete(Group group, std::vector<Status>& outcomes) {
  const SteadyTime now = clock_.steady();
  for (std::size_t i = 0; i < group.size(); ++i) {
    const std::chrono::duration<double> taken = now - group[i].since;
    if (group[i].priority == Priority::kForeground) latency_.record(now, taken.count());
    Status& outcome = outcomes[i];
    const Done& done = group[i].done;
    static_cast<void>(run_guarded(
        [&done](Status& status) {
          done(std::move(status));
          return ok();
        },
        outcome));
  }
}

// 5, 10, 20 ms: the other node's transaction is over by then. Stopping does not cut it short.
void Writer::pause_before_retry(int attempt) {
  std::this_thread::sleep_for(std::chrono::milliseconds(5) * (1 << attempt));
}

}  // namespace kw::store
