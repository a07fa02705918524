#include "cli/listing.h"

#include <algorithm>

namespace kw::cli {

namespace {

using codec::JsonView;

std::string flag_name(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == ' ') c = '-';
  }
  return text;
}

Error no_such_column(const std::string& name, const Listing& listing) {
  std::string known;
  for (const Column& column : listing.columns)
    known += (known.empty() ? "" : ", ") + flag_name(column.name);
  return error(Code::kInvalidArgument, "usage",
               "there is no column \"" + name + "\"; there are " + known);
}

Result<std::vector<const Column*>> named_columns(const std::string& names, const Listing& listing) {
  std::vector<const Column*> chosen;
  for (std::size_t at = 0; at <= names.size();) {
    const auto end = std::min(names.find(',', at), names.size());
    const std::string name = flag_name(names.substr(at, end - at));
    at = end + 1;
    const auto found =
        std::find_if(listing.columns.begin(), listing.columns.end(),
                     [&](const Column& column) { return flag_name(column.name) == name; });
    if (found == listing.columns.end()) return no_such_column(name, listing);
    chosen.push_back(&*found);
  }
  return chosen;
}

Result<std::vector<const Column*>> columns_of(const Session& session, const Listing& listing) {
  if (!session.options().columns.empty()) return named_columns(session.options().columns, listing);
  std::vector<const Column*> chosen;
  for (const Column& column : listing.columns)
    if (!column.wide || session.options().format == Format::kWide) chosen.push_back(&column);
  return chosen;
}

}  // namespace

Column text_column(const std::string& name, const std::string& member_name, bool wide) {
  return {name, [member_name](const JsonView& item) { return member(item, member_name); }, wide};
}

Column time_column(const std::string& name, const std::string& member_name, bool wide) {
  return {name, [member_name](const JsonView& item) { return moment(member(item, member_name)); },
          wide};
}

Status show_list(const Session& session, const client::Answer& answer, const Listing& listing) {
  KW_TRY(const auto columns, columns_of(session, listing));
  KW_TRY(const JsonView items, answer.json.root().member("items"));
  const std::vector<JsonView> rows = items.elements();
  if (session.options().quiet || session.options().format == Format::kName) {
    for (const JsonView& row : rows) Session::line(listing.id(row));
    return ok();
  }
  if (session.print_for_machines(answer)) return ok();
  if (rows.empty() && !listing.empty.empty()) {
    Session::say(listing.empty);
    return ok();
  }
  Table table(1);
  for (const Column* column : columns) table.front().push_back(column->name);
  for (const JsonView& row : rows) {
    std::vector<std::string> cells;
    cells.reserve(columns.size());
    for (const Column* column : columns) cells.push_back(column->cell(row));
    table.push_back(std::move(cells));
  }
  Session::print(table);
  if (const std::string next = member(answer.json.root(), "next"); !next.empty())
    Session::say("more: --after " + next);
  return ok();
}

}  // namespace kw::cli
