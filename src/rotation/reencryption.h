// Re-encryption of real data from one key version to another, as a job of kind "reencrypt".
//
//   hot items (where the store knows them) -> pass over all -> census, twice -> done
//
// A pass goes through every item once; whatever was held or changed by others meanwhile is left to
// them and found by the census, which starts another pass until nothing is left. An item that
// cannot be processed goes to the quarantine list with its reason and is never dropped. Ports:
// DataStore (where items are) and Cipher (whose they are). Room `connectors` implements both.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "rotation/job.h"
#include "store/store.h"

namespace kw::rotation {

/// What stops a single item, never the job.
enum class QuarantineReason : std::uint8_t {
  kKidMissing,  ///< a ciphertext of a key or version that is not there
  kTagInvalid,  ///< does not open: damaged, moved, or other associated data
  kNotOurs,     ///< no ciphertext of ours at all
  kTooLarge,    ///< more than kItemBytesMax
  kLinked,      ///< a file with several names: replacing one would part them
};
std::string_view quarantine_reason_name(QuarantineReason reason);  ///< "kid_missing" …

inline constexpr std::size_t kItemBytesMax = std::size_t{64} << 20;

/// The ciphertexts of one key. Thread-safe.
class Cipher {
 public:
  virtual ~Cipher() = default;
  /// The key version by the header alone; nothing when the ciphertext is not of this key.
  virtual std::optional<std::uint32_t> inspect(ByteView ciphertext) const = 0;
  /// The same plaintext and `aad` under version `target`; opened again and compared before it is
  /// given out. The plaintext is wiped. Text forms stay text.
  /// @errors kInvalidArgument(kid_missing | tag_invalid | not_ours): this item only. All others
  /// stop the batch: kUnavailable(sealed), kFailedPrecondition(version_state | key_exhausted) …
  virtual Result<Bytes> reencrypt(ByteView ciphertext, ByteView aad, std::uint32_t target) = 0;
};

struct DataItem {
  std::string name;  ///< what the cursor and the quarantine list call it
  Bytes ciphertext;
  Bytes aad;
  std::optional<QuarantineReason> unfit;  ///< the store itself cannot have it replaced
};

struct PageRequest {
  bool hot = false;          ///< the order of hot items, else of all
  std::string after;         ///< end of the page before; "" from the start
  std::size_t limit = 500;   ///< items to look at, 1 to 10,000
  std::uint32_t target = 0;  ///< items that are on it already are not handed out
};
struct Page {
  std::vector<DataItem> items;  ///< not on the target; held for us until commit or abandon
  std::string end;             ///< where this page ended; that of the request when nothing was left
  std::int64_t looked_at = 0;  ///< 0: the order is at its end
  std::int64_t skipped = 0;    ///< not on the target, but held by somebody else
};

struct Rewrite {
  std::size_t item = 0;  ///< index in the page
  Bytes ciphertext;
};

/// Exact counts of one snapshot.
struct Census {
  std::map<std::uint32_t, std::int64_t> by_version;  ///< items of the key
  std::int64_t others = 0;                           ///< items that are not ciphertexts of the key
  std::string moment;                                ///< for settled()
};

/// How others fare: what an operation of theirs takes, as seen over the last ones. An operation is
/// slow when it takes so many times as long as the 99th percentile of those that no batch of ours
/// disturbs as was allowed.
struct Pressure {
  bool watched = false;     ///< somebody looks: figures that are missing will come
  double calm_seconds = 0;  ///< 99th percentile of undisturbed ones; 0: not yet known
  double busy_seconds = 0;  ///< 99th percentile of all the last ones; 0: not yet known
  double slow = 0;          ///< share of slow ones, 0 to 1, among the last ones
  std::uint64_t seen = 0;   ///< how many were seen
  Millis lag{0};            ///< of the slowest replica
};

struct Checkpoint {
  std::string job;  ///< 32 hexadecimal digits
  std::int64_t fence = 0;
  std::uint32_t target = 0;
  JobProgress progress;
};

/// A place with ciphertexts of one key: a column, a directory tree. Used by one thread.
/// @errors of all: kUnavailable (tried again in a new session), others stop the job
class DataStore {
 public:
  virtual ~DataStore() = default;
  /// Begins a life of the job. What the store itself keeps of it; nothing when the runner's row is
  /// the checkpoint.
  virtual Result<std::optional<Checkpoint>> resume(std::string_view job) = 0;
  virtual bool has_hot() const { return false; }
  virtual Result<Census> census() = 0;
  /// True when all work that could be under way at that census has ended.
  virtual Result<bool> settled(std::string_view moment) = 0;
  /// Opens a batch.
  virtual Result<Page> next(const PageRequest& request) = 0;
  /// Writes where the item is still what it was handed out as.
  /// @returns the items written, as indices of the page; the others were changed by somebody else
  virtual Result<std::vector<std::size_t>> replace(std::span<const Rewrite> rewrites) = 0;
  /// Ends the batch: what it wrote and the checkpoint are in the data, both or none where the store
  /// can, and durable when the next census begins: a store that crashes before may go back, with
  /// its checkpoint. @errors kAborted(fenced): a later life of the job has been here
  virtual Status commit(const Checkpoint& checkpoint) = 0;
  virtual void abandon() = 0;  ///< ends the batch without effect, if there is one
  /// @param allowed  how many times the calm 99th percentile is not yet slow, 1 up
  virtual Result<Pressure> pressure(double allowed) = 0;
};

/// One entry of the quarantine list. Entries stay; those with an older pass than the job's last one
/// were fine when it came by again.
struct Quarantined {
  std::string item;
  std::string reason;
  int pass = 0;
  WallTime first_at, last_at;
};

/// What a finished census found, per version of the key; 0 items are recorded too.
struct Reference {
  std::string tenant, subject, place;
  std::uint32_t version = 0;
  std::int64_t items = 0;
  WallTime first_at, second_at;  ///< when both counts were taken
};

/// The kind of job. Thread-safe; borrows the store and the clock.
class Reencryption final : public JobWork {
 public:
  struct Options {
    std::size_t batch_min = 10, batch_max = 1000;  ///< items
    Millis batch_time{50};                         ///< what a batch takes at most, as far as it can
    std::int64_t quarantine_max = 10'000;  ///< more, and the job fails: the wrong column, likely
    int passes_max = 20;  ///< of one life; then somebody still writes under old versions
    std::function<Result<std::unique_ptr<DataStore>>(const Job&)> open_store;
    std::function<Result<std::unique_ptr<Cipher>>(const Job&)> open_cipher;
  };
  Reencryption(store::Store& store, const Clock& clock, Options options);

  std::string_view kind() const override { return "reencrypt"; }
  Result<std::unique_ptr<JobSession>> open(const Job& job, std::int64_t fence) override;

  /// By item, after `after` ("" from the start). @param limit 1 to 1,000
  Result<std::vector<Quarantined>> quarantine(const JobId& job, std::string_view after, int limit);
  /// What finished jobs counted for a key, in every place.
  Result<std::vector<Reference>> references(std::string_view tenant, std::string_view subject);

 private:
  store::Store& store_;
  const Clock& clock_;
  const Options options_;
};

}  // namespace kw::rotation
