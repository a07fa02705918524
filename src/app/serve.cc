#include "app/serve.h"

#include <stdlib.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "app/config.h"
#include "app/server.h"
#include "cli/context.h"
#include "cli/exit_code.h"

namespace kw::app {

namespace {

int fail(const Error& failure, const char* attempt) {
  std::fprintf(stderr, "error: %s [%s]\n  try: %s\n", failure.message.c_str(),
               failure.reason.c_str(), attempt);
  return cli::exit_code(failure);
}

// The folder of a development server: the given one, or a temporary one that goes away with the
// server.
class DevelopmentDirectory {
 public:
  explicit DevelopmentDirectory(const std::string& given)
      : path_(given), temporary_(given.empty()) {
    if (!temporary_) return;
    std::string pattern =
        (std::filesystem::temp_directory_path() / "keywright-dev-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~DevelopmentDirectory() {
    std::error_code ignored;
    if (temporary_ && !path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  DevelopmentDirectory(const DevelopmentDirectory&) = delete;
  DevelopmentDirectory& operator=(const DevelopmentDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool temporary_;
};

int run(const Config& config) {
  auto server = Server::start(config);
  if (!server) return fail(server.error(), "keywright help config, or keywright doctor");
  (*server)->run_until_signal();
  return 0;
}

int run_development(std::uint16_t port, const std::string& given_directory, int clock_rate) {
  const auto before = std::chrono::steady_clock::now();
  const DevelopmentDirectory directory(given_directory);
  Config config;
  config.development = true;
  config.seal = "dev";
  config.data_directory = directory.path();
  config.store_url = "sqlite://" + directory.path() + "/keywright.db";
  config.port = port;
  config.log_level = observe::Level::kWarning;
  config.log_format = observe::Log::Format::kText;
  config.destroy_wait_seconds = 60;
  config.rotation_clock_rate = clock_rate;
  auto server = Server::start(config);
  if (!server) return fail(server.error(), "keywright server --dev --port 0");
  auto token = (*server)->development_token();
  if (!token) return fail(token.error(), "start it again");
  if (const Status made = (*server)->development_tenant("acme"); !made)
    return fail(made.error(), "start it again");
  const Status saved =
      cli::save_development_context((*server)->url(), (*server)->certificate_sha256(), *token);
  if (!saved) return fail(saved.error(), "check that the configuration folder can be written");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
  std::printf(
      "Keywright %s  dev server: %s\n"
      "  API      %s\n"
      "  token    %.4s…  saved in context \"dev\"; other terminals just work\n"
      "ready in %.1f s; Ctrl-C stops.  next: keywright key create orders\n",
      KW_VERSION,
      given_directory.empty() ? "temporary store, gone when it stops" : given_directory.c_str(),
      (*server)->url().c_str(), token->c_str(), took.count());
  std::fflush(stdout);
  (*server)->run_until_signal();
  return 0;
}

}  // namespace

int serve(int argc, char** argv) {
  CLI::App app{"Runs the key service until it is told to stop."};
  std::string file;
  bool development = false;
  bool check_only = false;
  std::uint16_t port = 8443;
  auto* config_option = app.add_option("--config", file, "settings, a YAML file");
  app.add_flag("--dev", development, "temporary store and development seal, loopback only")
      ->excludes(config_option);
  app.add_flag("--check", check_only, "check the settings and stop")->needs(config_option);
  app.add_option("--port", port, "with --dev: the port; 0 means any free one")
      ->excludes(config_option);
  std::string directory;
  app.add_option("--dir", directory,
                 "with --dev: keep the files in this folder (absolute) instead of a temporary one")
      ->excludes(config_option);
  int clock_rate = 1;
  app.add_option("--clock-rate", clock_rate,
                 "with --dev: schedules of rotation policies pass so many times faster")
      ->check(CLI::Range(1, 10'000))
      ->excludes(config_option);
  app.footer(
      "Examples:\n  keywright server --dev\n  keywright server --config "
      "/etc/keywright/keywright.yaml");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  }
  if (development) return run_development(port, directory, clock_rate);
  if (file.empty()) {
    std::fprintf(stderr,
                 "error: say how to run [usage]\n  try: keywright server --dev  or  keywright "
                 "server --config FILE\n");
    return 2;
  }
  const auto config = load_config(file);
  if (!config) return fail(config.error(), "keywright help config");
  if (check_only) {
    std::printf("%s: the settings are good\n", file.c_str());
    return 0;
  }
  return run(*config);
}

}  // namespace kw::app
