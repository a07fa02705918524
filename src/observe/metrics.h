// Instruments: counters, gauges and histograms with labels. Exporters live above; names live in
// names.h.
//
//   Counter& refused = registry.counter(names::kRateLimited, "Requests refused by a rate limit.");
//   refused.add();
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kw::observe {

/// Label names and values; their order does not matter. A name is [a-zA-Z_][a-zA-Z0-9_]*.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// Only grows. Lock-free; striped so that threads do not share a cache line.
class Counter {
 public:
  void add(std::uint64_t by = 1) noexcept;
  std::uint64_t value() const noexcept;

 private:
  struct alignas(64) Stripe {
    std::atomic<std::uint64_t> value{0};
  };
  Stripe stripes_[8];
};

/// Goes up and down. Lock-free.
class Gauge {
 public:
  void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
  double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// Durations in seconds, in log-linear buckets from 1 us to 100 s: 90 to a power of ten, so at most
/// 10 % relative error. Shorter and longer ones count as these ends. Lock-free; readers may miss
/// records that are being made.
class Histogram {
 public:
  Histogram();
  /// @param seconds  negative and NaN count as 0.
  void record(double seconds) noexcept;
  std::uint64_t count() const noexcept;
  /// Of the seconds recorded, each at most 1e9.
  double sum() const noexcept;
  /// The value below which `fraction` (0 to 1) of the records lie; 0 without records.
  double quantile(double fraction) const noexcept;
  /// Upper bound in seconds and number of records at or below it, for the Prometheus bounds 0.0005
  /// to 10 s. Exact.
  std::vector<std::pair<double, std::uint64_t>> cumulative() const;

 private:
  std::vector<std::atomic<std::uint64_t>> buckets_;
  std::atomic<std::uint64_t> sum_ns_{0};
};

/// All instruments of a process, by name and labels; the owner injects it. Thread-safe. References
/// stay valid as long as the registry; look them up once and keep them: a look-up takes a lock. At
/// most 2,000 series per name: more fall into {overflow="true"}. One name is one kind of instrument
/// (checked: another kind aborts).
class Registry {
 public:
  Registry();
  ~Registry();
  /// The instrument of this name and these labels, made when it is new. `help` is one sentence; the
  /// first one stays.
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels = {});
  /// All instruments, sorted by name. @source Prometheus text exposition format 0.0.4.
  std::string prometheus_text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kw::observe
