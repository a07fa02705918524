#include "keys/kek_rewrap.h"

#include <sys/resource.h>

#include <algorithm>
#include <future>
#include <optional>

#include "audit/change_log.h"
#include "base/failpoint.h"
#include "cluster/cluster.h"
#include "keys/job_store.h"
#include "keys/rewrap_ahead.h"
#include "keys/rewrap_pace.h"
#include "seal/barrier.h"

namespace kw::keys {

namespace {

constexpr std::chrono::seconds kLeaseTime{30};
constexpr std::chrono::seconds kLeaseRenewal{10};
constexpr int kSequenceBits = 40;
// More ranges than threads: two cores stay busy while the oldest one is written.
constexpr std::size_t kReaders = 3, kRangesAhead = 8;

std::int64_t first_id(std::int64_t tenant) {
  return tenant << kSequenceBits;
}
std::int64_t last_id(std::int64_t tenant) {
  return first_id(tenant + 1) - 1;
}

class Rewrap {
 public:
  Rewrap(const RewrapContext& context, Progress& progress)
      : context_(context),
        progress_(progress),
        pace_({context.options.slice_min, context.options.slice_max},
              context.store.foreground().p99) {}

  Status run(const JobId& id) {
    // Foreground threads go first on a busy machine; Linux keeps niceness per thread.
    setpriority(PRIO_PROCESS, 0, 10);
    KW_OK(context_.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(job_, load_job(reader, id));
      return ok();
    }));
    lease_name_ = "job:" + id.text();
    KW_OK(renew_lease());
    while (running()) {
      if (job_.phase == "rewrap") {
        KW_OK(rewrap_all());
      } else if (job_.phase == "census") {
        KW_OK(take_census());
      } else {
        return retire();
      }
    }
    return ok();
  }

 private:
  bool running() const {
    return !context_.stopping &&
           (job_.state == JobState::kRunning || job_.state == JobState::kRollingBack);
  }

  Status renew_lease() {
    if (lease_ && context_.clock.steady() - renewed_at_ < kLeaseRenewal) return ok();
    KW_TRY(lease_, cluster::acquire(context_.store, context_.clock, lease_name_,
                                    context_.options.node, kLeaseTime));
    if (!lease_) return error(Code::kAborted, "fenced", "another node works on this job");
    renewed_at_ = context_.clock.steady();
    return ok();
  }

  // Reading and re-wrapping the next slices overlaps with writing this one.
  Status rewrap_all() {
    KW_TRY(const std::int64_t last, newest_cell());
    std::vector<seal::KekCipher> ciphers;
    while (ciphers.size() < kReaders) {
      KW_TRY(seal::KekCipher cipher, context_.barrier.cipher_to(job_.tenant, job_.target_version));
      ciphers.push_back(std::move(cipher));
    }
    RewrapAhead ahead(context_.store, std::move(ciphers),
                      std::max(job_.cursor, first_id(job_.tenant)), last);
    look_around();  // before the first ranges are cut
    while (running()) {
      KW_OK(renew_lease());
      read_ahead(ahead);
      if (ahead.done()) return enter("census");
      Slice slice = ahead.next();
      if (!slice.outcome) return fail(slice);
      // Beside traffic one thing at a time: others need the processor.
      if (pace_.rest().count() == 0) read_ahead(ahead);
      if (!slice.cells.empty()) KW_OK(write_slice(slice));
      keep_pace(slice.cells.size());
      ahead.give_back(std::move(slice));
      if (pace_.rest().count() > 0 && !ahead.done()) context_.rest(pace_.rest());
    }
    return ok();
  }

  // Beside traffic one range is enough: the work rests anyway.
  void read_ahead(RewrapAhead& ahead) const {
    ahead.fill(pace_.slice(), pace_.rest().count() > 0 ? 1 : kRangesAhead);
  }

  // Later cells are sealed under the new version from the start.
  Result<std::int64_t> newest_cell() {
    std::int64_t last = first_id(job_.tenant);
    KW_OK(context_.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(const auto head,
             reader.query_one("SELECT next - 1 FROM sealed_head WHERE tenant = $1", {job_.tenant}));
      if (head) last += head->integer(0);
      return ok();
    }));
    return last;
  }

  Status write_slice(const Slice& slice) {
    Job after;
    SteadyTime began;
    KW_OK(context_.store.write(
        [&](store::Tx& tx) -> Status {
          began = context_.clock.steady();
          after = job_;
          KW_OK(cluster::require_fence(tx, lease_name_, lease_->fence));
          if (!slice.updates.empty()) KW_OK(tx.write_cells(kSealedCells, slice.updates));
          KW_FAILPOINT("kek.rewrap.batch");
          after.cursor = slice.end;
          after.done += static_cast<std::int64_t>(slice.cells.size());
          after.total = std::max(after.total, after.done);
          return save_job(tx, after, context_.clock.wall());
        },
        store::Priority::kSlice));
    held_ = std::chrono::duration_cast<std::chrono::microseconds>(context_.clock.steady() - began);
    job_ = std::move(after);
    return ok();
  }

  void keep_pace(std::size_t cells) {
    const SteadyTime now = context_.clock.steady();
    const double seconds = std::chrono::duration<double>(now - measured_at_).count();
    if (measured_ > 0 && seconds > 0.2) {
      progress_.rate = static_cast<double>(measured_) / seconds;
      measured_ = 0;
    }
    if (measured_ == 0) measured_at_ = now;
    measured_ += cells;
    look_around();
  }

  void look_around() {
    pace_.look(context_.clock.steady(), context_.store.foreground(), held_);
    progress_.foreground_ratio = pace_.ratio();
  }

  Status change(const std::function<Status(store::Tx&, Job&)>& body) {
    Job after;
    KW_OK(context_.store.write([&](store::Tx& tx) -> Status {
      after = job_;
      KW_OK(cluster::require_fence(tx, lease_name_, lease_->fence));
      KW_OK(body(tx, after));
      return save_job(tx, after, context_.clock.wall());
    }));
    job_ = std::move(after);
    return ok();
  }

  Status enter(std::string_view phase) {
    return change([&](store::Tx&, Job& job) -> Status {
      job.phase = phase;
      return ok();
    });
  }

  audit::Event event(std::string_view action) const {
    audit::Event event;
    event.action = action;
    event.actor = "keywright";
    event.method = "internal";
    event.tenant = job_.tenant_name;
    event.kind = "kek";
    event.object = job_.tenant_name;
    event.version = job_.target_version;
    event.count = job_.done;
    return event;
  }

  // Of the ids above `after`, up to `last`. A cell begins with the version that it is under; in the
  // order of bytes those under the target lie between it and the next number alone.
  Result<std::int64_t> left_behind(std::int64_t after, std::int64_t last) const {
    const Bytes target = ByteWriter().u32(job_.target_version).bytes();
    const Bytes next = ByteWriter().u32(job_.target_version + 1).bytes();
    std::int64_t count = 0;
    KW_OK(context_.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(const auto row,
             reader.query_one("SELECT count(*) FROM sealed_cell WHERE id > $1 AND id <= $2"
                              " AND cell NOT BETWEEN $3 AND $4",
                              {after, last, target, next}));
      count = row->integer(0);
      return ok();
    }));
    return count;
  }

  // Two readers halve the time.
  Result<std::int64_t> left_behind() {
    KW_TRY(const std::int64_t newest, newest_cell());
    const std::int64_t first = first_id(job_.tenant), middle = first + (newest - first) / 2;
    auto lower = std::async(std::launch::async, [&] { return left_behind(first, middle); });
    Result<std::int64_t> upper = left_behind(middle, last_id(job_.tenant));
    KW_TRY(const std::int64_t below, lower.get());
    if (!upper) return upper;
    return below + *upper;
  }

  // Counted twice: a cell that is left sends the job back to re-wrapping from the start.
  Status take_census() {
    KW_TRY(const std::int64_t first, left_behind());
    KW_TRY(const std::int64_t second, left_behind());
    if (first != 0 || second != 0)
      return change([&](store::Tx&, Job& job) -> Status {
        job.phase = "rewrap";
        job.cursor = 0;
        job.done = 0;
        return ok();
      });
    return change([&](store::Tx& tx, Job& job) -> Status {
      job.phase = "retire";
      audit::Event leaf = event("kek.census");
      leaf.note = "0 left, counted twice";
      KW_OK(context_.log.append(tx, leaf));
      return ok();
    });
  }

  Status retire() {
    const bool back = job_.target_version < job_.from_version;
    KW_OK(change([&](store::Tx& tx, Job& job) -> Status {
      KW_OK(context_.barrier.retire_kek(tx, job.tenant, job.from_version));
      job.phase = "done";
      job.state = back ? JobState::kRolledBack : JobState::kDone;
      audit::Event leaf = event("kek.retire");
      leaf.version = job.from_version;
      leaf.from_state = "retiring";
      leaf.to_state = "retired";
      KW_OK(context_.log.append(tx, leaf));
      return cluster::announce(tx, "kek:" + std::to_string(job.tenant));
    }));
    context_.barrier.refresh_keks(job_.tenant);
    return ok();
  }

  // A cell that does not open stops the job by name: it is never skipped.
  Error fail(const Slice& slice) {
    Error problem = slice.outcome.error();
    if (problem.code != Code::kDataLoss) return problem;
    const Status marked = change([&](store::Tx& tx, Job& job) -> Status {
      job.state = JobState::kFailed;
      job.problem = problem.reason;
      audit::Event leaf = event("kek.rewrap");
      leaf.outcome = audit::Outcome::kFailed;
      leaf.reason = problem.reason;
      const std::string name = "cell " + std::to_string(slice.bad_cell);
      leaf.note = name;
      KW_OK(context_.log.append(tx, leaf));
      return ok();
    });
    return marked ? problem : marked.error();
  }

  const RewrapContext& context_;
  Progress& progress_;
  Job job_;
  std::string lease_name_;
  std::optional<cluster::Lease> lease_;
  SteadyTime renewed_at_;
  RewrapPace pace_;
  std::chrono::microseconds held_{0};  // how long the last slice was written
  std::size_t measured_ = 0;
  SteadyTime measured_at_;
};

}  // namespace

Status run_rewrap(const RewrapContext& context, const JobId& id, Progress& progress) {
  return Rewrap(context, progress).run(id);
}

}  // namespace kw::keys
