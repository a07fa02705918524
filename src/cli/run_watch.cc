#include "cli/run_watch.h"

#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/clock.h"
#include "cli/exit_code.h"
#include "cli/run_view.h"

namespace kw::cli {

namespace {

using codec::JsonView;

constexpr std::chrono::milliseconds kPoll{500};

volatile std::sig_atomic_t interrupted = 0;  // NOLINT: the only thing a signal handler may write
void on_interrupt(int) {
  interrupted = 1;
}

// "13:42:10Z"
std::string clock_text() {
  return rfc3339(std::chrono::floor<std::chrono::seconds>(SystemClock().wall())).substr(11, 8) +
         "Z";
}

// Draws over what it drew before.
class Screen {
 public:
  explicit Screen(bool terminal) : terminal_(terminal) {}

  void show(const JsonView& run) {
    if (!terminal_) return show_change(run);
    std::string text = drawn_ > 0 ? "\033[" + std::to_string(drawn_) + "A" : "";
    const std::vector<std::string> lines = run_screen(run, clock_text());
    for (const std::string& line : lines) text += "\r\033[K" + line + "\n";
    // A view that lost a line leaves no rest of the longer one behind.
    text += "\033[J";
    drawn_ = lines.size();
    std::fputs(text.c_str(), stderr);
  }

 private:
  void show_change(const JsonView& run) {
    const std::string line = run_line(run, "");
    if (line == last_) return;
    last_ = line;
    Session::say(clock_text() + line);
  }

  bool terminal_;
  std::size_t drawn_ = 0;
  std::string last_;
};

Status end_of(const Session& session, const client::Answer& answer, const std::string& id) {
  const JsonView run = answer.json.root();
  const std::string state = member(run, "state");
  if (!session.print_for_machines(answer, id)) Session::line(run_end(run));
  if (state == "done") return ok();
  if (state == "needs_operator")
    return error(Code::kFailedPrecondition, "needs_operator",
                 "run " + id + " waits for a person: " + member(run, "problem"));
  return error(Code::kInternal, kWatchEnded, "");
}

Error still_in(const std::string& id, const std::string& state, std::chrono::seconds patience) {
  return error(
      Code::kDeadlineExceeded, "not_yet",
      "run " + id + " is still in " + state + " after " + std::to_string(patience.count()) + " s");
}

Status follow(Session& session, const std::string& id, std::chrono::seconds patience) {
  Screen screen(isatty(STDERR_FILENO) == 1);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    KW_TRY(const client::Answer answer, session.send("GET", "/api/v1/rotation/runs/" + id));
    const JsonView run = answer.json.root();
    const std::string state = member(run, "state");
    screen.show(run);
    if (run_finished(state) || state == "needs_operator") return end_of(session, answer, id);
    if (interrupted != 0) {
      Session::say("^C detached; nothing was stopped.  back: keywright run watch " + id);
      return ok();
    }
    if (std::chrono::steady_clock::now() >= deadline) return still_in(id, state, patience);
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace

Status watch_run(Session& session, const std::string& id, std::chrono::seconds patience) {
  const auto before = std::signal(SIGINT, on_interrupt);
  Status outcome = follow(session, id, patience);
  std::signal(SIGINT, before);
  return outcome;
}

}  // namespace kw::cli
