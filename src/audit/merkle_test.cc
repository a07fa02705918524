#include "audit/merkle.h"

#include <gtest/gtest.h>

#include <map>

#include "audit/tree_nodes.h"
#include "codec/base64.h"

namespace kw::audit {
namespace {

// The eight leaves and the roots of the trees over the first n of them, as published with RFC
// 6962's reference code (certificate-transparency, merkletree/merkle_tree_test.cc).
const std::vector<std::string> kLeavesHex = {"",
                                             "00",
                                             "10",
                                             "2021",
                                             "3031",
                                             "40414243",
                                             "5051525354555657",
                                             "606162636465666768696a6b6c6d6e6f"};
const std::vector<std::string> kRootsHex = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

std::vector<Hash> reference_leaves() {
  std::vector<Hash> hashes;
  hashes.reserve(std::size(kLeavesHex));
  for (const std::string& leaf : kLeavesHex) hashes.push_back(leaf_hash(*codec::from_hex(leaf)));
  return hashes;
}

std::vector<Hash> numbered_leaves(std::uint64_t count) {
  std::vector<Hash> hashes;
  for (std::uint64_t i = 0; i < count; ++i)
    hashes.push_back(leaf_hash(ByteWriter().u64(i).bytes()));
  return hashes;
}

// RFC 6962, 2.1, word for word: the slow definition that everything else is held against.
Hash defined_root(std::span<const Hash> leaves) {
  if (leaves.empty()) return empty_root();
  if (leaves.size() == 1) return leaves[0];
  std::size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  return node_hash(defined_root(leaves.first(k)), defined_root(leaves.subspan(k)));
}

TEST(Merkle, knows_the_roots_of_the_reference_trees) {
  const auto leaves = reference_leaves();
  Frontier frontier;
  EXPECT_EQ(codec::hex(frontier.root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    frontier.add(leaves[i]);
    EXPECT_EQ(codec::hex(frontier.root()), kRootsHex[i]) << i;
  }
}

TEST(Merkle, makes_the_reference_inclusion_and_consistency_proofs) {
  const auto leaves = reference_leaves();
  const Proof inclusion = inclusion_proof(std::span(leaves).first(8), 5);
  ASSERT_EQ(inclusion.size(), 3u);
  EXPECT_EQ(codec::hex(inclusion[0]),
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b");
  EXPECT_EQ(codec::hex(inclusion[1]),
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
  EXPECT_EQ(codec::hex(inclusion[2]),
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
  const Proof consistency = consistency_proof(std::span(leaves).first(8), 6);
  ASSERT_EQ(consistency.size(), 3u);
  EXPECT_EQ(codec::hex(consistency[0]),
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a");
  EXPECT_EQ(codec::hex(consistency[1]),
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0");
  EXPECT_EQ(codec::hex(consistency[2]),
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
}

TEST(Merkle, proves_every_leaf_of_every_tree_up_to_130_and_nothing_else) {
  const auto all = numbered_leaves(130);
  for (std::uint64_t size = 1; size <= all.size(); ++size) {
    const auto leaves = std::span(all).first(size);
    const Hash root = defined_root(leaves);
    for (std::uint64_t index = 0; index < size; ++index) {
      const Proof proof = inclusion_proof(leaves, index);
      ASSERT_TRUE(verify_inclusion(leaves[index], index, size, proof, root))
          << size << " " << index;
      ASSERT_FALSE(verify_inclusion(all[(index + 1) % 130], index, size, proof, root));
      ASSERT_FALSE(verify_inclusion(leaves[index], size, size, proof, root));
      if (proof.empty()) continue;
      Proof shorter(proof.begin(), proof.end() - 1), longer = proof, wrong = proof;
      longer.push_back(root);
      wrong[index % wrong.size()][7] ^= 1;
      ASSERT_FALSE(verify_inclusion(leaves[index], index, size, shorter, root));
      ASSERT_FALSE(verify_inclusion(leaves[index], index, size, longer, root));
      ASSERT_FALSE(verify_inclusion(leaves[index], index, size, wrong, root));
    }
  }
}

TEST(Merkle, proves_consistency_between_all_sizes_up_to_130_and_nothing_else) {
  const auto all = numbered_leaves(130);
  std::vector<Hash> roots;
  for (std::uint64_t size = 0; size <= all.size(); ++size)
    roots.push_back(defined_root(std::span(all).first(size)));
  for (std::uint64_t size = 1; size <= all.size(); ++size) {
    for (std::uint64_t old = 1; old <= size; ++old) {
      const Proof proof = consistency_proof(std::span(all).first(size), old);
      ASSERT_TRUE(verify_consistency(old, roots[old], size, roots[size], proof))
          << old << " " << size;
      ASSERT_FALSE(verify_consistency(old, roots[old - 1], size, roots[size], proof));
      ASSERT_FALSE(verify_consistency(old, roots[old], size, roots[size - 1], proof));
      if (proof.empty()) continue;
      Proof longer = proof, wrong = proof;
      longer.push_back(roots[old]);
      wrong[(old + size) % wrong.size()][0] ^= 128;
      ASSERT_FALSE(verify_consistency(old, roots[old], size, roots[size], longer));
      ASSERT_FALSE(verify_consistency(old, roots[old], size, roots[size], wrong));
      ASSERT_FALSE(verify_consistency(old, roots[old], size, roots[size], {}));
    }
  }
  EXPECT_TRUE(verify_consistency(0, empty_root(), 5, roots[5], {}));
  EXPECT_FALSE(verify_consistency(0, roots[1], 5, roots[5], {}));
  EXPECT_FALSE(verify_consistency(6, roots[6], 5, roots[5], {}));
}

TEST(Merkle, refuses_proofs_for_sizes_that_do_not_exist) {
  class NoNodes final : public TreeNodes {
    Result<Hash> node(int, std::uint64_t) override { return error(Code::kInternal, "asked", ""); }
  } nodes;
  EXPECT_EQ(inclusion_proof(nodes, 3, 3).error().reason, "bad_tree_size");
  EXPECT_EQ(consistency_proof(nodes, 0, 3).error().reason, "bad_tree_size");
  EXPECT_EQ(consistency_proof(nodes, 4, 3).error().reason, "bad_tree_size");
  EXPECT_EQ(inclusion_proof(nodes, 1, 3).error().reason, "asked");
}

TEST(Frontier, reports_each_complete_subtree_once) {
  const auto leaves = numbered_leaves(64);
  std::map<std::pair<int, std::uint64_t>, Hash> nodes;
  Frontier frontier;
  for (const Hash& leaf : leaves)
    frontier.add(leaf, [&](int level, std::uint64_t index, const Hash& hash) {
      EXPECT_TRUE(nodes.emplace(std::make_pair(level, index), hash).second);
    });
  EXPECT_EQ(nodes.size(), 63u);
  for (const auto& [place, hash] : nodes) {
    const std::size_t width = std::size_t{1} << place.first;
    EXPECT_EQ(hash, defined_root(std::span(leaves).subspan(place.second * width, width)));
  }
}

TEST(Frontier, survives_encoding_and_refuses_other_bytes) {
  Frontier frontier;
  for (const Hash& leaf : numbered_leaves(77)) frontier.add(leaf);
  const Bytes bytes = frontier.encode();
  EXPECT_EQ(bytes.size(), 8u + 4 * 32);
  EXPECT_EQ(Frontier::decode(bytes).value(), frontier);
  EXPECT_EQ(Frontier::decode({}).error().reason, "bad_frontier");
  Bytes shorter(bytes.begin(), bytes.end() - 1), longer = bytes;
  longer.push_back(0);
  EXPECT_EQ(Frontier::decode(shorter).error().code, Code::kDataLoss);
  EXPECT_EQ(Frontier::decode(longer).error().code, Code::kDataLoss);
}

TEST(Frontier, goes_back_to_a_prefix_of_whole_peaks) {
  const auto leaves = numbered_leaves(77);
  Frontier frontier, old;
  for (const Hash& leaf : leaves) frontier.add(leaf);
  for (const Hash& leaf : std::span(leaves).first(64)) old.add(leaf);
  EXPECT_EQ(frontier.prefix(64), old);
  EXPECT_EQ(frontier.prefix(77), frontier);
  EXPECT_EQ(frontier.prefix(0), Frontier());
}

}  // namespace
}  // namespace kw::audit
