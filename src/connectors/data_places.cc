#include "connectors/data_places.h"

#include <algorithm>
#include <set>

#include "base/name.h"

namespace kw::connectors {

namespace {

template <typename... Cases>
struct Visitor : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Visitor(Cases...) -> Visitor<Cases...>;

}  // namespace

std::string_view DataPlace::kind() const {
  return std::holds_alternative<PostgresColumn>(where) ? "postgres" : "directory";
}

std::string DataPlace::where_text() const {
  return std::visit(Visitor{[](const PostgresColumn& column) {
                              return column.schema + "." + column.table + "." + column.column;
                            },
                            [](const DirectoryTree& tree) { return tree.path; }},
                    where);
}

Result<DataPlaces> DataPlaces::of(std::vector<DataPlace> places) {
  std::set<std::string> names;
  for (const DataPlace& place : places) {
    KW_OK(ObjectName::parse(place.name));
    KW_OK(TenantName::parse(place.tenant));
    KW_OK(ObjectName::parse(place.key));
    if (!names.insert(place.name).second)
      return error(Code::kInvalidArgument, "already_exists",
                   "two data stores are called " + place.name);
    KW_OK(std::visit([](const auto& where) { return check(where); }, place.where));
  }
  return DataPlaces(std::move(places));
}

const DataPlace* DataPlaces::find(std::string_view name) const {
  const auto found = std::find_if(places_.begin(), places_.end(),
                                  [&](const DataPlace& place) { return place.name == name; });
  return found == places_.end() ? nullptr : &*found;
}

Result<std::unique_ptr<rotation::DataStore>> DataPlaces::open(std::string_view name,
                                                              const KeyId& key) const {
  const DataPlace* place = find(name);
  if (place == nullptr)
    return error(Code::kUnavailable, "store_not_configured",
                 "this node's configuration does not know the data store");
  const PlaceNames names{place->tenant, place->name, key};
  return std::visit(
      Visitor{[&](const PostgresColumn& column) { return open_postgres_column(column, names); },
              [&](const DirectoryTree& tree) { return open_directory_tree(tree, names); }},
      place->where);
}

}  // namespace kw::connectors
