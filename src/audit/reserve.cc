#include "audit/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "audit/segment.h"

namespace kw::audit {

Status Reserve::restore() {
  const Descriptor file(open(path_.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.is_open()) return write_error(path_, errno);
  if (bytes_ == 0) return ok();
  int failure = 0;
  do {
    failure = posix_fallocate(file.get(), 0, static_cast<off_t>(bytes_));
  } while (failure == EINTR);
  if (failure == 0) return ok();
  // A half-made reserve would take what little space there is.
  release();
  return write_error(path_, failure);
}

void Reserve::release() {
  if (truncate(path_.c_str(), 0) != 0) unlink(path_.c_str());
}

}  // namespace kw::audit
