#include <algorithm>
#include <cstdint>

#include "secrets/webhook_signature.h"

// No header makes a signature out of nothing; a header of ours is accepted whatever stands around
// it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kw::secrets;  // NOLINT(google-build-using-namespace): one function
  const std::string_view text = kw::as_text({data, size});
  static const kw::SecretBytes secret = new_webhook_secret();
  const kw::SecretBytes* const secrets[] = {&secret};
  const auto now = kw::from_micros(1'800'000'000'000'000);
  const std::chrono::seconds tolerance(300);
  for (const auto form : {WebhookForm::kStandard, WebhookForm::kHexOfBody, WebhookForm::kTimedHex})
    if (verify_webhook(secrets, {form, "m", "1800000000", text, "{}"}, now, tolerance))
      __builtin_trap();
  static const std::string ours = *sign_webhook(secrets, {"m", 1'800'000'000, "{}"});
  const bool few = std::count(text.begin(), text.end(), ' ') < 10;
  const std::string around = std::string(text) + " " + ours;
  if (few && !verify_webhook(secrets, {WebhookForm::kStandard, "m", "1800000000", around, "{}"},
                             now, tolerance))
    __builtin_trap();
  return 0;
}
