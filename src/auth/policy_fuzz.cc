// Any text either becomes statements that can be decided over, or is refused.
#include "auth/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::string_view kActions[] = {"key:encrypt", "key:decrypt"};
  static constexpr std::string_view kKinds[] = {"key"};
  static constexpr std::string_view kFacts[] = {"classification"};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto statements = kw::auth::parse_policy(text, "fuzz", {kActions, kKinds, kFacts});
  if (!statements) return 0;
  kw::auth::Principal principal;
  principal.name = "app";
  principal.grants = {{kw::auth::Role::kKeyUser, "acme"}};
  kw::auth::Question question{
      "key:encrypt", "acme", "key", "orders", {kw::auth::Role::kKeyUser}, {}};
  const auto decision = kw::auth::decide(principal, question, *statements);
  if (decision.because.empty()) __builtin_trap();
  return 0;
}
