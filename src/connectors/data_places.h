// The data stores of this server's configuration: what each one is, whose it is, and the way in.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "connectors/directory_tree.h"
#include "connectors/postgres_column.h"
#include "rotation/reencryption.h"

namespace kw::connectors {

/// One place with ciphertexts of one key.
struct DataPlace {
  std::string name;    ///< as object names; what jobs and references call it
  std::string tenant;  ///< names of the key
  std::string key;
  std::variant<PostgresColumn, DirectoryTree> where;

  std::string_view kind() const;   ///< "postgres" or "directory"
  std::string where_text() const;  ///< "public.orders.card" or a path; nothing secret
};

/// Immutable after construction, so safe from any thread.
class DataPlaces {
 public:
  DataPlaces() = default;
  /// @errors kInvalidArgument(bad_name | already_exists: a name given twice), and those of check()
  static Result<DataPlaces> of(std::vector<DataPlace> places);

  const std::vector<DataPlace>& all() const { return places_; }
  const DataPlace* find(std::string_view name) const;  ///< nullptr when there is none
  /// @errors kUnavailable(store_not_configured): another node may know it; as the open functions
  Result<std::unique_ptr<rotation::DataStore>> open(std::string_view name, const KeyId& key) const;

 private:
  explicit DataPlaces(std::vector<DataPlace> places) : places_(std::move(places)) {}
  std::vector<DataPlace> places_;
};

}  // namespace kw::connectors
