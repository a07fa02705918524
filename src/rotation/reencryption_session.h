// One life of a re-encryption job.
#pragma once

#include "rotation/reencryption.h"
#include "rotation/reencryption_pace.h"

namespace kw::rotation {

/// What a session stands on; outlives it.
struct ReencryptionHouse {
  store::Store& store;
  const Clock& clock;
  const Reencryption::Options& options;
};

class ReencryptionSession final : public JobSession {
 public:
  ReencryptionSession(ReencryptionHouse house, std::int64_t fence, std::unique_ptr<DataStore> data,
                      std::unique_ptr<Cipher> cipher);
  /// Takes the store's own checkpoint up, if it has gone farther than the row.
  Status begin(const Job& job);
  Result<JobSlice> step(const Job& job) override;

 private:
  struct Batch;
  Result<JobSlice> start_pass(JobProgress progress, std::string_view phase);
  Result<JobSlice> work(const Job& job, JobProgress progress);
  Status process(const Job& job, Batch& batch);
  Status reencrypt(const Job& job, Batch& batch);
  Status record_quarantine(const Job& job, Batch& batch);
  JobSlice end_pass(JobProgress progress) const;
  Result<JobSlice> count_first(const Job& job, JobProgress progress);
  Result<JobSlice> count_again(const Job& job, JobProgress progress);
  Result<JobSlice> look_closer(const Job& job, JobProgress progress, std::int64_t left);

  ReencryptionHouse house_;
  const std::int64_t fence_;
  std::unique_ptr<DataStore> data_;
  std::unique_ptr<Cipher> cipher_;
  BatchPace pace_;
  std::optional<JobProgress> ahead_;   // the store's checkpoint, until the first step
  std::int64_t rewritten_before_ = 0;  // when the pass began in this life
  int passes_ = 0;                     // begun in this life
  WallTime counted_at_;
};

}  // namespace kw::rotation
