#include "cli/job_watch.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <thread>

#include "cli/duration.h"
#include "cli/progress.h"

namespace kw::cli {

namespace {

using codec::JsonView;

constexpr std::chrono::milliseconds kPoll{150};

volatile std::sig_atomic_t interrupted = 0;  // NOLINT: the only thing a signal handler may write
void on_interrupt(int) {
  interrupted = 1;
}

double real(const JsonView& object, std::string_view name) {
  const auto value = object.find(name);
  if (!value) return 0;
  const auto number = value->number();
  return number ? *number : 0;
}

bool ended(const std::string& state) {
  return state != "running" && state != "rolling_back";
}

std::string at(const JsonView& job, std::string_view name) {
  const std::int64_t version = count(job, name);
  return version == 0 ? "other versions" : "@" + std::to_string(version);
}

// What there is to say besides the bar: how others fare, and what was left for later.
std::string note_of(const JsonView& job) {
  std::string note;
  const double ratio = std::max(real(job, "foreground_ratio"), real(job, "foreground_p99_ratio"));
  if (ratio > 0) {
    char text[48];
    std::snprintf(text, sizeof text, "foreground %.2fx", ratio);
    note = text;
  }
  const auto add = [&](std::string_view name, const std::string& word) {
    const std::int64_t number = count(job, name);
    if (number > 0) note += (note.empty() ? "" : "  ") + grouped(number) + " " + word;
  };
  add("cas_lost", "left to writers");
  add("quarantined", "in quarantine");
  const std::string failure = member(job, "last_failure");
  if (!failure.empty())
    note += (note.empty() ? "" : "  ") + ("tried again after " + failure) + " (" +
            from_now(member(job, "last_failure_at")) + ")";
  return note;
}

void print_rewrap_end(const JsonView& job, const std::string& id) {
  Session::line("✓ re-wrap  " + grouped(count(job, "done")) + " sealed versions");
  Session::line("✓ census   0 left on " + at(job, "from_version") +
                ", counted twice after the fence; " + at(job, "from_version") + " retired   (job " +
                id.substr(0, 8) + ")");
}

void print_reencryption_end(const JsonView& job, const std::string& id) {
  Session::line("✓ re-encrypt  " + grouped(count(job, "rewritten")) + " of " +
                grouped(count(job, "total")) + " items to " + at(job, "target_version"));
  Session::line("✓ census      0 left on other versions, counted twice   (job " + id.substr(0, 8) +
                ")");
  if (count(job, "quarantined") > 0)
    Session::line("  " + grouped(count(job, "quarantined")) +
                  " items are no ciphertexts of the key.  see: keywright job quarantine " + id);
}

void print_end(const JsonView& job) {
  const std::string state = member(job, "state");
  const std::string id = member(job, "id");
  if (state == "done") {
    const bool data = member(job, "kind") == "reencrypt";
    if (data) {
      print_reencryption_end(job, id);
    } else {
      print_rewrap_end(job, id);
    }
  } else if (state == "rolled_back") {
    Session::line("✓ rolled back to " + at(job, "target_version"));
  } else if (state == "paused") {
    Session::line("paused.  go on: keywright job resume " + id);
  } else {
    if (count(job, "quarantined") > 0)
      Session::line("  " + grouped(count(job, "quarantined")) +
                    " items in quarantine.  see: keywright job quarantine " + id);
    Session::line("✗ failed: " + member(job, "problem") + "   again: keywright job resume " + id);
  }
}

}  // namespace

Status follow_job(Session& session, const std::string& id) {
  ProgressLine progress(isatty(STDERR_FILENO) == 1);
  const auto before = std::signal(SIGINT, on_interrupt);
  std::string state;
  for (;;) {
    KW_TRY(const auto answer, session.send("GET", "/api/v1/rotation/jobs/" + id));
    const JsonView job = answer.json.root();
    state = member(job, "state");
    if (ended(state)) {
      progress.finish();
      if (!session.print_for_machines(answer, id)) print_end(job);
      break;
    }
    progress.show(member(job, "phase"), count(job, "done"), count(job, "total"),
                  real(job, "rate_per_second"), note_of(job));
    if (interrupted != 0) {
      progress.finish();
      Session::say("^C detached; nothing was stopped.  back: keywright job watch " + id);
      return ok();
    }
    std::this_thread::sleep_for(kPoll);
  }
  std::signal(SIGINT, before);
  if (state == "failed")
    return error(Code::kInternal, "job_failed", "the job stopped; its record says why");
  return ok();
}

}  // namespace kw::cli
