#include "connectors/program_runner.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/bytes.h"
#include "connectors/server_address.h"
#include "connectors/tree_walk.h"

namespace kw::connectors {

namespace {

constexpr std::size_t kRequestMax = 4 << 20;
constexpr std::chrono::seconds kSlack{5};  // between the program's deadline and ours

Error no_runner() {
  return error(Code::kUnavailable, "no_runner", "the process that starts programs does not answer");
}

// What travels: fields with their lengths, in memory that is wiped.
class Wire {
 public:
  Wire& number(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
    return *this;
  }
  Wire& text(std::string_view value) {
    number(value.size());
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
  }
  Wire& texts(const std::vector<std::string>& values) {
    number(values.size());
    for (const std::string& each : values) text(each);
    return *this;
  }
  const WipedBytes& bytes() const { return bytes_; }

 private:
  WipedBytes bytes_;
};

class WireReader {
 public:
  explicit WireReader(ByteView bytes) : in_(bytes) {}
  Result<std::uint64_t> number() { return in_.u64(); }
  Result<std::string_view> text() {
    KW_TRY(const std::uint64_t size, in_.u64());
    if (size > in_.left()) return no_runner();
    KW_TRY(const ByteView bytes, in_.raw(static_cast<std::size_t>(size)));
    return as_text(bytes);
  }
  Result<std::vector<std::string>> texts() {
    KW_TRY(const std::uint64_t count, in_.u64());
    std::vector<std::string> all;
    for (std::uint64_t i = 0; i < count; ++i) {
      KW_TRY(const std::string_view each, text());
      all.emplace_back(each);
    }
    return all;
  }

 private:
  ByteReader in_;
};

bool send_all(int socket, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

// Until the other side has said all; nothing when it is silent or says too much.
std::optional<WipedBytes> receive_all(int socket, SteadyTime deadline) {
  WipedBytes bytes;
  std::array<std::uint8_t, 4096> block{};
  for (;;) {
    pollfd watched{socket, POLLIN, 0};
    const int ready = poll(&watched, 1, static_cast<int>(left_until(deadline).count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return std::nullopt;
    const ssize_t got = recv(socket, block.data(), block.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 || bytes.size() > kRequestMax) return std::nullopt;
    if (got == 0) break;
    bytes.insert(bytes.end(), block.begin(), block.begin() + got);
    wipe(block.data(), block.size());
  }
  return bytes;
}

bool hand_over(int control, int socket) {
  char nothing = 0;
  iovec content{&nothing, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> space{};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = space.data();
  message.msg_controllen = space.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &socket, sizeof socket);
  return sendmsg(control, &message, MSG_NOSIGNAL) == 1;
}

// Nothing at the end of the server.
std::optional<OpenFile> take_over(int control) {
  char nothing = 0;
  iovec content{&nothing, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> space{};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = space.data();
  message.msg_controllen = space.size();
  ssize_t got = 0;
  do got = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (got <= 0) return std::nullopt;
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return OpenFile();
  int socket = -1;
  std::memcpy(&socket, CMSG_DATA(header), sizeof socket);
  return OpenFile(socket);
}

bool declared(const std::vector<DeclaredProgram>& programs, const ProgramCall& call) {
  return std::any_of(programs.begin(), programs.end(), [&](const DeclaredProgram& each) {
    return each.path == call.path && call.arguments.size() >= each.arguments.size() &&
           std::equal(each.arguments.begin(), each.arguments.end(), call.arguments.begin());
  });
}

Result<ProgramEnd> carry_out(ByteView request, const std::vector<DeclaredProgram>& programs) {
  WireReader in(request);
  ProgramCall call{};
  KW_TRY(const std::string_view path, in.text());
  call.path = path;
  KW_TRY(call.arguments, in.texts());
  KW_TRY(call.environment, in.texts());
  KW_TRY(call.input, in.text());
  KW_TRY(const std::uint64_t left, in.number());
  KW_TRY(call.output_max, in.number());
  KW_TRY(const std::uint64_t status, in.number());
  call.takes_status = status != 0;
  call.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(left);
  if (!declared(programs, call))
    return error(Code::kPermissionDenied, "program_not_declared",
                 "the server's configuration declares no such program");
  return run_program(call);
}

[[noreturn]] void answer(const OpenFile& socket, const std::vector<DeclaredProgram>& programs) {
  for (const int each : {SIGCHLD, SIGINT, SIGTERM, SIGPIPE}) signal(each, SIG_DFL);
  const auto request = receive_all(socket.number(), std::chrono::steady_clock::now() + kSlack);
  if (!request) _exit(1);
  const auto end = carry_out(*request, programs);
  Wire out;
  if (end) {
    out.number(1).number(static_cast<std::uint64_t>(end->how));
    out.number(static_cast<std::uint64_t>(end->code)).text(end->output).text(end->status);
  } else {
    out.number(0).number(end.error().code == Code::kPermissionDenied ? 1 : 0);
    out.text(end.error().reason).text(end.error().message);
  }
  _exit(send_all(socket.number(), out.bytes()) ? 0 : 1);
}

[[noreturn]] void serve(const OpenFile& control, const std::vector<DeclaredProgram>& programs) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // It ends when the server does, not when somebody interrupts them both.
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  signal(SIGCHLD, SIG_IGN);
  while (const auto socket = take_over(control.number()))
    if (*socket && fork() == 0) answer(*socket, programs);
  _exit(0);
}

Result<ProgramEnd> end_of(ByteView reply) {
  WireReader in(reply);
  KW_TRY(const std::uint64_t ran, in.number());
  KW_TRY(const std::uint64_t how, in.number());
  if (ran == 0) {
    KW_TRY(const std::string_view reason, in.text());
    KW_TRY(const std::string_view message, in.text());
    return error(how == 1 ? Code::kPermissionDenied : Code::kUnavailable, reason, message);
  }
  ProgramEnd end;
  KW_TRY(const std::uint64_t code, in.number());
  KW_TRY(const std::string_view output, in.text());
  KW_TRY(const std::string_view status, in.text());
  if (how > static_cast<std::uint64_t>(ProgramEnd::How::kFlooded)) return no_runner();
  end.how = static_cast<ProgramEnd::How>(how);
  end.code = static_cast<int>(code);
  end.output = WipedText(output);
  end.status = WipedText(status);
  return end;
}

}  // namespace

Result<std::unique_ptr<ProgramRunner>> ProgramRunner::start(
    const std::vector<DeclaredProgram>& programs) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return no_runner();
  OpenFile ours(ends[0]), theirs(ends[1]);
  const pid_t child = fork();
  if (child < 0) return no_runner();
  if (child == 0) {
    ours = OpenFile();
    serve(theirs, programs);
  }
  const int kept = dup(ours.number());
  if (kept < 0) return no_runner();
  return std::unique_ptr<ProgramRunner>(new ProgramRunner(kept, child));
}

ProgramRunner::~ProgramRunner() {
  close(control_);
  while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Result<ProgramEnd> ProgramRunner::run(const ProgramCall& call) const {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return no_runner();
  const OpenFile ours(ends[0]);
  OpenFile theirs(ends[1]);
  if (!hand_over(control_, theirs.number())) return no_runner();
  theirs = OpenFile();
  Wire request;
  request.text(call.path).texts(call.arguments).texts(call.environment).text(call.input);
  request.number(static_cast<std::uint64_t>(left_until(call.deadline).count()));
  request.number(call.output_max).number(call.takes_status ? 1 : 0);
  if (!send_all(ours.number(), request.bytes())) return no_runner();
  shutdown(ours.number(), SHUT_WR);
  const auto reply = receive_all(ours.number(), call.deadline + kSlack);
  if (!reply) return no_runner();
  auto end = end_of(*reply);
  if (!end && end.error().reason == "truncated") return no_runner();
  return end;
}

}  // namespace kw::connectors
