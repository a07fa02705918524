#include "codec/json_copy.h"

namespace kw::codec {

void write_view(JsonWriter& json, const JsonView& view) {
  switch (view.kind()) {
    case JsonView::Kind::kNull:
      json.null();
      break;
    case JsonView::Kind::kBool:
      json.value(*view.boolean());
      break;
    case JsonView::Kind::kInteger:
      json.value(*view.integer());
      break;
    case JsonView::Kind::kDouble:
      json.value(*view.number());
      break;
    case JsonView::Kind::kString:
      json.value(*view.text());
      break;
    case JsonView::Kind::kArray:
      json.begin_array();
      for (const JsonView& each : view.elements()) write_view(json, each);
      json.end_array();
      break;
    case JsonView::Kind::kObject:
      json.begin_object();
      for (const auto& [name, member] : view.members()) {
        json.name(name);
        write_view(json, member);
      }
      json.end_object();
      break;
  }
}

}  // namespace kw::codec
