// A node's seal on a fresh store, for the tests of ceremonies.
#pragma once

#include "base/failpoint.h"
#include "base/reveal.h"
#include "crypto/random.h"
#include "seal/share_text.h"
#include "seal/store_for_tests.h"

namespace kw::seal {

using Texts = std::vector<ShareText>;

/// A seal, and the root key that it last handed out.
struct Node {
  Node(store::Store& store, const Clock& clock) {
    auto opened = Seal::open(store, {&clock, [this](const RootKey* key) -> Status {
                                       ++calls;
                                       if (!accept && key != nullptr)
                                         return error(Code::kUnavailable, "not_now", "");
                                       root.reset();
                                       if (key != nullptr) root = key->key().clone();
                                       return ok();
                                     }});
    KW_CHECK(opened.has_value());
    seal = *std::move(opened);
  }
  std::unique_ptr<Seal> seal;
  std::optional<SecretBytes> root;
  bool accept = true;
  int calls = 0;
};

class SealOn : public OnEachEngine {
 protected:
  void TearDown() override {
    failpoint::disarm_all();
    OnEachEngine::TearDown();
  }
  Texts init(Node& node, int shares, int threshold) {
    auto texts = node.seal->begin_init(shares, threshold);
    EXPECT_EQ(reason(texts), "");
    if (!texts) return {};
    give_back(node, *texts);
    return *std::move(texts);
  }
  void give_back(Node& node, const Texts& texts) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto given = node.seal->verify_share(texts[i]);
      ASSERT_EQ(reason(given), "");
      EXPECT_EQ(given->completed, i + 1 == texts.size());
    }
  }
  // The reason of the last of the given shares.
  std::string unseal(Node& node, const Texts& texts, std::size_t from, std::size_t count) {
    std::string last;
    for (std::size_t i = from; i < from + count; ++i) last = reason(node.seal->unseal(texts[i]));
    return last;
  }
  Texts reseal_to(Node& node, const Texts& old, std::size_t old_threshold, int shares,
                  int threshold) {
    EXPECT_EQ(reason(node.seal->begin_reseal(shares, threshold)), "");
    for (std::size_t i = 0; i < old_threshold; ++i) {
      auto out = node.seal->reseal_share(old[i]);
      EXPECT_EQ(reason(out), "");
      if (out && !out->new_shares.empty()) return std::move(out->new_shares);
    }
    ADD_FAILURE() << "no new shares";
    return {};
  }
  FakeClock clock_{WallTime(std::chrono::seconds(1'800'000'000))};
};

}  // namespace kw::seal
