// Lists: one description of columns serves tables, -o wide, --columns, -o name and -q.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/session.h"

namespace kw::cli {

struct Column {
  std::string name;  ///< "LAST USED"; in --columns "last-used"
  std::function<std::string(const codec::JsonView&)> cell;
  bool wide = false;  ///< only with -o wide, or when named
};
/// A column that shows a member as it is, or as a moment.
Column text_column(const std::string& name, const std::string& member, bool wide = false);
Column time_column(const std::string& name, const std::string& member, bool wide = false);

struct Listing {
  std::vector<Column> columns;
  std::function<std::string(const codec::JsonView&)> id;  ///< what can be pasted back
  std::string empty;                                      ///< words for an empty list
};

/// Prints the "items" of `answer` as the caller wants them. @errors kInvalidArgument(usage): no
/// such column
Status show_list(const Session& session, const client::Answer& answer, const Listing& listing);

}  // namespace kw::cli
