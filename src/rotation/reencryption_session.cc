#include "rotation/reencryption_session.h"

#include <algorithm>

#include "base/failpoint.h"
#include "crypto/digest.h"
#include "rotation/reencryption_rows.h"

namespace kw::rotation {

namespace {

constexpr std::string_view kHot = "hot", kPass = "pass", kCensus = "census", kAgain = "census2";
constexpr Millis kRestForLag{1000}, kRestForOthers{200}, kRestForTransactions{50};

std::optional<QuarantineReason> reason_of(const Error& failure) {
  if (failure.code != Code::kInvalidArgument) return std::nullopt;
  if (failure.reason == "kid_missing") return QuarantineReason::kKidMissing;
  if (failure.reason == "tag_invalid") return QuarantineReason::kTagInvalid;
  if (failure.reason == "not_ours") return QuarantineReason::kNotOurs;
  return std::nullopt;
}

std::int64_t left_of(const Census& census, std::uint32_t target) {
  std::int64_t left = 0;
  for (const auto& [version, items] : census.by_version) left += version == target ? 0 : items;
  return left;
}

std::int64_t total_of(const Census& census) {
  std::int64_t total = census.others;
  for (const auto& [version, items] : census.by_version) total += items;
  return total;
}

// What was rewritten, in order: two histories that differ anywhere have other digests.
Bytes chain(const Bytes& before, std::string_view name, ByteView ciphertext) {
  const auto next =
      crypto::sha256({before, ByteWriter().field(name).field(crypto::sha256(ciphertext)).bytes()});
  return to_bytes(next);
}

}  // namespace

struct ReencryptionSession::Batch {
  JobProgress progress;
  Page page;
  std::vector<Rewrite> rewrites;
  std::vector<Quarantined> quarantined;
};

ReencryptionSession::ReencryptionSession(ReencryptionHouse house, std::int64_t fence,
                                         std::unique_ptr<DataStore> data,
                                         std::unique_ptr<Cipher> cipher)
    : house_(house),
      fence_(fence),
      data_(std::move(data)),
      cipher_(std::move(cipher)),
      pace_(house.options.batch_min, house.options.batch_max, house.options.batch_time) {}

Status ReencryptionSession::begin(const Job& job) {
  KW_TRY(auto checkpoint, data_->resume(job.id.text()));
  if (!checkpoint || checkpoint->target != job.target_version) return ok();
  if (checkpoint->fence > fence_)
    return error(Code::kAborted, "fenced", "a later life of the job has been at the data");
  // A new phase or pass is in the row before its first batch: only within one is the store ahead.
  const JobProgress& theirs = checkpoint->progress;
  if (theirs.pass == job.progress.pass && theirs.phase == job.progress.phase) ahead_ = theirs;
  return ok();
}

Result<JobSlice> ReencryptionSession::step(const Job& job) {
  JobProgress progress = job.progress;
  if (ahead_) {
    progress = *std::move(ahead_);
    ahead_.reset();
  }
  rewritten_before_ = std::min(rewritten_before_, progress.counts.rewritten);
  if (progress.phase == kCensus) return count_first(job, std::move(progress));
  if (progress.phase == kAgain) return count_again(job, std::move(progress));
  if (progress.phase.empty()) {
    return start_pass(std::move(progress), data_->has_hot() ? kHot : kPass);
  }
  return work(job, std::move(progress));
}

Result<JobSlice> ReencryptionSession::start_pass(JobProgress progress, std::string_view phase) {
  KW_TRY(const Census census, data_->census());
  progress.phase = phase;
  progress.pass += 1;
  progress.cursor.clear();
  progress.counts.total = total_of(census);
  progress.counts.done = 0;
  rewritten_before_ = progress.counts.rewritten;
  passes_ += 1;
  JobSlice slice;
  slice.progress = std::move(progress);
  return slice;
}

Result<JobSlice> ReencryptionSession::work(const Job& job, JobProgress progress) {
  const double allowed = static_cast<double>(job.throttle.foreground_percent_max) / 100;
  KW_TRY(const Pressure pressure, data_->pressure(allowed));
  if (pressure.lag > job.throttle.lag_max) {
    JobSlice slice;
    slice.progress = std::move(progress);
    slice.rest = kRestForLag;
    return slice;
  }
  const SteadyTime began = house_.clock.steady();
  Batch batch;
  batch.progress = std::move(progress);
  const Status processed = process(job, batch);
  if (!processed) {
    data_->abandon();
    return processed.error();
  }
  if (batch.page.looked_at == 0) return end_pass(std::move(batch.progress));
  const auto time = std::chrono::duration_cast<BatchPace::Micros>(house_.clock.steady() - began);
  JobSlice slice;
  slice.progress = std::move(batch.progress);
  slice.rest = pace_.after(job.throttle, batch.page.looked_at, time, pressure);
  if (pressure.calm_seconds > 0 && pressure.busy_seconds > 0) {
    slice.foreground_ratio = pressure.busy_seconds / pressure.calm_seconds;
  }
  return slice;
}

Status ReencryptionSession::process(const Job& job, Batch& batch) {
  JobProgress& progress = batch.progress;
  PageRequest request;
  request.hot = progress.phase == kHot;
  request.after = progress.cursor;
  request.limit = pace_.limit();
  request.target = job.target_version;
  KW_TRY(batch.page, data_->next(request));
  if (batch.page.looked_at == 0) {
    data_->abandon();
    return ok();
  }
  KW_OK(reencrypt(job, batch));
  KW_OK(record_quarantine(job, batch));
  KW_FAILPOINT("rotation.reencrypt.replace");
  KW_TRY(const auto written, data_->replace(batch.rewrites));
  for (const std::size_t item : written) {
    const auto rewrite = std::find_if(batch.rewrites.begin(), batch.rewrites.end(),
                                      [&](const Rewrite& each) { return each.item == item; });
    progress.digest = chain(progress.digest, batch.page.items.at(item).name, rewrite->ciphertext);
  }
  JobCounts& counts = progress.counts;
  counts.done += batch.page.looked_at;
  counts.total = std::max(counts.total, counts.done);
  counts.rewritten += static_cast<std::int64_t>(written.size());
  counts.cas_lost += static_cast<std::int64_t>(batch.rewrites.size() - written.size());
  counts.skipped += batch.page.skipped;
  progress.cursor = batch.page.end;
  KW_FAILPOINT("rotation.reencrypt.commit");
  KW_OK(data_->commit({job.id.text(), fence_, job.target_version, progress}));
  KW_FAILPOINT("rotation.reencrypt.committed");
  return ok();
}

Status ReencryptionSession::reencrypt(const Job& job, Batch& batch) {
  for (std::size_t i = 0; i < batch.page.items.size(); ++i) {
    const DataItem& item = batch.page.items[i];
    std::optional<QuarantineReason> unfit = item.unfit;
    if (!unfit) {
      auto fresh = cipher_->reencrypt(item.ciphertext, item.aad, job.target_version);
      if (fresh) {
        batch.rewrites.push_back({i, *std::move(fresh)});
        continue;
      }
      unfit = reason_of(fresh.error());
      if (!unfit) return fresh.error();
    }
    const WallTime now = house_.clock.wall();
    batch.quarantined.push_back(
        {item.name, std::string(quarantine_reason_name(*unfit)), batch.progress.pass, now, now});
  }
  return ok();
}

// Before the checkpoint moves past them: after a crash in between they are recorded once more.
Status ReencryptionSession::record_quarantine(const Job& job, Batch& batch) {
  if (batch.quarantined.empty()) return ok();
  std::int64_t count = 0;
  KW_OK(house_.store.write(
      [&](store::Tx& tx) -> Status {
        KW_OK(put_quarantined(tx, job.id, batch.quarantined));
        KW_TRY(count, count_quarantined(tx, job.id, batch.progress.pass));
        return ok();
      },
      store::Priority::kBackground));
  batch.progress.counts.quarantined = count;
  if (count <= house_.options.quarantine_max) return ok();
  return error(Code::kFailedPrecondition, "quarantine_full",
               "too many items cannot be processed: the place or the key is likely wrong");
}

JobSlice ReencryptionSession::end_pass(JobProgress progress) const {
  JobSlice slice;
  if (progress.phase == kHot) {
    progress.phase = kPass;
    progress.pass += 1;
    progress.cursor.clear();
    progress.counts.done = 0;
  } else {
    progress.phase = kCensus;
    progress.cursor.clear();
  }
  slice.progress = std::move(progress);
  return slice;
}

Result<JobSlice> ReencryptionSession::count_first(const Job& job, JobProgress progress) {
  KW_TRY(const Census census, data_->census());
  const std::int64_t left = left_of(census, job.target_version);
  if (left > 0) return look_closer(job, std::move(progress), left);
  counted_at_ = house_.clock.wall();
  JobSlice slice;
  progress.phase = kAgain;
  progress.cursor = census.moment;
  slice.progress = std::move(progress);
  return slice;
}

// When only entries in quarantine are left under other versions, an operator has to look; what an
// earlier life found may be mended by now.
Result<JobSlice> ReencryptionSession::look_closer(const Job& job, JobProgress progress,
                                                  std::int64_t left) {
  if (passes_ == 0) return start_pass(std::move(progress), kPass);
  std::int64_t stuck = 0;
  KW_OK(house_.store.read([&](store::Reader& reader) -> Status {
    for (const auto reason : {QuarantineReason::kTagInvalid, QuarantineReason::kKidMissing,
                              QuarantineReason::kTooLarge, QuarantineReason::kLinked}) {
      KW_TRY(const std::int64_t count,
             count_quarantined(reader, job.id, progress.pass, quarantine_reason_name(reason)));
      stuck += count;
    }
    return ok();
  }));
  if (stuck >= left)
    return error(Code::kFailedPrecondition, "quarantined_left",
                 "only items in quarantine are left under other versions");
  if (passes_ >= house_.options.passes_max)
    return error(Code::kFailedPrecondition, "census_not_zero",
                 "somebody still writes under other versions");
  const bool idle = progress.counts.rewritten == rewritten_before_;
  KW_TRY(JobSlice slice, start_pass(std::move(progress), kPass));
  if (idle) slice.rest = kRestForOthers;  // what is left is held by somebody: give them time
  return slice;
}

// The second count comes when every transaction that was open at the first one has ended.
Result<JobSlice> ReencryptionSession::count_again(const Job& job, JobProgress progress) {
  JobSlice slice;
  KW_TRY(const bool settled, data_->settled(progress.cursor));
  if (!settled) {
    slice.progress = std::move(progress);
    slice.rest = kRestForTransactions;
    return slice;
  }
  KW_TRY(const Census census, data_->census());
  const std::int64_t left = left_of(census, job.target_version);
  if (left > 0) return look_closer(job, std::move(progress), left);
  const WallTime now = house_.clock.wall();
  // After a restart the first count's time is not known any more: the row's last change is close.
  const WallTime first = counted_at_ == WallTime{} ? job.updated_at : counted_at_;
  std::map<std::uint32_t, std::int64_t> found = census.by_version;
  found.try_emplace(job.from_version, 0);
  found.erase(0);
  slice.settle = [found, first, now](store::Tx& tx, const Job& row) -> Status {
    // The count was of the whole place: versions that are not in it are not there any more.
    KW_OK(forget_references(tx, row, first, now));
    for (const auto& [version, items] : found) {
      Reference reference;
      reference.tenant = row.tenant;
      reference.subject = row.subject;
      reference.place = row.place;
      reference.version = version;
      reference.items = items;
      reference.first_at = first;
      reference.second_at = now;
      KW_OK(put_reference(tx, reference));
    }
    return ok();
  };
  progress.phase = "done";
  progress.cursor.clear();
  slice.progress = std::move(progress);
  slice.finished = true;
  return slice;
}

}  // namespace kw::rotation
