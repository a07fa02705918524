#include "store/postgres_fixture.h"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>
#include <vector>

#include "base/check.h"

namespace kw::store {

namespace {

constexpr std::chrono::seconds kPatience{60};

struct User {
  uid_t uid;
  gid_t gid;
};

struct Programs {
  std::string initdb;
  std::string postgres;
};

Error failed(std::string_view what) {
  return error(Code::kUnavailable, "postgres_failed", what);
}

// The server refuses to run as root.
Result<std::optional<User>> other_user() {
  if (::geteuid() != 0) return std::optional<User>();
  const passwd* found = ::getpwnam("postgres");  // NOLINT(concurrency-mt-unsafe): before threads
  if (found == nullptr) return error(Code::kUnavailable, "postgres_missing", "no user postgres");
  return std::optional<User>(User{found->pw_uid, found->pw_gid});
}

Result<Programs> newest_programs() {
  const std::filesystem::path root = "/usr/lib/postgresql";
  int newest = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(root, ignored))
    newest = std::max(newest,
                      static_cast<int>(std::strtol(entry.path().filename().c_str(), nullptr, 10)));
  const std::string bin = (root / std::to_string(newest) / "bin").string();
  if (::access((bin + "/postgres").c_str(), X_OK) != 0)
    return error(Code::kUnavailable, "postgres_missing", "no server in /usr/lib/postgresql");
  return Programs{bin + "/initdb", bin + "/postgres"};
}

[[noreturn]] void become(const std::optional<User>& user, const std::vector<char*>& arguments) {
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (int stream = 0; stream < 3; ++stream) ::dup2(nowhere, stream);
  const bool ready = !user || (::setgroups(0, nullptr) == 0 && ::setgid(user->gid) == 0 &&
                               ::setuid(user->uid) == 0);
  // SIGQUIT: the server stops at once. After setuid, which would clear it.
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (ready) ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

pid_t spawn(const std::optional<User>& user, std::vector<std::string> words) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) become(user, arguments);
  return child;
}

bool succeeded(pid_t child) {
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

}  // namespace

struct PostgresServer::State {
  std::optional<User> user;
  Programs programs;
  std::string folder;
  pid_t child = -1;
  std::atomic<int> databases{0};

  Status launch(const std::string& url) {
    child = spawn(user, {programs.postgres, "-D", folder + "/data", "-k", folder, "-c",
                         "listen_addresses=", "-c", "max_connections=200", "-c",
                         "recovery_init_sync_method=syncfs"});
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      if (PQping(url.c_str()) == PQPING_OK) return ok();
      if (::waitpid(child, nullptr, WNOHANG) == child) {
        child = -1;  // reaped: the number may be another process by the time of stop()
        return failed("the server ended at once");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return failed("the server does not answer");
  }
  void stop(int signal) {
    if (child <= 0) return;
    ::kill(child, signal);
    ::waitpid(child, nullptr, 0);
    child = -1;
  }
};

PostgresServer::PostgresServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

PostgresServer::~PostgresServer() {
  state_->stop(SIGQUIT);
  std::error_code ignored;
  std::filesystem::remove_all(state_->folder, ignored);
}

Result<std::unique_ptr<PostgresServer>> PostgresServer::start() {
  auto state = std::make_unique<State>();
  KW_TRY(state->programs, newest_programs());
  KW_TRY(state->user, other_user());
  // Short: the path of a Unix socket has at most 107 characters.
  std::string made = "/tmp/kwpg.XXXXXX";
  if (::mkdtemp(made.data()) == nullptr) return failed("no temporary folder");
  state->folder = made;
  std::unique_ptr<PostgresServer> owner(new PostgresServer(std::move(state)));
  State& server = *owner->state_;
  if (server.user && ::chown(made.c_str(), server.user->uid, server.user->gid) != 0)
    return failed("the temporary folder cannot be given away");
  if (!succeeded(spawn(server.user, {server.programs.initdb, "-D", made + "/data", "-U", "postgres",
                                     "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"})))
    return failed("initdb failed");
  KW_OK(server.launch(owner->url()));
  return owner;
}

std::string PostgresServer::url_of(const std::string& database) const {
  return "postgres:///" + database + "?host=" + state_->folder + "&user=postgres";
}

std::string PostgresServer::fresh_database() {
  const std::string name = "kw" + std::to_string(++state_->databases);
  PGconn* connection = PQconnectdb(url().c_str());
  PGresult* created = PQexec(connection, ("CREATE DATABASE " + name).c_str());
  KW_CHECK(PQresultStatus(created) == PGRES_COMMAND_OK);
  PQclear(created);
  PQfinish(connection);
  return url_of(name);
}

Status PostgresServer::crash_and_restart() {
  state_->stop(SIGKILL);
  // A new server refuses to start while orphans of the killed one still hold its shared memory.
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  Status up = state_->launch(url());
  while (!up && state_->child <= 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    up = state_->launch(url());
  }
  return up;
}

}  // namespace kw::store
