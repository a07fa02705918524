#include "keys/kek_rewrap.h"

#include <sys/resource.h>

#include <algorithm>
#include <future>
#include <optional>

#include "audit/change_log.h"
#include "base/failpoint.h"
#include "cluster/cluster.h"
#include "keys/job_store.h"
#include "seal/barrier.h"

namespace kw::keys {

namespace {

constexpr std::string_view kCells = "sealed_cell";
constexpr std::chrono::seconds kLeaseTime{30};
constexpr std::chrono::seconds kLeaseRenewal{10};
constexpr double kForegroundRatioMax = 1.2;
constexpr std::size_t kSliceUnderTraffic = 512;
constexpr int kSequenceBits = 40;

std::int64_t first_id(std::int64_t tenant) {
  return tenant << kSequenceBits;
}
std::int64_t last_id(std::int64_t tenant) {
  return first_id(tenant + 1) - 1;
}

// A slice, re-wrapped and ready to be written.
struct Slice {
  std::vector<store::Cell> cells;          // as read
  Bytes fresh;                             // the re-wrapped cells, one after the other
  std::vector<store::CellUpdate> updates;  // borrow from `fresh`
};

class Rewrap {
 public:
  Rewrap(const RewrapContext& context, Progress& progress)
      : context_(context), progress_(progress) {}

  Status run(const JobId& id) {
    // Foreground threads go first on a busy machine; Linux keeps niceness per thread.
    setpriority(PRIO_PROCESS, 0, 10);
    KW_OK(context_.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(job_, load_job(reader, id));
      return ok();
    }));
    lease_name_ = "job:" + id.text();
    KW_OK(renew_lease());
    slice_ = context_.options.slice_min;
    baseline_ = context_.store.foreground_p99();
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

  // Reading and re-wrapping the next slice overlaps with writing the last one.
  Status rewrap_all() {
    KW_TRY(seal::KekCipher cipher, context_.barrier.cipher_to(job_.tenant, job_.target_version));
    std::int64_t read_to = std::max(job_.cursor, first_id(job_.tenant));
    Slice in_flight;  // outlives `writing`, which borrows it
    std::future<Result<Job>> writing;
    while (running()) {
      KW_OK(renew_lease());
      Slice next;
      const Status read = read_slice(cipher, read_to, next);
      if (writing.valid()) {
        KW_TRY(job_, writing.get());
      }
      if (!read) return fail(read.error());
      if (next.cells.empty()) return enter("census");
      read_to = next.cells.back().id;
      in_flight = std::move(next);
      adapt(in_flight.cells.size());
      writing =
          std::async(std::launch::async, [this, &in_flight] { return write_slice(in_flight); });
    }
    if (writing.valid()) {
      KW_TRY(job_, writing.get());
    }
    return ok();
  }

  Status read_slice(seal::KekCipher& cipher, std::int64_t after, Slice& slice) {
    KW_OK(context_.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(slice.cells, reader.read_cells(kCells, after, last_id(job_.tenant), slice_));
      return ok();
    }));
    std::size_t size = 0;
    for (const store::Cell& cell : slice.cells) size += cell.bytes.size();
    slice.fresh.resize(size);
    std::size_t at = 0;
    for (const store::Cell& cell : slice.cells) {
      const std::span<std::uint8_t> out(slice.fresh.data() + at, cell.bytes.size());
      const auto changed = cipher.rewrap(cell.bytes, out);
      if (!changed) {
        bad_cell_ = cell.id;
        return changed.error();
      }
      if (!*changed) continue;
      KW_TRY(const std::uint32_t version, ByteReader(cell.bytes).u32());
      slice.updates.push_back({cell.id, version, out});
      at += cell.bytes.size();
    }
    return ok();
  }

  // Runs beside read_slice: it reads job_ and returns the changed copy.
  Result<Job> write_slice(const Slice& slice) {
    Job after;
    KW_OK(context_.store.write(
        [&](store::Tx& tx) -> Status {
          after = job_;
          KW_OK(cluster::require_fence(tx, lease_name_, lease_->fence));
          if (!slice.updates.empty()) KW_OK(tx.write_cells(kCells, slice.updates));
          KW_FAILPOINT("kek.rewrap.batch");
          after.cursor = slice.cells.back().id;
          after.done += static_cast<std::int64_t>(slice.cells.size());
          after.total = std::max(after.total, after.done);
          return save_job(tx, after, context_.clock.wall());
        },
        store::Priority::kBackground));
    return after;
  }

  // Slices grow while nobody suffers and shrink as soon as somebody does (docs/guide/kek.md).
  void adapt(std::size_t cells) {
    const SteadyTime now = context_.clock.steady();
    const double seconds = std::chrono::duration<double>(now - measured_at_).count();
    if (measured_ > 0 && seconds > 0.2) {
      progress_.rate = static_cast<double>(measured_) / seconds;
      measured_ = 0;
    }
    if (measured_ == 0) measured_at_ = now;
    measured_ += cells;
    const double p99 = context_.store.foreground_p99();
    const double ratio = baseline_ > 0 && p99 > 0 ? p99 / baseline_ : 0;
    progress_.foreground_ratio = ratio;
    const std::size_t top = p99 > 0 ? kSliceUnderTraffic : context_.options.slice_max;
    slice_ = ratio > kForegroundRatioMax ? slice_ / 2 : slice_ + slice_ / 4;
    slice_ =
        std::clamp(slice_, context_.options.slice_min, std::max(top, context_.options.slice_min));
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

  Result<std::int64_t> left_behind() {
    const Bytes target = ByteWriter().u32(job_.target_version).bytes();
    std::int64_t count = 0;
    KW_OK(context_.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(const auto row,
             reader.query_one("SELECT count(*) FROM sealed_cell WHERE id > $1 AND id <= $2"
                              " AND substr(cell, 1, 4) <> $3",
                              {first_id(job_.tenant), last_id(job_.tenant), target}));
      count = row->integer(0);
      return ok();
    }));
    return count;
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
  Error fail(Error problem) {
    if (problem.code != Code::kDataLoss) return problem;
    const Status marked = change([&](store::Tx& tx, Job& job) -> Status {
      job.state = JobState::kFailed;
      job.problem = problem.reason;
      audit::Event leaf = event("kek.rewrap");
      leaf.outcome = audit::Outcome::kFailed;
      leaf.reason = problem.reason;
      const std::string name = "cell " + std::to_string(bad_cell_);
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
  std::size_t slice_ = 0;
  std::int64_t bad_cell_ = 0;
  double baseline_ = 0;
  std::size_t measured_ = 0;
  SteadyTime measured_at_;
};

}  // namespace

Status run_rewrap(const RewrapContext& context, const JobId& id, Progress& progress) {
  return Rewrap(context, progress).run(id);
}

}  // namespace kw::keys
