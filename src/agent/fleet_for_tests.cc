// Many agents in one process, each with its own consumer, token, file and stream: how long does a
// change take to reach them all? tests/system/test_agent_fleet.py starts it.
//
//   agent_fleet URL PIN TENANT PATH FOLDER COUNT
//
// Agent N is the consumer "fleet-N" with the token in FOLDER/token-N and the file FOLDER/out/N.
// Each time a version is in force at an agent, a line "N VERSION MICROSECONDS" is written; it ends
// when its input does.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/agent.h"

namespace {

using namespace kw;
using namespace kw::agent;

Config config_of(char** words, int number) {
  const std::string folder = words[5], n = std::to_string(number);
  const std::string yaml =
      "server: {url: \"" + std::string(words[1]) + "\", pinned_sha256: \"" + words[2] +
      "\", token_file: " + folder + "/token-" + n + "}\ntenant: " + words[3] +
      "\nconsumer: fleet-" + n + "\ninstance: i-" + n + "\nroots: [" + folder +
      "/out]\napplications:\n  - name: app\n    files:\n      - path: " + folder + "/out/" + n +
      "\n        template: \"{{" + words[4] + "}}\"\n    health: {command: [\"/bin/true\"]}\n";
  return parse_config(yaml, "fleet").value();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  const int count = static_cast<int>(std::strtol(argv[6], nullptr, 10));
  const SystemClock clock;
  const observe::Log log =
      observe::Log::to_stderr(clock, observe::Level::kError, observe::Log::Format::kJson);
  observe::Registry metrics;
  std::mutex printing;
  std::vector<std::unique_ptr<Config>> configs;
  std::vector<std::unique_ptr<Agent>> agents;
  for (int i = 0; i < count; ++i) {
    configs.push_back(std::make_unique<Config>(config_of(argv, i)));
    agents.push_back(Agent::create(*configs.back(), {clock, log, metrics}).value());
    Holdings& holdings = agents.back()->holdings();
    holdings.on_force = [&printing, &clock, &holdings, i](const std::string& path) {
      const auto value = holdings.in_force(path);
      std::lock_guard lock(printing);
      std::printf("%d %u %lld\n", i, value ? value->version : 0,
                  static_cast<long long>(to_micros(clock.wall())));
      std::fflush(stdout);
    };
    agents.back()->start();
  }
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  // One after the other they would take up to a second each.
  std::vector<std::thread> stopping;
  stopping.reserve(agents.size());
  for (const auto& each : agents) stopping.emplace_back([&each] { each->stop(); });
  for (std::thread& each : stopping) each.join();
  return 0;
}
