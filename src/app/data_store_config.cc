#include "app/data_store_config.h"

#include <functional>
#include <map>

namespace kw::app {

namespace {

using codec::YamlView;
using connectors::DataPlace;
using connectors::DirectoryTree;
using connectors::PostgresColumn;

Error invalid(const YamlView& at, const std::string& what) {
  return error(Code::kInvalidArgument, "config_invalid", at.where() + " " + what);
}

using Reader = std::function<Status(const YamlView&)>;
using Settings = std::map<std::string, Reader, std::less<>>;

Reader text(std::string& target) {
  return [&target](const YamlView& at) -> Status {
    KW_TRY(target, at.text());
    return ok();
  };
}

Reader seconds(std::chrono::seconds& target) {
  return [&target](const YamlView& at) -> Status {
    KW_TRY(const std::int64_t value, at.seconds());
    target = std::chrono::seconds(value);
    return ok();
  };
}

Reader triggers(PostgresColumn::Triggers& target) {
  return [&target](const YamlView& at) -> Status {
    static const std::map<std::string, PostgresColumn::Triggers, std::less<>> kChoices = {
        {"refuse", PostgresColumn::Triggers::kRefuse},
        {"fire", PostgresColumn::Triggers::kFire},
        {"skip", PostgresColumn::Triggers::kSkip}};
    KW_TRY(const std::string word, at.text());
    const auto found = kChoices.find(word);
    if (found == kChoices.end()) return invalid(at, "must be one of: refuse, fire, skip");
    target = found->second;
    return ok();
  };
}

Settings names_of(DataPlace& place, std::string& kind) {
  return {{"name", text(place.name)},
          {"kind", text(kind)},
          {"tenant", text(place.tenant)},
          {"key", text(place.key)}};
}

Settings settings_of(PostgresColumn& column) {
  return {{"url", text(column.terms.url)}, {"password_file", text(column.terms.password_file)},
          {"schema", text(column.schema)}, {"table", text(column.table)},
          {"column", text(column.column)}, {"recency_column", text(column.recency_column)},
          {"hot", seconds(column.hot)},    {"triggers", triggers(column.triggers)},
          {"aad", text(column.aad)},       {"own_schema", text(column.own_schema)}};
}

Settings settings_of(DirectoryTree& tree) {
  return {{"path", text(tree.path)}, {"suffix", text(tree.suffix)}, {"aad", text(tree.aad)}};
}

Status read_map(const YamlView& map, const Settings& settings) {
  for (const auto& [name, value] : map.members()) {
    const auto found = settings.find(name);
    if (found == settings.end())
      return invalid(value, "a data store of this kind has no setting \"" + name + "\"");
    KW_OK(found->second(value));
  }
  return ok();
}

Result<DataPlace> read_data_store(const YamlView& map) {
  if (map.kind() != YamlView::Kind::kMap) return invalid(map, "a data store is a map of settings");
  DataPlace place;
  std::string kind;
  const auto given = map.find("kind");
  if (!given) return invalid(map, "a data store needs its kind: postgres or directory");
  KW_TRY(kind, given->text());
  PostgresColumn column;
  DirectoryTree tree;
  Settings settings = names_of(place, kind);
  if (kind == "postgres") {
    settings.merge(settings_of(column));
  } else if (kind == "directory") {
    settings.merge(settings_of(tree));
  } else {
    return invalid(*given, "must be one of: postgres, directory");
  }
  KW_OK(read_map(map, settings));
  if (kind == "postgres") {
    place.where = std::move(column);
  } else {
    place.where = std::move(tree);
  }
  return place;
}

}  // namespace

Result<std::vector<DataPlace>> read_data_stores(const YamlView& list) {
  if (list.kind() != YamlView::Kind::kSequence)
    return invalid(list, "data_stores is a list: one entry, beginning with a hyphen, for each");
  std::vector<DataPlace> places;
  for (const YamlView& entry : list.elements()) {
    KW_TRY(DataPlace place, read_data_store(entry));
    places.push_back(std::move(place));
    // Checked one by one, so that the message points at the right one.
    const auto checked = connectors::DataPlaces::of(places);
    if (!checked) return invalid(entry, checked.error().message);
  }
  return places;
}

std::vector<std::string> data_folders(const std::vector<DataPlace>& places) {
  std::vector<std::string> folders;
  for (const DataPlace& place : places)
    if (const auto* tree = std::get_if<DirectoryTree>(&place.where)) folders.push_back(tree->path);
  return folders;
}

}  // namespace kw::app
