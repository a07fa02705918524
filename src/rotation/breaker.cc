#include "rotation/breaker.h"

namespace kw::rotation {

namespace {

constexpr int kInARow = 5;
constexpr int kWindow = 20;
constexpr int kWindowFailures = 10;
constexpr std::chrono::minutes kOpenTime{10};
constexpr std::size_t kRollbacks = 3;
constexpr std::chrono::hours kRollbackWindow{24};

}  // namespace

bool Breaker::allow(SteadyTime now) {
  if (!open_until_) return true;
  if (now < *open_until_ || trying_) return false;
  trying_ = true;
  return true;
}

void Breaker::succeeded() {
  if (trying_) {
    *this = Breaker();
    return;
  }
  in_a_row_ = 0;
  last_ = last_ << 1 & ((1U << kWindow) - 1);
  if (calls_ < kWindow) ++calls_;
}

void Breaker::failed(SteadyTime now) {
  if (trying_) return trip(now);
  ++in_a_row_;
  last_ = (last_ << 1 | 1U) & ((1U << kWindow) - 1);
  if (calls_ < kWindow) ++calls_;
  const int failures = __builtin_popcount(last_);
  if (in_a_row_ >= kInARow || (calls_ == kWindow && failures >= kWindowFailures)) trip(now);
}

void Breaker::trip(SteadyTime now) {
  *this = Breaker();
  open_until_ = now + kOpenTime;
}

void TypeBreaker::rolled_back(WallTime at) {
  last_.push_back(at);
  if (last_.size() > kRollbacks) last_.pop_front();
}

bool TypeBreaker::open(WallTime now) const {
  return last_.size() == kRollbacks && now - last_.front() < kRollbackWindow;
}

}  // namespace kw::rotation
