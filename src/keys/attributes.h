// What people may say about a key, and the JSON form in which it is stored. Private to the room.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "keys/model.h"

namespace kw::keys {

/// Checks owner, regions, labels and lease grace of a new or changed key.
/// @errors kInvalidArgument(bad_owner | bad_region | bad_label | bad_lease_grace)
template <typename KeyLike>
Status check_attributes(const KeyLike& key);

Status check_owner(std::string_view owner);
Status check_regions(const std::vector<std::string>& regions);
Status check_labels(const std::map<std::string, std::string>& labels);
Status check_lease_grace(std::chrono::seconds grace);

template <typename KeyLike>
Status check_attributes(const KeyLike& key) {
  KW_OK(check_owner(key.owner));
  KW_OK(check_regions(key.regions));
  KW_OK(check_labels(key.labels));
  return check_lease_grace(key.lease_grace);
}

/// @errors kInvalidArgument(purpose_mismatch): the algorithm does not serve this purpose.
Status check_purpose(crypto::Algorithm algorithm, crypto::Purpose purpose);

/// `[a-z0-9_-]{0,64}`. @errors kInvalidArgument(bad_reason)
Status check_reason(std::string_view reason);

std::string regions_json(const std::vector<std::string>& regions);
std::string labels_json(const std::map<std::string, std::string>& labels);
Result<std::vector<std::string>> parse_regions(std::string_view json);
Result<std::map<std::string, std::string>> parse_labels(std::string_view json);

}  // namespace kw::keys
