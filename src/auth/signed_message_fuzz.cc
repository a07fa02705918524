// Any message is either signed by the secret or refused; nothing else happens.
#include "auth/signed_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::string_view parts[4];
  for (std::string_view& part : parts) {
    const auto end = std::min(rest.find('\n'), rest.size());
    part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  static const kw::SecretBytes kSecret = kw::auth::new_message_secret();
  const auto checked = kw::auth::check_signed_message(
      kSecret, {parts[0], parts[1], parts[2], parts[3]}, kw::from_micros(1'674'087'231'000'000));
  if (checked || checked.error().reason != "signature_invalid") __builtin_trap();
  return 0;
}
