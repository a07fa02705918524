// How API keys lie in the store. Every row that comes out of here has been authenticated. Private
// to the room.
#pragma once

#include "secrets/api_keys.h"

namespace kw::secrets::rows {

struct StoredApiKey {
  ApiKey key;
  Bytes digest;  ///< of its text
};

/// All keys of a tenant, or of one client ("": all), newest first.
Result<std::vector<StoredApiKey>> api_keys_of(store::Reader& reader, seal::Barrier& barrier,
                                              std::int64_t tenant, std::string_view client);
Result<std::optional<StoredApiKey>> find_api_key(store::Reader& reader, seal::Barrier& barrier,
                                                 const ApiKeyId& id);
Status insert_api_key(store::Tx& tx, seal::Barrier& barrier, const StoredApiKey& stored);
/// State and end. @errors kAborted(stale_epoch)
Status update_api_key(store::Tx& tx, seal::Barrier& barrier, StoredApiKey& stored);

}  // namespace kw::secrets::rows
