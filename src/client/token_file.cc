#include "client/token_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace kw::client {

namespace {

constexpr off_t kTokenBytesMax = 4096;

Error bad_file(Code code, std::string_view reason, const std::string& path, std::string_view what) {
  return error(code, reason, path + " " + std::string(what));
}

std::string_view trimmed(std::string_view text) {
  const char* blanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

Result<WipedText> TokenFile::read() {
  std::lock_guard lock(mutex_);
  struct stat found {};
  if (::stat(path_.c_str(), &found) != 0)
    return bad_file(Code::kNotFound, "token_file_missing", path_, "is not there or not readable");
  const bool same = size_ >= 0 && found.st_ino == inode_ && found.st_size == size_ &&
                    found.st_ctim.tv_sec == changed_.tv_sec &&
                    found.st_ctim.tv_nsec == changed_.tv_nsec;
  if (same) return text_;
  return load();
}

Result<WipedText> TokenFile::load() {
  const int file = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return bad_file(Code::kNotFound, "token_file_missing", path_, "is not there or not readable");
  struct stat found {};
  std::array<char, kTokenBytesMax> room{};
  const bool plain = fstat(file, &found) == 0 && S_ISREG(found.st_mode) && found.st_size > 0 &&
                     found.st_size <= kTokenBytesMax;
  const ssize_t count = plain ? ::read(file, room.data(), room.size()) : -1;
  close(file);
  if (count <= 0)
    return bad_file(Code::kInvalidArgument, "bad_token_file", path_,
                    "must be a plain file of 1 byte to 4 KiB");
  if ((found.st_mode & S_IRWXO) != 0) {
    wipe(room.data(), room.size());
    return bad_file(Code::kFailedPrecondition, "token_file_open", path_,
                    "can be read by everybody: chmod 600");
  }
  const std::string_view text = trimmed({room.data(), static_cast<std::size_t>(count)});
  WipedText fresh;
  fresh.reserve(64);
  fresh.assign(text);
  wipe(room.data(), room.size());
  if (fresh.empty())
    return bad_file(Code::kInvalidArgument, "bad_token_file", path_, "holds nothing");
  changed_ = found.st_ctim;
  inode_ = found.st_ino;
  size_ = found.st_size;
  text_ = fresh;
  return fresh;
}

}  // namespace kw::client
