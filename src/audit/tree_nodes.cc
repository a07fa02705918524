#include "audit/tree_nodes.h"

#include <bit>

namespace kw::audit {

namespace {

Error bad_tree_size() {
  return error(Code::kInvalidArgument, "bad_tree_size", "no proof exists between these tree sizes");
}

// MTH(D[begin:end]). `begin` is a multiple of the largest power of two below the range's length, as
// in every range that RFC 6962 forms; so the range falls into complete subtrees, largest first.
Result<Hash> range_hash(TreeNodes& nodes, std::uint64_t begin, std::uint64_t end) {
  std::vector<Hash> peaks;
  for (std::uint64_t at = begin; at < end;) {
    const int level = static_cast<int>(std::bit_width(end - at)) - 1;
    KW_TRY(Hash peak, nodes.node(level, at >> level));
    peaks.push_back(peak);
    at += std::uint64_t{1} << level;
  }
  Hash hash = peaks.back();
  for (std::size_t i = peaks.size() - 1; i-- > 0;) hash = node_hash(peaks[i], hash);
  return hash;
}

// RFC 6962, 2.1: "let k be the largest power of two smaller than n".
std::uint64_t split(std::uint64_t begin, std::uint64_t end) {
  return begin + std::bit_floor(end - begin - 1);
}

}  // namespace

Result<Hash> root_of(TreeNodes& nodes, std::uint64_t size) {
  if (size == 0) return empty_root();
  return range_hash(nodes, 0, size);
}

Result<Proof> inclusion_proof(TreeNodes& nodes, std::uint64_t index, std::uint64_t size) {
  if (index >= size) return bad_tree_size();
  Proof from_root;
  std::uint64_t begin = 0, end = size;
  while (end - begin > 1) {
    const std::uint64_t middle = split(begin, end);
    const bool left = index < middle;
    KW_TRY(Hash sibling, left ? range_hash(nodes, middle, end) : range_hash(nodes, begin, middle));
    from_root.push_back(sibling);
    (left ? end : begin) = middle;
  }
  return Proof(from_root.rbegin(), from_root.rend());
}

Result<Proof> consistency_proof(TreeNodes& nodes, std::uint64_t old_size, std::uint64_t new_size) {
  if (old_size == 0 || old_size > new_size) return bad_tree_size();
  if (old_size == new_size) return Proof();
  Proof from_root;
  std::uint64_t begin = 0, end = new_size;
  // SUBPROOF(m, D[n], b): down the path to the old tree's right edge, until the range ends where
  // the old tree ends.
  while (end != old_size) {
    const std::uint64_t middle = split(begin, end);
    const bool left = old_size <= middle;
    KW_TRY(Hash sibling, left ? range_hash(nodes, middle, end) : range_hash(nodes, begin, middle));
    from_root.push_back(sibling);
    (left ? end : begin) = middle;
  }
  // b is false as soon as the path has turned right: then the verifier does not know this range's
  // hash.
  if (begin != 0) {
    KW_TRY(Hash rest, range_hash(nodes, begin, end));
    from_root.push_back(rest);
  }
  return Proof(from_root.rbegin(), from_root.rend());
}

}  // namespace kw::audit
