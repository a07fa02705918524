// Tests only: counts what became of third-party test vectors and prints it, so that nothing is
// skipped unseen.
#pragma once

#include <map>
#include <string>

namespace kw::crypto {

/// The counts of one file of vectors, or of all files together.
class VectorReport {
 public:
  explicit VectorReport(std::string title) : title_(std::move(title)) {}

  /// One vector was run; a wrong answer is also reported to GoogleTest with `where`.
  void ran(bool right, const std::string& where);
  /// One vector whose result the vectors leave open; the answer is counted, not judged.
  void open_case() { ++open_; }
  /// `count` vectors were not run, and why.
  void skipped(const std::string& reason, std::size_t count = 1) { skipped_[reason] += count; }
  /// Adds the counts of `part`.
  void add(const VectorReport& part);
  /// One line on standard output, and one per reason for skipping.
  void print() const;

  std::size_t run() const { return run_; }
  std::size_t wrong() const { return wrong_; }

 private:
  std::string title_;
  std::size_t run_ = 0;
  std::size_t wrong_ = 0;
  std::size_t open_ = 0;
  std::map<std::string, std::size_t> skipped_;
};

}  // namespace kw::crypto
