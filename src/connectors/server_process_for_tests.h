// Servers of the tests' own: a temporary folder, a free port, a process that ends with the tests.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/secret_bytes.h"

namespace kw::connectors {

/// Gone with its content when it dies.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  void give_to(const char* user) const;  ///< when this process is root
  void write(std::string_view name, std::string_view text) const;
  std::string read(std::string_view name) const;

 private:
  std::string path_;
};

/// A program in a folder of its own, with its output in a file. It is killed when it is stopped and
/// when we die. Programs that start others read their input: it ends when we do.
class ServerProcess {
 public:
  using Variables = std::map<std::string, std::string>;
  ServerProcess() = default;
  ~ServerProcess() { stop(); }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  /// @param user  who runs it when this process is root; nullptr: this user
  void start(const std::vector<std::string>& words, const std::string& log,
             const char* user = nullptr, const Variables& variables = {});
  void stop(int signal = 9);
  bool running();
  /// Runs to its end. @returns whether it succeeded
  static bool run(const std::vector<std::string>& words, const std::string& log,
                  const char* user = nullptr, const Variables& variables = {});

 private:
  pid_t child_ = -1;
  int input_ = -1;  ///< the other end of its input
};

std::uint16_t free_port();
bool takes_connections(std::uint16_t port);
/// Whether it came true within `seconds`.
bool comes_true(const std::function<bool()>& condition, int seconds = 60);
/// 43 URL-safe characters.
SecretBytes random_value_for_tests();
SecretBytes value_for_tests(std::string_view text);

}  // namespace kw::connectors
