#include "codec/pem.h"

#include <optional>

#include "codec/base64.h"

namespace kw::codec {

namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";
constexpr std::size_t kColumns = 64;

Error bad_pem(std::string_view what) {
  return error(Code::kInvalidArgument, "bad_pem", what);
}

// Cuts the first line off `text`, without its ending.
std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The label of a boundary line such as "-----BEGIN label-----".
std::optional<std::string_view> label_of(std::string_view line, std::string_view opening) {
  if (!line.starts_with(opening) || !line.ends_with(kDashes)) return std::nullopt;
  if (line.size() < opening.size() + kDashes.size()) return std::nullopt;
  return line.substr(opening.size(), line.size() - opening.size() - kDashes.size());
}

// RFC 7468, 3: every line of base64 but the last has exactly 64 characters.
Result<std::string> block_body(std::string_view label, std::string_view& text) {
  std::string body;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (line.starts_with(kDashes)) {
      if (label_of(line, kEnd) != label) return bad_pem("a PEM block ends with another label");
      return body;
    }
    if (line.empty() || line.size() > kColumns || body.size() % kColumns != 0)
      return bad_pem("a PEM block has a line that is not 64 columns of base64");
    body += line;
  }
  return bad_pem("a PEM block has no end");
}

}  // namespace

std::string pem(std::string_view label, ByteView der) {
  KW_CHECK(!der.empty());
  const std::string body = base64(der);
  std::string text = std::string(kBegin).append(label).append(kDashes) + "\n";
  for (std::size_t at = 0; at < body.size(); at += kColumns)
    text.append(body, at, kColumns).append("\n");
  return text.append(kEnd).append(label).append(kDashes).append("\n");
}

Result<Bytes> from_pem(std::string_view label, std::string_view text) {
  while (!text.empty()) {
    const auto found = label_of(next_line(text), kBegin);
    if (!found) continue;
    KW_TRY(const std::string body, block_body(*found, text));
    if (found != label) continue;
    auto der = from_base64(body);
    if (!der || der->empty()) return bad_pem("a PEM block is not strict base64");
    return der;
  }
  return bad_pem("there is no PEM block with the label that is needed");
}

}  // namespace kw::codec
