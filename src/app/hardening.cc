#include "app/hardening.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace kw::app {

Status harden_process() {
  const rlimit none{0, 0};
  const bool done = setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
                    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  umask(077);
  if (done) return ok();
  return error(Code::kFailedPrecondition, "hardening_failed",
               "the kernel refused to switch off core dumps or privileges");
}

}  // namespace kw::app
