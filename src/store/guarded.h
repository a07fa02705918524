// Works are code of other rooms: what they throw ends here.
#pragma once

#include <utility>

#include "base/result.h"

namespace kw::store {

/// Calls `work(subject)`. @errors what it returned; kInternal(store_work_threw).
template <typename Work, typename Subject>
Status run_guarded(const Work& work, Subject& subject) {
  try {
    return work(subject);
  } catch (...) {
    // Not even what(): the text may hold a value.
    return error(Code::kInternal, "store_work_threw", "a store work ended with an exception");
  }
}

}  // namespace kw::store
