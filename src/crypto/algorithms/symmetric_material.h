// Inside this room only: raw symmetric keys, the same for all symmetric families.
#pragma once

#include "crypto/key.h"

namespace kw::crypto {

struct KeySizes {
  std::size_t least;
  std::size_t most;
};

/// `size` bytes from the private generator.
Material random_material(std::size_t size);
/// Size within limits and bytes not all equal. @errors kInvalidArgument(bad_key | weak_key)
Result<Material> check_raw_key(const SecretBytes& secret, KeySizes sizes);
/// @errors kDataLoss(bad_key)
Status check_stored_size(const SecretBytes& secret, KeySizes sizes);

}  // namespace kw::crypto
