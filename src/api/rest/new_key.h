// What a request says about a key that is to be made or changed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/rest/exchange.h"
#include "codec/json.h"
#include "keys/keyring.h"

namespace kw::api::rest {

inline constexpr std::string_view kNewKeyMembers[] = {
    "name",           "purpose", "algorithm", "exportable",         "owner",
    "classification", "regions", "labels",    "lease_grace_seconds"};
inline constexpr std::int64_t kGraceMax = 90LL * 24 * 3600;  ///< seconds

/// @errors kInvalidArgument(json_type, out_of_range): too many, or one is too long
Result<std::vector<std::string>> texts(const codec::JsonView& list, std::size_t count_max,
                                       std::size_t size_max);
Result<std::map<std::string, std::string>> labels(const codec::JsonView& object);
Result<std::string> owner_text(const codec::JsonView& body, std::string_view fallback);

/// Purpose and algorithm default each other. Members beyond kNewKeyMembers are the caller's to
/// refuse.
Result<keys::NewKey> new_key(const codec::JsonView& body);

}  // namespace kw::api::rest
