// Imported edges: any text is refused or is a graph that writes itself again.
#include <cstdint>
#include <cstdlib>

#include "rotation/graph_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto edges = kw::rotation::parse_edges(text);
  if (!edges || edges->empty()) return 0;
  const auto graph = kw::rotation::GraphModel::of(*edges);
  const std::string written = kw::rotation::graph_text(graph, kw::rotation::GraphForm::kJson);
  const auto again = kw::rotation::parse_edges(written);
  if (!again || again->size() != edges->size()) std::abort();
  (void)graph.find_cycle();
  (void)kw::rotation::graph_text(graph, kw::rotation::GraphForm::kDot);
  return 0;
}
