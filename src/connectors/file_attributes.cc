#include "connectors/file_attributes.h"

#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

namespace kw::connectors {

namespace {

constexpr std::size_t kAttributeBytesMax = 64 << 10;  // of Linux

Error lost(std::string_view what) {
  return error(Code::kFailedPrecondition, "attributes_lost",
               "a file's " + std::string(what) + " cannot be given to its replacement");
}

bool same_value(int file, const char* name, const std::vector<char>& value) {
  std::vector<char> has(kAttributeBytesMax);
  const ssize_t size = fgetxattr(file, name, has.data(), has.size());
  return size >= 0 && std::string_view(has.data(), static_cast<std::size_t>(size)) ==
                          std::string_view(value.data(), value.size());
}

Status copy_extended(int from, int to) {
  std::vector<char> names(kAttributeBytesMax);
  const ssize_t listed = flistxattr(from, names.data(), names.size());
  if (listed < 0) return errno == ENOTSUP ? ok() : Status(lost("list of attributes"));
  for (std::size_t at = 0; at < static_cast<std::size_t>(listed);) {
    const std::string name = &names[at];
    at += name.size() + 1;
    std::vector<char> value(kAttributeBytesMax);
    const ssize_t size = fgetxattr(from, name.c_str(), value.data(), value.size());
    if (size < 0) return lost("extended attributes");
    value.resize(static_cast<std::size_t>(size));
    // Labels of security modules come by themselves, and only they may set them.
    if (fsetxattr(to, name.c_str(), value.data(), value.size(), 0) != 0 &&
        !same_value(to, name.c_str(), value))
      return lost("extended attributes");
  }
  return ok();
}

bool same_time(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

Status copy_permissions(int from, const struct stat& facts, int to) {
  struct stat made {};
  if (fstat(to, &made) != 0) return lost("owner");
  const bool foreign = made.st_uid != facts.st_uid || made.st_gid != facts.st_gid;
  if (foreign && fchown(to, facts.st_uid, facts.st_gid) != 0) return lost("owner");
  if (fchmod(to, facts.st_mode & 07777) != 0) return lost("mode");
  return copy_extended(from, to);
}

Status copy_attributes(int from, const struct stat& facts, int to) {
  KW_OK(copy_permissions(from, facts, to));
  const std::array<timespec, 2> times{facts.st_atim, facts.st_mtim};
  if (futimens(to, times.data()) != 0) return lost("time");
  return ok();
}

bool unchanged(const struct stat& before, const struct stat& now) {
  return before.st_dev == now.st_dev && before.st_ino == now.st_ino &&
         before.st_size == now.st_size && before.st_nlink == now.st_nlink &&
         same_time(before.st_mtim, now.st_mtim);
}

}  // namespace kw::connectors
