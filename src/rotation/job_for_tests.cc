#include "rotation/job_for_tests.h"

#include <stdlib.h>

#include <chrono>
#include <filesystem>

#include "cluster/cluster.h"
#include "rotation/migrations.h"

namespace kw::rotation {

namespace {

constexpr std::chrono::seconds kPatience{30};

std::vector<store::Migration> tables() {
  std::vector<store::Migration> all;
  for (const auto room : {cluster::migrations(), audit::migrations(), migrations()})
    all.insert(all.end(), room.begin(), room.end());
  return all;
}

std::optional<std::uint32_t> version_in(const std::string& content) {
  const bool good = content.starts_with("v"), bad = content.starts_with("bad");
  const std::size_t colon = content.find(':');
  if ((!good && !bad) || colon == std::string::npos) return std::nullopt;
  return static_cast<std::uint32_t>(std::stoul(content.substr(good ? 1 : 3, colon)));
}

class MemoryStore final : public DataStore {
 public:
  explicit MemoryStore(MemoryData& data) : data_(data) {}

  Result<std::optional<Checkpoint>> resume(std::string_view) override {
    const std::lock_guard lock(data_.mutex);
    return data_.keeps_checkpoint ? data_.checkpoint : std::optional<Checkpoint>();
  }
  bool has_hot() const override { return !data_.hot.empty(); }
  Result<Census> census() override {
    const std::lock_guard lock(data_.mutex);
    Census census;
    ++data_.censuses;
    for (const auto& [name, content] : data_.rows) {
      if (const auto version = version_in(content)) {
        ++census.by_version[*version];
      } else {
        ++census.others;
      }
    }
    return census;
  }
  Result<bool> settled(std::string_view) override { return !data_.settled || data_.settled(); }

  Result<Page> next(const PageRequest& request) override {
    if (data_.before_next) KW_OK(data_.before_next());
    const std::lock_guard lock(data_.mutex);
    items_.clear();
    Page page;
    page.end = request.after;
    for (auto row = data_.rows.upper_bound(request.after); row != data_.rows.end(); ++row) {
      if (request.hot && data_.hot.count(row->first) == 0) continue;
      if (static_cast<std::size_t>(page.looked_at) == request.limit) break;
      ++page.looked_at;
      page.end = row->first;
      if (version_in(row->second) == request.target) continue;
      if (data_.held.count(row->first) > 0) {
        ++page.skipped;
        continue;
      }
      data_.order.push_back(row->first);
      items_.push_back({row->first, to_bytes(as_bytes(row->second)), {}, std::nullopt});
    }
    page.items = items_;
    return page;
  }

  Result<std::vector<std::size_t>> replace(std::span<const Rewrite> rewrites) override {
    if (data_.before_replace) data_.before_replace(data_);
    const std::lock_guard lock(data_.mutex);
    std::vector<std::size_t> written;
    for (const Rewrite& rewrite : rewrites) {
      const DataItem& item = items_.at(rewrite.item);
      std::string& row = data_.rows[item.name];
      if (row != as_text(item.ciphertext)) continue;
      row = as_text(rewrite.ciphertext);
      written.push_back(rewrite.item);
    }
    return written;
  }

  Status commit(const Checkpoint& checkpoint) override {
    const std::lock_guard lock(data_.mutex);
    if (data_.checkpoint && data_.checkpoint->fence > checkpoint.fence)
      return error(Code::kAborted, "fenced", "a later life has been here");
    data_.checkpoint = checkpoint;
    return ok();
  }
  void abandon() override { items_.clear(); }
  Result<Pressure> pressure(double) override { return Pressure{}; }

 private:
  MemoryData& data_;
  std::vector<DataItem> items_;
};

class MemoryCipher final : public Cipher {
 public:
  std::optional<std::uint32_t> inspect(ByteView ciphertext) const override {
    return version_in(std::string(as_text(ciphertext)));
  }
  Result<Bytes> reencrypt(ByteView ciphertext, ByteView, std::uint32_t target) override {
    const std::string content(as_text(ciphertext));
    const auto version = version_in(content);
    if (!version) return error(Code::kInvalidArgument, "not_ours", "not ours");
    if (*version > 9) return error(Code::kInvalidArgument, "kid_missing", "no such version");
    if (content.starts_with("bad")) return error(Code::kInvalidArgument, "tag_invalid", "damaged");
    return to_bytes(as_bytes("v" + std::to_string(target) + content.substr(content.find(':'))));
  }
};

}  // namespace

JobHouse::JobHouse() {
  folder_ = (std::filesystem::temp_directory_path() / "kw-jobs-XXXXXX").string();
  KW_CHECK(::mkdtemp(folder_.data()) != nullptr);
  store = must(store::open("sqlite://" + folder_ + "/store.db"));
  must(store->migrate(tables()));
  log = std::make_unique<audit::ChangeLog>(*store, clock, "node-1", "test/audit");
  event.action = "job.test";
  event.actor = "alice";
}

JobHouse::~JobHouse() {
  log.reset();
  store.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Result<Job> JobHouse::start(Jobs& jobs, const NewJob& wanted) {
  auto job = change([&](JobChange c) { return jobs.start(c, wanted); });
  if (job) jobs.kick(job->id);
  return job;
}
Result<Job> JobHouse::pause(Jobs& jobs, const JobId& id) {
  auto job = change([&](JobChange c) { return jobs.pause(c, id); });
  if (job) jobs.kick(id);
  return job;
}
Result<Job> JobHouse::resume(Jobs& jobs, const JobId& id) {
  auto job = change([&](JobChange c) { return jobs.resume(c, id); });
  if (job) jobs.kick(id);
  return job;
}
Result<Job> JobHouse::roll_back(Jobs& jobs, const JobId& id) {
  auto job = change([&](JobChange c) { return jobs.roll_back(c, id); });
  if (job) jobs.kick(id);
  return job;
}

Job JobHouse::wait(Jobs& jobs, const JobId& id, const std::function<bool(const Job&)>& done) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::mutex mutex;
  std::condition_variable never;
  for (;;) {
    Job job = must(jobs.show(id));
    if (done(job)) return job;
    if (std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << "the job stays " << job_state_name(job.state) << " in " << job.progress.phase
                    << " (" << job.problem << ")";
      return job;
    }
    std::unique_lock lock(mutex);
    never.wait_for(lock, std::chrono::milliseconds(2));
  }
}

Job JobHouse::wait_end(Jobs& jobs, const JobId& id) {
  return wait(jobs, id,
              [](const Job& job) { return finished(job.state) || job.state == JobState::kFailed; });
}

std::vector<std::string> JobHouse::actions() {
  std::vector<std::string> found;
  must(store->read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto rows, reader.query("SELECT action FROM audit_leaf ORDER BY seq", {}));
    for (const store::Row& row : rows) found.push_back(row.text(0));
    return ok();
  }));
  return found;
}

NewJob wanted_job() {
  NewJob wanted;
  wanted.kind = "reencrypt";
  wanted.tenant = "acme";
  wanted.subject = "orders";
  wanted.place = "memory";
  wanted.from_version = 1;
  wanted.target_version = 2;
  return wanted;
}

void MemoryData::put(const std::string& name, const std::string& content) {
  const std::lock_guard lock(mutex);
  rows[name] = content;
}
std::string MemoryData::get(const std::string& name) {
  const std::lock_guard lock(mutex);
  return rows[name];
}
std::map<std::string, std::string> MemoryData::all() {
  const std::lock_guard lock(mutex);
  return rows;
}

std::unique_ptr<DataStore> open_memory(MemoryData& data) {
  return std::make_unique<MemoryStore>(data);
}
std::unique_ptr<Cipher> memory_cipher() {
  return std::make_unique<MemoryCipher>();
}

Reencryption::Options memory_options(MemoryData& data) {
  Reencryption::Options options;
  options.batch_min = 2;
  options.batch_max = 2;
  options.open_store = [&data](const Job&) -> Result<std::unique_ptr<DataStore>> {
    return open_memory(data);
  };
  options.open_cipher = [](const Job&) -> Result<std::unique_ptr<Cipher>> {
    return memory_cipher();
  };
  return options;
}

}  // namespace kw::rotation
