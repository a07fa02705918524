// How the others fare: a second connection that does what an application does (read a row by its
// key, commit a small write), again and again, and asks how far replicas are behind.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "connectors/latency_window.h"
#include "connectors/postgres_link.h"
#include "rotation/reencryption.h"

namespace kw::connectors {

class PostgresProbe {
 public:
  /// @param look_up  reads one row by its key, given as texts
  PostgresProbe(PostgresTerms terms, const std::string& own_schema, std::string look_up,
                std::string job);
  ~PostgresProbe();
  PostgresProbe(const PostgresProbe&) = delete;
  PostgresProbe& operator=(const PostgresProbe&) = delete;

  // Between these two a batch of ours is at work.
  void batch_begins();
  void batch_ends();
  /// A row that is there, to read.
  void aim_at(std::vector<std::string> key);
  /// @param allowed  as DataStore::pressure
  rotation::Pressure pressure(double allowed);

 private:
  void live();
  std::chrono::microseconds pause(bool good);
  Status measure(PostgresLink& link, const std::vector<std::string>& key);
  Status measure_lag(PostgresLink& link);

  const PostgresTerms terms_;
  const std::string write_, look_up_, job_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  bool at_work_ = false, watching_ = true;
  std::uint64_t batches_ = 0, seen_ = 0;
  std::chrono::steady_clock::time_point batch_ended_;
  std::vector<std::string> key_;
  LatencyWindow calm_{1000}, all_{256};
  rotation::Millis lag_{0};
  std::minstd_rand chance_{std::random_device{}()};  // of the probe's own thread
  std::thread thread_;
};

}  // namespace kw::connectors
