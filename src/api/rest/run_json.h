// Runs as JSON.
#pragma once

#include "codec/json.h"
#include "service/rotation_runs.h"

namespace kw::api::rest {

/// The members that lists show; the object stays open.
void begin_run(codec::JsonWriter& json, const rotation::Run& run);
/// The same as a whole object.
void write_run(codec::JsonWriter& json, const rotation::Run& run);
/// With ladder, checklist, steps, policy and validation.
void write_run_view(codec::JsonWriter& json, const service::RunView& view);

}  // namespace kw::api::rest
