#include "connectors/server_process_for_tests.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/check.h"
#include "codec/base64.h"
#include "crypto/random.h"

namespace kw::connectors {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

const passwd* other_user(const char* user) {
  if (user == nullptr || geteuid() != 0) return nullptr;
  return getpwnam(user);  // NOLINT(concurrency-mt-unsafe): tests start servers from one thread
}

[[noreturn]] void become(const passwd* user, const std::string& log, int input, char* const* words,
                         char* const* variables) {
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(input, 0);
  dup2(out, 1);
  dup2(out, 2);
  const bool ready = user == nullptr || (setgroups(0, nullptr) == 0 && setgid(user->pw_gid) == 0 &&
                                         setuid(user->pw_uid) == 0);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  // Crashes leave their dumps where they happen.
  const std::string folder = log.substr(0, log.rfind('/'));
  if (ready && chdir(folder.c_str()) == 0) execve(words[0], words, variables);
  _exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> made;
  made.reserve(texts.size() + 1);
  for (std::string& text : texts) made.push_back(text.data());
  made.push_back(nullptr);
  return made;
}

struct Spawned {
  pid_t child;
  int input;
};

Spawned spawn(std::vector<std::string> words, const std::string& log, const char* user,
              const ServerProcess::Variables& variables) {
  std::vector<std::string> environment{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"};
  for (const auto& [name, value] : variables)
    environment.push_back(std::string(name).append("=").append(value));
  const auto arguments = pointers(words), settings = pointers(environment);
  const passwd* const other = other_user(user);
  int ends[2];
  KW_CHECK(pipe2(ends, O_CLOEXEC) == 0);
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    become(other, log, ends[0], arguments.data(), settings.data());
  }
  KW_CHECK(child > 0);
  close(ends[0]);
  return {child, ends[1]};
}

}  // namespace

TestFolder::TestFolder() : path_("/tmp/kwct.XXXXXX") {
  KW_CHECK(mkdtemp(path_.data()) != nullptr);
  KW_CHECK(chmod(path_.c_str(), 0755) == 0);
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void TestFolder::give_to(const char* user) const {
  const passwd* const other = other_user(user);
  if (other == nullptr) return;
  KW_CHECK(chown(path_.c_str(), other->pw_uid, other->pw_gid) == 0);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path_))
    KW_CHECK(chown(entry.path().c_str(), other->pw_uid, other->pw_gid) == 0);
}

void TestFolder::write(std::string_view name, std::string_view text) const {
  std::ofstream file(*this / name, std::ios::trunc);
  file << text;
  file.close();
  KW_CHECK(file.good());
}

std::string TestFolder::read(std::string_view name) const {
  std::ifstream file(*this / name);
  return {std::istreambuf_iterator<char>(file), {}};
}

void ServerProcess::start(const std::vector<std::string>& words, const std::string& log,
                          const char* user, const Variables& variables) {
  stop();
  const Spawned spawned = spawn(words, log, user, variables);
  child_ = spawned.child;
  input_ = spawned.input;
}

// The whole group: some servers are scripts that start the real one.
void ServerProcess::stop(int signal) {
  if (child_ <= 0) return;
  ::kill(-child_, signal);
  waitpid(child_, nullptr, 0);
  child_ = -1;
  close(input_);
}

bool ServerProcess::running() {
  if (child_ > 0 && waitpid(child_, nullptr, WNOHANG) == child_) {
    child_ = -1;
    close(input_);
  }
  return child_ > 0;
}

bool ServerProcess::run(const std::vector<std::string>& words, const std::string& log,
                        const char* user, const Variables& variables) {
  const Spawned spawned = spawn(words, log, user, variables);
  close(spawned.input);
  int status = 0;
  return waitpid(spawned.child, &status, 0) == spawned.child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

std::uint16_t free_port() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  KW_CHECK(bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0);
  KW_CHECK(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(listener);
  return ntohs(address.sin_port);
}

bool takes_connections(std::uint16_t port) {
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool taken =
      connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(client);
  return taken;
}

bool comes_true(const std::function<bool()>& condition, int seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  for (;;) {
    if (condition()) return true;
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

SecretBytes random_value_for_tests() {
  const SecretBytes random = crypto::random_secret(32);
  const WipedText text = codec::wiped_base64url(random.reveal(Reveal{}));
  return SecretBytes::copy_of(as_bytes(text));
}

SecretBytes value_for_tests(std::string_view text) {
  return SecretBytes::copy_of(as_bytes(text));
}

}  // namespace kw::connectors
