#include "seal/dev_key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/failpoint.h"
#include "base/reveal.h"
#include "crypto/random.h"
#include "seal/share_text.h"

namespace kw::seal {

namespace {

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }
  bool opened() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

Error failed(std::string_view what) {
  return error(Code::kUnavailable, "key_file_failed", what);
}

Error bad_key_file() {
  return error(Code::kFailedPrecondition, "bad_key_file",
               "the development key file must be a regular file of 32 bytes, ours, with mode 0600");
}

bool is_ours(int descriptor) {
  struct stat facts {};
  return ::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode) &&
         facts.st_uid == ::geteuid() && (facts.st_mode & 077) == 0 &&
         facts.st_size == static_cast<off_t>(kSealKeyBytes);
}

bool write_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

bool read_all(int descriptor, std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = ::read(descriptor, out.data(), out.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

bool sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const File opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.opened() && ::fsync(opened.get()) == 0;
}

}  // namespace

Result<SecretBytes> read_dev_key(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.opened() && errno == ENOENT)
    return error(Code::kNotFound, "no_key_file", "the development key file does not exist");
  if (!file.opened()) return errno == ELOOP ? bad_key_file() : failed("cannot open the key file");
  if (!is_ours(file.get())) return bad_key_file();
  SecretBytes key(kSealKeyBytes);
  if (!read_all(file.get(), key.reveal_mutable(Reveal{})))
    return failed("cannot read the key file");
  return key;
}

Result<SecretBytes> make_dev_key(const std::string& path) {
  const int how = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const File file(::open(path.c_str(), how, 0600));
  if (!file.opened()) return failed("cannot create the key file");
  SecretBytes key = crypto::random_secret(kSealKeyBytes);
  const bool durable = write_all(file.get(), key.reveal(Reveal{})) && ::fsync(file.get()) == 0 &&
                       sync_folder_of(path);
  if (!durable) {
    ::unlink(path.c_str());
    return failed("cannot write the key file");
  }
  KW_FAILPOINT("seal.dev_key.made");
  return key;
}

}  // namespace kw::seal
