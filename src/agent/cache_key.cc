#include "agent/cache_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "agent/descriptor.h"
#include "crypto/random.h"

namespace kw::agent {

namespace {

constexpr std::size_t kKeyBytes = 32;

Error failed(const std::string& path) {
  return error(Code::kUnavailable, "cache_failed", path + " can be neither read nor made");
}

Result<SecretBytes> read_key(const Descriptor& file, const std::string& path) {
  struct stat found {};
  if (fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode)) return failed(path);
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return error(Code::kFailedPrecondition, "cache_open",
                 path + " can be used by others: chmod 600");
  SecretBytes key(kKeyBytes);
  const auto room = key.reveal_mutable(Reveal{});
  const bool whole =
      found.st_size == static_cast<off_t>(kKeyBytes) &&
      ::read(file.get(), room.data(), room.size()) == static_cast<ssize_t>(kKeyBytes);
  if (!whole) return error(Code::kDataLoss, "bad_cache_key", path + " does not hold 32 bytes");
  return key;
}

}  // namespace

Result<SecretBytes> load_or_make_cache_key(const std::string& path) {
  const Descriptor existing(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (existing.valid()) return read_key(existing, path);
  if (errno != ENOENT) return failed(path);
  const Descriptor made(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!made.valid()) return failed(path);
  SecretBytes key = crypto::random_secret(kKeyBytes);
  const ByteView bytes = key.reveal(Reveal{});
  const bool kept =
      fchmod(made.get(), 0600) == 0 &&
      write(made.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
      fsync(made.get()) == 0;
  if (kept) return key;
  unlink(path.c_str());
  return failed(path);
}

Status prepare_cache_folder(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed(folder);
  struct stat found {};
  if (lstat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) return failed(folder);
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) == 0 && found.st_uid == geteuid()) return ok();
  return error(Code::kFailedPrecondition, "cache_open",
               folder + " must belong to the agent alone: chmod 700");
}

}  // namespace kw::agent
