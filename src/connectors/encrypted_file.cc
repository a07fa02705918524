#include "connectors/encrypted_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "crypto/envelope_start.h"
#include "crypto/sealed_file.h"

namespace kw::connectors {

namespace {

using Form = EncryptedFile::Form;

constexpr std::size_t kStartBytes = crypto::kSealedFileHeadBytes + crypto::kEnvelopeStartCharacters;

Error unreadable() {
  return error(Code::kFailedPrecondition, "unreadable_file", "a file of the tree cannot be read");
}

std::optional<std::uint32_t> version_of(const std::optional<crypto::EnvelopeHeader>& header,
                                        const KeyId& key) {
  if (!header || header->key != key) return std::nullopt;
  return header->version;
}

// By the start of the file alone.
void recognise(ByteView start, const KeyId& key, EncryptedFile& file) {
  if (const auto head = crypto::sealed_file_head(start)) {
    file.form = Form::kSealedFile;
    file.head = *head;
    file.version =
        version_of(crypto::peek_envelope(start.subspan(crypto::kSealedFileHeadBytes)), key);
    return;
  }
  const auto text = crypto::peek_envelope_text(as_text(start));
  const auto header = text ? text : crypto::peek_envelope(start);
  file.form = text ? Form::kText : header ? Form::kEnvelope : Form::kForeign;
  file.version = version_of(header, key);
  file.head = static_cast<std::size_t>(file.facts.st_size);
}

Result<std::optional<EncryptedFile>> examine(const OpenFile& folder, const std::string& name,
                                             const KeyId& key, bool with_ciphertext) {
  const OpenFile open(
      openat(folder.number(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!open && (errno == ENOENT || errno == ELOOP)) return std::optional<EncryptedFile>();
  EncryptedFile file;
  if (!open || fstat(open.number(), &file.facts) != 0) return unreadable();
  if (!S_ISREG(file.facts.st_mode)) return std::optional<EncryptedFile>();
  Bytes start(kStartBytes);
  if (!read_at(open.number(), 0, start)) return unreadable();
  recognise(start, key, file);
  if (file.facts.st_nlink > 1) file.unfit = rotation::QuarantineReason::kLinked;
  if (!with_ciphertext || file.form == Form::kForeign) return std::optional(std::move(file));
  if (file.head > rotation::kItemBytesMax) {
    file.unfit = rotation::QuarantineReason::kTooLarge;
    return std::optional(std::move(file));
  }
  const std::size_t from = file.form == Form::kSealedFile ? crypto::kSealedFileHeadBytes : 0;
  Bytes ciphertext(file.head > from ? file.head - from : 0);
  if (!read_at(open.number(), from, ciphertext)) return unreadable();
  // Editors end a text with a line break: it stays.
  if (file.form == Form::kText && !ciphertext.empty() && ciphertext.back() == '\n') {
    ciphertext.pop_back();
    file.head = ciphertext.size();
  }
  file.ciphertext = std::move(ciphertext);
  return std::optional(std::move(file));
}

}  // namespace

bool read_at(int file, std::size_t at, Bytes& bytes) {
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got =
        pread(file, bytes.data() + filled, bytes.size() - filled, static_cast<off_t>(at + filled));
    if (got < 0) return false;
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return true;
}

Result<std::optional<EncryptedFile>> look_at_file(const OpenFile& folder, const std::string& name,
                                                  const KeyId& key) {
  return examine(folder, name, key, false);
}

Result<std::optional<EncryptedFile>> read_encrypted_file(const OpenFile& folder,
                                                         const std::string& name,
                                                         const KeyId& key) {
  return examine(folder, name, key, true);
}

}  // namespace kw::connectors
