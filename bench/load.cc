// Clients that use keys without pause and check every answer. Latencies are kept by phase, so that
// a driver can compare calm and busy times of the same run.
//
//   KEYWRIGHT_TOKEN=… bench_load URL PIN TENANT CLIENTS
//
// Keys of the tenant: files (encrypts), tokens (signs), mac (authenticates). Each line of standard
// input names the phase that begins or goes on; at its end one JSON object is printed.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "client/connection.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/random.h"
#include "crypto/x509.h"

namespace {

using namespace kw;
using Clock = std::chrono::steady_clock;

constexpr std::array<const char*, 6> kKinds{"encrypt", "decrypt", "sign", "verify", "mac", "jwks"};

struct Recorded {
  std::array<std::vector<float>, kKinds.size()> milliseconds;
  std::int64_t failed = 0;
  std::string first_failure;
};

std::atomic<bool> stopping{false};
std::atomic<int> phase{0};

class Client {
 public:
  Client(client::Connection connection, std::string tenant)
      : connection_(std::move(connection)), base_("/api/v1/tenants/" + std::move(tenant)) {}

  void run() {
    for (std::int64_t turn = 0; !stopping; ++turn) {
      const int now = phase;
      const auto started = Clock::now();
      const Status done = use(turn);
      const std::chrono::duration<float, std::milli> took = Clock::now() - started;
      Recorded& into = recorded[now];
      into.milliseconds[static_cast<std::size_t>(turn) % kKinds.size()].push_back(took.count());
      if (done) continue;
      if (++into.failed == 1)
        into.first_failure = done.error().reason + ": " + done.error().message;
    }
  }

  std::map<int, Recorded> recorded;

 private:
  struct Kept {
    std::string plaintext, ciphertext;
  };

  Status use(std::int64_t turn) {
    switch (turn % 6) {
      case 0:
        return encrypt();
      case 1:
        return decrypt(kept_[static_cast<std::size_t>(turn / 6) % kept_.size()]);
      case 2:
        return sign();
      case 3:
        return verify();
      case 4:
        return authenticate();
      default:
        return jwks();
    }
  }

  Result<client::Answer> post(const std::string& path, const std::string& body) {
    client::Request request;
    request.method = "POST";
    request.path = base_ + path;
    request.body = body;
    return connection_.send(request);
  }

  static std::string text_of(const client::Answer& answer, std::string_view name) {
    const auto found = answer.json.root().text(name);
    return found ? std::string(*found) : "";
  }
  static bool says_valid(const client::Answer& answer) {
    const auto valid = answer.json.root().boolean("valid");
    return valid && *valid;
  }
  static Status held(bool is, const char* what) {
    if (is) return ok();
    return error(Code::kInternal, "wrong_answer", what);
  }
  static std::string fresh_text() {
    Bytes bytes(64);
    crypto::random_public(bytes);
    return codec::base64(bytes);
  }

  Status encrypt() {
    Kept made{fresh_text(), ""};
    KW_TRY(const auto answer,
           post("/keys/files:encrypt", R"({"plaintext":")" + made.plaintext + "\"}"));
    made.ciphertext = text_of(answer, "ciphertext");
    // The first hundred stay for the whole run: old versions must go on opening them.
    if (kept_.size() < 200)
      kept_.push_back(std::move(made));
    else
      kept_[100 + next_++ % 100] = std::move(made);
    return ok();
  }
  Status decrypt(const Kept& kept) {
    KW_TRY(const auto answer,
           post("/keys/files:decrypt", R"({"ciphertext":")" + kept.ciphertext + "\"}"));
    return held(text_of(answer, "plaintext") == kept.plaintext, "decrypted to something else");
  }
  Status sign() {
    message_ = fresh_text();
    KW_TRY(const auto answer, post("/keys/tokens:sign", R"({"message":")" + message_ + "\"}"));
    signature_ = text_of(answer, "signature");
    return ok();
  }
  Status verify() {
    KW_TRY(const auto answer,
           post("/keys/tokens:verify",
                R"({"message":")" + message_ + R"(","signature":")" + signature_ + "\"}"));
    return held(says_valid(answer), "a fresh signature is not valid");
  }
  Status authenticate() {
    const std::string message = fresh_text();
    KW_TRY(const auto made, post("/keys/mac:mac", R"({"message":")" + message + "\"}"));
    KW_TRY(const auto answer,
           post("/keys/mac:verify-mac",
                R"({"message":")" + message + R"(","mac":")" + text_of(made, "mac") + "\"}"));
    return held(says_valid(answer), "a fresh MAC is not valid");
  }
  Status jwks() {
    client::Request request;
    request.path = base_ + "/jwks";
    KW_TRY(const auto answer, connection_.send(request));
    return held(answer.json.root().find("keys").has_value(), "the key set has no keys");
  }

  client::Connection connection_;
  std::string base_;
  std::vector<Kept> kept_;
  std::size_t next_ = 0;
  std::string message_, signature_;
};

float at(std::vector<float>& sorted, double fraction) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(static_cast<double>(sorted.size()) * fraction))];
}

void append(std::vector<float>& all, const std::vector<float>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// Everything of one phase, and each kind alone: which of them are slow?
void write_phase(codec::JsonWriter& json, std::array<std::vector<float>, kKinds.size()>& kinds) {
  std::vector<float> all;
  for (const auto& kind : kinds) append(all, kind);
  std::sort(all.begin(), all.end());
  json.member("operations", static_cast<std::int64_t>(all.size()));
  json.member("p50_ms", static_cast<double>(at(all, .5)));
  json.member("p99_ms", static_cast<double>(at(all, .99)));
  json.member("p999_ms", static_cast<double>(at(all, .999)));
  json.name("p99_ms_of").begin_object();
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    std::sort(kinds[i].begin(), kinds[i].end());
    json.member(kKinds[i], static_cast<double>(at(kinds[i], .99)));
  }
  json.end_object();
}

void print(const std::vector<std::string>& names,
           const std::vector<std::unique_ptr<Client>>& clients) {
  codec::JsonWriter json;
  json.begin_object();
  for (std::size_t i = 1; i < names.size(); ++i) {
    Recorded all;
    for (const auto& client : clients) {
      const Recorded& one = client->recorded[static_cast<int>(i)];
      for (std::size_t kind = 0; kind < kKinds.size(); ++kind)
        append(all.milliseconds[kind], one.milliseconds[kind]);
      all.failed += one.failed;
      if (all.first_failure.empty()) all.first_failure = one.first_failure;
    }
    json.name(names[i]).begin_object().member("failed", all.failed);
    json.member("first_failure", all.first_failure);
    write_phase(json, all.milliseconds);
    json.end_object();
  }
  json.end_object();
  std::printf("%s\n", std::string(json.text()).c_str());
}

}  // namespace

int main(int count, char** words) {
  const char* token = std::getenv("KEYWRIGHT_TOKEN");  // NOLINT(concurrency-mt-unsafe): one thread
  if (count != 5 || token == nullptr) {
    std::fprintf(stderr, "usage: KEYWRIGHT_TOKEN=… bench_load URL PIN TENANT CLIENTS\n");
    return 2;
  }
  if (!crypto::initialise_library(SecretArena::Unlocked::kAllow)) return 1;
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < std::strtol(words[4], nullptr, 10); ++i) {
    client::ConnectionOptions options;
    options.http.base_url = words[1];
    options.http.pinned_sha256_hex = words[2];
    options.token = WipedText(token);
    auto connection = client::Connection::open(std::move(options));
    if (!connection) {
      std::fprintf(stderr, "%s\n", connection.error().message.c_str());
      return 1;
    }
    clients.push_back(std::make_unique<Client>(std::move(*connection), words[3]));
  }
  std::vector<std::thread> threads;
  std::vector<std::string> names{"warm-up"};
  threads.reserve(clients.size());
  for (const auto& client : clients) threads.emplace_back([&client] { client->run(); });
  for (std::string name; std::getline(std::cin, name);) {
    auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) found = names.insert(found, name);
    phase = static_cast<int>(found - names.begin());
  }
  stopping = true;
  for (std::thread& thread : threads) thread.join();
  print(names, clients);
  return 0;
}
