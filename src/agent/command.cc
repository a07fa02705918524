#include "agent/command.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>

#include "agent/agent.h"
#include "agent/exec_child.h"
#include "agent/local_api.h"
#include "agent/signal_desk.h"
#include "base/secret_arena.h"
#include "crypto/x509.h"
#include "net/sd_notify.h"

namespace kw::agent {

namespace {

// Exit codes as docs/guide/cli.md has them.
constexpr int kDone = 0, kFailed = 1, kUsage = 2, kNotLoggedIn = 3, kDenied = 4, kNoSuchObject = 5,
              kRefused = 6, kRetryLater = 8;
constexpr Milliseconds kSocketGrace{1000};

int exit_code(const Error& failure) {
  switch (failure.code) {
    case Code::kInvalidArgument:
      return kUsage;
    case Code::kUnauthenticated:
      return kNotLoggedIn;
    case Code::kPermissionDenied:
      return kDenied;
    case Code::kNotFound:
      return kNoSuchObject;
    case Code::kFailedPrecondition:
    case Code::kAborted:
      return kRefused;
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kResourceExhausted:
      return kRetryLater;
    default:
      return kFailed;
  }
}

int fail(const Error& failure, const char* remedy) {
  std::fprintf(stderr, "error: %s [%s]\n  try: %s\n", failure.message.c_str(),
               failure.reason.c_str(), remedy);
  return exit_code(failure);
}

// No core file, no look into our memory by processes of the same user. Children get more
// privileges only as their files say: the agent starts reload commands.
Status harden() {
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0) return ok();
  return error(Code::kFailedPrecondition, "hardening_failed",
               "the kernel refused to switch off core dumps");
}

// Everything that runs beside the worker.
struct Running {
  Running(const Config& given, SignalDesk& signals)
      : config(given),
        desk(signals),
        log(observe::Log::to_stderr(clock, given.log_level, given.log_format)) {}
  ~Running() {
    // The socket first: it reads what the agent holds.
    if (server) server->stop(kSocketGrace);
    server.reset();
    if (agent) agent->stop();
    api.reset();
    child.reset();
    agent.reset();
  }

  Status open() {
    KW_TRY(agent, Agent::create(config, {clock, log, metrics}));
    if (config.socket.path.empty()) return ok();
    api = std::make_unique<LocalApi>(
        config, LocalApi::Parts{clock, agent->holdings(), metrics,
                                [this] { return agent->connected(); }, [this] { agent->nudge(); }});
    agent->holdings().on_force = [this](const std::string& path) { api->changed(path); };
    net::ServerOptions options;
    options.unix_socket = config.socket.path;
    options.unix_socket_mode = config.socket.mode;
    options.tls = false;
    options.threads = 1;
    KW_TRY(server, net::HttpServer::start(std::move(options), *api, log));
    return ok();
  }

  void add_child(const Words& words) {
    child = std::make_unique<ExecChild>(*config.exec, words, [this](Ended how) {
      code = how.code;
      desk.end();
    });
    agent->set_exec_delivery(*child);
  }

  const Config& config;
  SignalDesk& desk;
  SystemClock clock;
  observe::Log log;
  observe::Registry metrics;
  std::unique_ptr<Agent> agent;
  std::unique_ptr<LocalApi> api;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<ExecChild> child;
  std::atomic<int> code{0};
};

int serve(const Config& config, SignalDesk& desk) {
  Running running(config, desk);
  if (const Status opened = running.open(); !opened)
    return fail(opened.error(), "keywright agent check --config FILE");
  running.agent->start();
  running.log.info("agent.started", {{"consumer", config.consumer}, {"instance", config.instance}});
  net::notify_service_manager("READY=1");
  for (;;) {
    const SignalDesk::Notice notice = desk.next();
    if (notice.signal == SIGHUP) running.agent->wake();
    if (notice.signal == SIGTERM || notice.signal == SIGINT || notice.signal == SIGQUIT) break;
  }
  net::notify_service_manager("STOPPING=1");
  return kDone;
}

int serve_once(const Config& config, SignalDesk& desk) {
  Running running(config, desk);
  const Status done = [&]() -> Status {
    KW_OK(running.open());
    return running.agent->run_once();
  }();
  return done ? kDone : fail(done.error(), "keywright agent check --config FILE");
}

// The program's exit code is ours; signals that people send to us are meant for it. What the
// terminal sends reached it already.
int serve_program(const Config& config, const Words& words, SignalDesk& desk) {
  Running running(config, desk);
  if (const Status opened = running.open(); !opened)
    return fail(opened.error(), "keywright agent check --config FILE");
  running.add_child(words);
  running.agent->start();
  if (!running.child->started())
    return fail(error(Code::kUnavailable, "no_value",
                      "the program was not started: its environment has no values yet"),
                "look at the log above, and start it again");
  net::notify_service_manager("READY=1");
  for (;;) {
    const SignalDesk::Notice notice = desk.next();
    if (notice.signal == 0) return running.code;
    if (!notice.from_terminal) running.child->signal(notice.signal);
  }
}

int check(const Config& config, const std::string& file) {
  std::printf("%s: the settings are good\n", file.c_str());
  for (const std::string& doubt : doubts(config)) std::printf("  note: %s\n", doubt.c_str());
  return kDone;
}

struct Wanted {
  std::string file;
  bool once = false, check = false, exec = false;
  Words words;
};

void describe(CLI::App& app, Wanted& wanted) {
  app.fallthrough();
  app.add_option("--config", wanted.file, "settings, a YAML file")->required();
  app.add_flag("--once", wanted.once, "hand everything out once and stop");
  CLI::App* check = app.add_subcommand("check", "check the settings and stop");
  check->fallthrough();
  check->callback([&] { wanted.check = true; });
  app.footer(
      "Examples:\n  keywright agent check --config /etc/keywright/agent.yaml\n"
      "  keywright agent --config /etc/keywright/agent.yaml\n"
      "  keywright agent exec --config /etc/keywright/agent.yaml -- billing --port 80\n"
      "All settings: docs/guide/agent.md");
}

// What stands behind "--" belongs to the program, whatever it looks like.
void split(int argc, char** argv, std::vector<std::string>& ours, Wanted& wanted) {
  int i = 1;
  for (; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    if (i == 1 && std::string_view(argv[i]) == "exec") {
      wanted.exec = true;
    } else {
      ours.emplace_back(argv[i]);
    }
  }
  for (++i; i < argc; ++i) wanted.words.emplace_back(argv[i]);
}

int carry_out(const Wanted& wanted) {
  const auto config = load_config(wanted.file);
  if (!config)
    return fail(config.error(),
                "keywright agent check --config FILE; settings: docs/guide/agent.md");
  if (wanted.check) return check(*config, wanted.file);
  if (wanted.exec != config->exec.has_value())
    return fail(error(Code::kInvalidArgument, "usage",
                      wanted.exec ? "the settings have no exec section"
                                  : "the settings have an exec section: a program is needed"),
                "keywright agent exec --config FILE -- PROGRAM ARGUMENTS");
  if (const Status hard = harden(); !hard) return fail(hard.error(), "ask the administrator");
  const auto unlocked = config->allow_unlocked_memory ? SecretArena::Unlocked::kAllow
                                                      : SecretArena::Unlocked::kRefuse;
  if (const Status locked = SecretArena::reserve(unlocked); !locked)
    return fail(locked.error(), "ulimit -l 65536, or allow_unlocked_memory: true");
  if (const Status ready = crypto::initialise_library(unlocked); !ready)
    return fail(ready.error(), "a newer OpenSSL");
  auto desk = SignalDesk::open();
  if (!desk) return fail(desk.error(), "start it again");
  if (wanted.exec) return serve_program(*config, wanted.words, *desk);
  return wanted.once ? serve_once(*config, *desk) : serve(*config, *desk);
}

}  // namespace

int run(int argc, char** argv) {
  Wanted wanted;
  std::vector<std::string> ours;
  split(argc, argv, ours, wanted);
  CLI::App app{"Brings secrets to applications and tells the server what they have.",
               "keywright agent"};
  describe(app, wanted);
  try {
    std::reverse(ours.begin(), ours.end());
    app.parse(ours);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? kDone : kUsage;
  }
  if (wanted.exec && wanted.words.empty())
    return fail(error(Code::kInvalidArgument, "usage", "say which program to run"),
                "keywright agent exec --config FILE -- PROGRAM ARGUMENTS");
  return carry_out(wanted);
}

}  // namespace kw::agent
