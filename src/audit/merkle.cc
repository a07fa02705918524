#include "audit/merkle.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "audit/tree_nodes.h"
#include "base/check.h"

namespace kw::audit {

namespace {

constexpr std::uint8_t kLeafPrefix = 0x00;
constexpr std::uint8_t kNodePrefix = 0x01;

// All leaf hashes at hand: inner nodes are computed when asked for.
class LeavesInMemory final : public TreeNodes {
 public:
  explicit LeavesInMemory(std::span<const Hash> leaves) : leaves_(leaves) {}
  Result<Hash> node(int level, std::uint64_t index) override {
    Frontier frontier;
    for (const Hash& leaf : leaves_.subspan(index << level, std::size_t{1} << level))
      frontier.add(leaf);
    return frontier.root();
  }

 private:
  std::span<const Hash> leaves_;
};

std::size_t peak_count(std::uint64_t size) {
  return static_cast<std::size_t>(std::popcount(size));
}

}  // namespace

Hash leaf_hash(ByteView leaf) {
  return crypto::sha256({ByteView(&kLeafPrefix, 1), leaf});
}

Hash node_hash(const Hash& left, const Hash& right) {
  std::array<std::uint8_t, 65> input;
  input[0] = kNodePrefix;
  std::memcpy(input.data() + 1, left.data(), 32);
  std::memcpy(input.data() + 33, right.data(), 32);
  return crypto::sha256(ByteView(input));
}

Hash empty_root() {
  return crypto::sha256(ByteView());
}

void Frontier::add(const Hash& leaf) {
  add(leaf, nullptr);
}

void Frontier::add(const Hash& leaf, const Completed& completed) {
  Hash hash = leaf;
  // Each trailing one of the size is a peak as large as what has just become complete.
  const int merges = std::countr_one(size_);
  for (int level = 1; level <= merges; ++level) {
    hash = node_hash(peaks_.back(), hash);
    peaks_.pop_back();
    if (completed) completed(level, size_ >> level, hash);
  }
  peaks_.push_back(hash);
  ++size_;
}

Hash Frontier::root() const {
  if (peaks_.empty()) return empty_root();
  Hash hash = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i-- > 0;) hash = node_hash(peaks_[i], hash);
  return hash;
}

Frontier Frontier::prefix(std::uint64_t size) const {
  const std::uint64_t rest = size_ - size;
  KW_CHECK(size <= size_ && (size_ & size) == size &&
           (rest == 0 || size % std::bit_floor(rest) == 0));
  Frontier kept;
  kept.size_ = size;
  kept.peaks_.assign(peaks_.begin(),
                     peaks_.begin() + static_cast<std::ptrdiff_t>(peak_count(size)));
  return kept;
}

Bytes Frontier::encode() const {
  ByteWriter out;
  out.u64(size_);
  for (const Hash& peak : peaks_) out.raw(peak);
  return std::move(out).bytes();
}

Result<Frontier> Frontier::decode(ByteView bytes) {
  const auto bad = [] {
    return error(Code::kDataLoss, "bad_frontier", "a stored tree edge does not decode");
  };
  ByteReader in(bytes);
  const auto size = in.u64();
  if (!size || in.left() != peak_count(*size) * sizeof(Hash)) return bad();
  Frontier frontier;
  frontier.size_ = *size;
  while (!in.done()) {
    KW_TRY(ByteView peak, in.raw(sizeof(Hash)));
    std::copy(peak.begin(), peak.end(), frontier.peaks_.emplace_back().begin());
  }
  return frontier;
}

Proof inclusion_proof(std::span<const Hash> leaves, std::uint64_t index) {
  LeavesInMemory nodes(leaves);
  return inclusion_proof(nodes, index, leaves.size()).value();
}

Proof consistency_proof(std::span<const Hash> leaves, std::uint64_t old_size) {
  LeavesInMemory nodes(leaves);
  return consistency_proof(nodes, old_size, leaves.size()).value();
}

bool verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size, const Proof& proof,
                      const Hash& root) {
  if (index >= size) return false;
  std::uint64_t fn = index, sn = size - 1;
  Hash r = leaf;
  for (const Hash& p : proof) {
    if (sn == 0) return false;
    if ((fn & 1) != 0 || fn == sn) {
      r = node_hash(p, r);
      while ((fn & 1) == 0 && fn != 0) fn >>= 1, sn >>= 1;
    } else {
      r = node_hash(r, p);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && r == root;
}

bool verify_consistency(std::uint64_t old_size, const Hash& old_root, std::uint64_t new_size,
                        const Hash& new_root, const Proof& proof) {
  if (old_size > new_size) return false;
  if (old_size == new_size) return proof.empty() && old_root == new_root;
  // RFC 9162 leaves the empty tree open; it is a prefix of every tree, with nothing to prove.
  if (old_size == 0) return proof.empty() && old_root == empty_root();
  // "If first is an exact power of 2, then prepend first_hash to the consistency_path array."
  const bool whole = std::has_single_bit(old_size);
  if (!whole && proof.empty()) return false;
  std::uint64_t fn = old_size - 1, sn = new_size - 1;
  while ((fn & 1) != 0) fn >>= 1, sn >>= 1;
  Hash fr = whole ? old_root : proof.front();
  Hash sr = fr;
  for (std::size_t i = whole ? 0 : 1; i < proof.size(); ++i) {
    const Hash& c = proof[i];
    if (sn == 0) return false;
    if ((fn & 1) != 0 || fn == sn) {
      fr = node_hash(c, fr);
      sr = node_hash(c, sr);
      while ((fn & 1) == 0 && fn != 0) fn >>= 1, sn >>= 1;
    } else {
      sr = node_hash(sr, c);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return fr == old_root && sr == new_root && sn == 0;
}

}  // namespace kw::audit
