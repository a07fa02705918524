#include "cli/run_watch.h"

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "cli/exit_code.h"
#include "cli/run_view.h"

namespace kw::cli {

namespace {

using codec::JsonView;

constexpr std::chrono::milliseconds kPoll{500};
constexpr std::chrono::seconds kLook{3};              // beside the stream: not all is an event
constexpr std::chrono::milliseconds kInterrupt{100};  // until Ctrl-C is seen

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

// The server's events, where the caller may hear them: they say when to look. Without them, and
// until the first one came, it is time to look every half second.
class News {
 public:
  News(Session& session, std::string id) : id_(std::move(id)) {
    auto connection = session.another_connection();
    if (!connection) return;
    thread_ =
        std::thread([this, to = std::make_shared<client::Connection>(*std::move(connection))] {
          const Status ended = to->events(
              "",
              [this](std::string_view, std::string_view, std::string_view data) {
                note(data.find(id_) != data.npos);
                return !stop_;
              },
              "/api/v1/events", &stop_);
          static_cast<void>(ended);  // not for this caller, or the server went: back to looking
          const std::scoped_lock lock(mutex_);
          heard_ = false;
        });
  }
  ~News() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  News(const News&) = delete;
  News& operator=(const News&) = delete;

  /// Until there is something to look at, or a signal came.
  void wait() {
    std::unique_lock lock(mutex_);
    const auto since = std::chrono::steady_clock::now();
    while (!changed_ && interrupted == 0 &&
           std::chrono::steady_clock::now() - since < (heard_ ? Span(kLook) : Span(kPoll)))
      wake_.wait_for(lock, kInterrupt);
    changed_ = false;
  }

 private:
  using Span = std::chrono::steady_clock::duration;
  void note(bool ours) {
    const std::scoped_lock lock(mutex_);
    heard_ = true;
    changed_ = changed_ || ours;
    if (ours) wake_.notify_all();
  }

  const std::string id_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool heard_ = false, changed_ = false;
  std::atomic<bool> stop_{false};
  std::thread thread_;
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
  std::optional<News> news;
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
    if (!news) news.emplace(session, member(run, "id"));
    news->wait();
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
