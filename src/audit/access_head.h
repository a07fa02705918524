// The `head` file of an access log: where the last durable group ended. Written without sync after
// each group, so it may be behind the segments after a power loss, never ahead of them; two slots,
// so that one survives a torn write.
#pragma once

#include <string>

#include "audit/files.h"
#include "audit/merkle.h"

namespace kw::audit {

class HeadFile {
 public:
  /// @errors kUnavailable(io_error)
  static Result<HeadFile> open(const std::string& folder);
  /// The newer readable slot; the empty tree when there is none.
  Frontier read() const;
  /// Best effort.
  void write(const Frontier& frontier);

 private:
  Descriptor file_;
  int next_slot_ = 0;
};

}  // namespace kw::audit
