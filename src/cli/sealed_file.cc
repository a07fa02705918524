#include "cli/sealed_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "crypto/envelope.h"
#include "crypto/key.h"

namespace kw::cli {

namespace {

// The data key has no id of its own: zero stands for "the one wrapped beside this".
crypto::EnvelopeHeader content_header() {
  crypto::EnvelopeHeader header;
  header.version = 1;
  return header;
}

std::string words_of(int cause) {
  if (cause == ENOENT) return "there is no such file";
  if (cause == EACCES || cause == EPERM) return "this user may not";
  if (cause == EISDIR) return "it is a folder";
  return std::generic_category().message(cause);
}

Error cannot_write(const std::string& path, int cause) {
  return error(Code::kFailedPrecondition, "cannot_write",
               "cannot write " + path + ": " +
                   (cause == ENOENT ? "there is no such folder" : words_of(cause)));
}

std::string size_text(std::size_t bytes) {
  if (bytes >= kFileMax) return std::to_string(bytes >> 30) + " GiB";
  return bytes >> 20 > 0 ? std::to_string(bytes >> 20) + " MiB" : std::to_string(bytes) + " bytes";
}

Error too_large(const std::string& path, std::size_t most) {
  return error(Code::kTooLarge, "file_too_large",
               "cannot read " + path + ": it has more than " + size_text(most));
}

// 0, or errno.
int write_all(int file, ByteView content) {
  while (!content.empty()) {
    const ssize_t wrote = write(file, content.data(), content.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return wrote < 0 ? errno : EIO;
    content = content.subspan(static_cast<std::size_t>(wrote));
  }
  return 0;
}

bool known_to_be_larger(int file, std::size_t most) {
  struct stat facts {};
  return fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) &&
         static_cast<std::size_t>(facts.st_size) > most;
}

// 0, or errno. Stops behind `most`.
int read_all(int file, std::size_t most, WipedBytes& content) {
  std::size_t size = 0;
  for (;;) {
    content.resize(size + (std::size_t{1} << 20));
    const ssize_t got = read(file, content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got > 0) size += static_cast<std::size_t>(got);
    if (got > 0 && size <= most) continue;
    content.resize(size);
    return got < 0 ? errno : 0;
  }
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

Error cannot_read(const std::string& path, int cause) {
  return error(Code::kInvalidArgument, "cannot_read",
               "cannot read " + path + ": " + words_of(cause));
}

Result<WipedBytes> read_file(const std::string& path, std::size_t most) {
  const int file = path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return cannot_read(path, errno);
  WipedBytes content;
  const bool large = known_to_be_larger(file, most);
  const int failed = large ? 0 : read_all(file, most, content);
  if (file != STDIN_FILENO) close(file);
  if (failed != 0) return cannot_read(path, failed);
  if (large || content.size() > most) return too_large(path, most);
  return content;
}

Status write_file(const std::string& path, ByteView content) {
  if (path == "-") {
    const int failed = write_all(STDOUT_FILENO, content);
    return failed == 0 ? ok() : Status(cannot_write("the output", failed));
  }
  const std::string temporary = path + ".kw-" + std::to_string(getpid());
  const int file =
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return cannot_write(path, errno);
  int failed = write_all(file, content);
  if (failed == 0 && fsync(file) != 0) failed = errno;
  close(file);
  if (failed == 0 && rename(temporary.c_str(), path.c_str()) != 0) failed = errno;
  if (failed == 0) return ok();
  unlink(temporary.c_str());
  return cannot_write(path, failed);
}

}  // namespace kw::cli
