// Disk space held back, so that refusals can be recorded when nothing else can.
#pragma once

#include <string>

#include "base/result.h"

namespace kw::audit {

/// A file of allocated bytes. One thread.
class Reserve {
 public:
  Reserve(std::string path, std::size_t bytes) : path_(std::move(path)), bytes_(bytes) {}
  /// Allocates what is missing. @errors kUnavailable(disk_full | io_error)
  Status restore();
  /// Gives the space back to the file system.
  void release();

 private:
  std::string path_;
  std::size_t bytes_;
};

}  // namespace kw::audit
