#include "cli/sealed_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "crypto/envelope.h"
#include "crypto/key.h"

namespace kw::cli {

namespace {

constexpr std::size_t kFileMax = std::size_t{1} << 30;

// The data key has no id of its own: zero stands for "the one wrapped beside this".
crypto::EnvelopeHeader content_header() {
  crypto::EnvelopeHeader header;
  header.version = 1;
  return header;
}

Error cannot_write(const std::string& path) {
  return error(Code::kFailedPrecondition, "cannot_write", "cannot write " + path);
}

Status write_all(int file, ByteView content) {
  while (!content.empty()) {
    const ssize_t wrote = write(file, content.data(), content.size());
    if (wrote <= 0)
      return error(Code::kFailedPrecondition, "cannot_write", "the output cannot be written");
    content = content.subspan(static_cast<std::size_t>(wrote));
  }
  return ok();
}

}  // namespace

Result<Bytes> seal_content(ByteView plaintext, const SecretBytes& data_key) {
  KW_TRY(const auto key, crypto::load(crypto::Algorithm::kAes256Gcm, data_key));
  return key->encrypt(content_header(), {}, plaintext);
}

Result<WipedBytes> open_content(ByteView content, const SecretBytes& data_key) {
  KW_TRY(const auto key, crypto::load(crypto::Algorithm::kAes256Gcm, data_key));
  KW_TRY(const crypto::Envelope envelope, crypto::parse_envelope(content));
  return key->decrypt(envelope, {});
}

Result<WipedBytes> read_file(const std::string& path) {
  const int file = path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return error(Code::kNotFound, "cannot_read", "cannot read " + path);
  WipedBytes content;
  std::size_t size = 0;
  ssize_t got = 0;
  do {
    content.resize(size + (std::size_t{1} << 20));
    got = read(file, content.data() + size, content.size() - size);
    if (got > 0) size += static_cast<std::size_t>(got);
  } while (got > 0 && size <= kFileMax);
  if (file != STDIN_FILENO) close(file);
  content.resize(size);
  if (got < 0) return error(Code::kNotFound, "cannot_read", "cannot read " + path);
  if (size > kFileMax)
    return error(Code::kTooLarge, "file_too_large", path + " is larger than 1 GiB");
  return content;
}

Status write_file(const std::string& path, ByteView content) {
  if (path == "-") return write_all(STDOUT_FILENO, content);
  const std::string temporary = path + ".kw-" + std::to_string(getpid());
  const int file =
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return cannot_write(path);
  const Status wrote = write_all(file, content);
  const bool synced = wrote && fsync(file) == 0;
  close(file);
  if (synced && rename(temporary.c_str(), path.c_str()) == 0) return ok();
  unlink(temporary.c_str());
  return cannot_write(path);
}

}  // namespace kw::cli
