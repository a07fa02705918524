#include "crypto/vector_report_test_support.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace kw::crypto {

void VectorReport::ran(bool right, const std::string& where) {
  ++run_;
  if (right) return;
  ++wrong_;
  ADD_FAILURE() << title_ << ": wrong answer to " << where;
}

void VectorReport::add(const VectorReport& part) {
  run_ += part.run_;
  wrong_ += part.wrong_;
  open_ += part.open_;
  for (const auto& entry : part.skipped_) skipped_[entry.first] += entry.second;
}

void VectorReport::print() const {
  std::size_t left_out = 0;
  for (const auto& entry : skipped_) left_out += entry.second;
  std::printf("%-58s run %6zu  wrong %zu  open %zu  skipped %zu\n", title_.c_str(), run_, wrong_,
              open_, left_out);
  for (const auto& entry : skipped_)
    std::printf("    skipped %6zu: %s\n", entry.second, entry.first.c_str());
}

}  // namespace kw::crypto
