#include "cli/run_view.h"

#include <algorithm>

#include "cli/duration.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;

constexpr int kBarWidth = 20;
constexpr std::size_t kColumns = 80;

std::string version(std::int64_t number) {
  return number == 0 ? "none" : "@" + std::to_string(number);
}

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

std::string rung_text(const JsonView& rung) {
  const std::string status = member(rung, "status");
  const std::string state = member(rung, "state");
  if (status == "current") return "▸" + upper(state);
  if (status == "undone") return "↶" + state;
  return (status == "done" ? "✓" : status == "skipped" ? "-" : "·") + state;
}

std::vector<JsonView> rungs_of(const JsonView& run) {
  const auto ladder = run.find("ladder");
  return ladder ? ladder->elements() : std::vector<JsonView>();
}

// Columns on a terminal: signs of several bytes are one wide.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string state_words(const JsonView& run) {
  const std::string state = member(run, "state");
  std::string text = state;
  if (state == "rollout") text += " " + std::to_string(count(run, "percent")) + " %";
  if (const std::string resumes = member(run, "resumes_to"); !resumes.empty())
    text += " in " + resumes;
  if (const std::string undoing = member(run, "undoing"); !undoing.empty())
    text += ", undoing " + undoing;
  return text;
}

void add_times(const JsonView& run, std::vector<std::string>& lines) {
  const std::string end = member(run, "expected_end");
  const std::string deadline = member(run, "deadline");
  std::string text;
  if (!end.empty()) text = "ends by plan " + from_now(end);
  if (!deadline.empty())
    text += std::string(text.empty() ? "" : "; ") + "this state is late after " + moment(deadline);
  if (!text.empty()) lines.push_back("  next       " + text);
}

void add_ladder(const JsonView& run, std::vector<std::string>& lines) {
  for (const JsonView& rung : rungs_of(run)) {
    std::string text = "  " + rung_text(rung);
    const std::string left = member(rung, "left_at");
    if (!left.empty()) {
      text.append(std::max<std::size_t>(width(text) + 2, 16) - width(text), ' ');
      text += left.substr(0, 10) + " " + left.substr(11, 8) + "Z";
    }
    lines.push_back(std::move(text));
  }
}

void add_checklist(const JsonView& run, std::vector<std::string>& lines) {
  const auto checklist = run.find("checklist");
  if (!checklist) return;
  std::string phase;
  for (const JsonView& each : checklist->elements()) {
    if (member(each, "phase") != phase) {
      phase = member(each, "phase");
      lines.push_back(phase);
    }
    const std::string state = member(each, "state");
    const std::string sign = state == "met"          ? "✓"
                             : state == "failed"     ? "✗"
                             : state == "not_needed" ? "-"
                                                     : "·";
    std::string name = member(each, "name");
    name.resize(std::max<std::size_t>(name.size(), 15), ' ');
    std::string line = "  ";
    line.append(sign).append(" ").append(name).append("  ").append(member(each, "detail"));
    lines.push_back(std::move(line));
  }
}

void add_validation(const JsonView& run, std::vector<std::string>& lines) {
  const auto validation = run.find("validation");
  if (!validation) return;
  const bool good = validation->boolean("as_planned") && *validation->boolean("as_planned");
  std::string text = std::string(good ? "✓ as planned" : "✗ not as planned") + ": primary " +
                     version(count(*validation, "primary")) + ", took " +
                     about(std::chrono::seconds(count(*validation, "took_seconds")));
  if (const auto failed = count(*validation, "failed_steps"); failed > 0)
    text += ", " + std::to_string(failed) + " tries failed";
  lines.push_back("validation  " + text);
}

void add_facts(const JsonView& run, std::vector<std::string>& lines) {
  const std::string who = member(run, "requested_by");
  std::string why = member(run, "trigger") + " by " + who;
  if (const std::string reason = member(run, "reason"); !reason.empty()) why += ", " + reason;
  lines.push_back("  state      " + state_words(run));
  lines.push_back("  because    " + why + ", " + moment(member(run, "created_at")));
  if (const auto needed = count(run, "approvals_needed"); needed > 0)
    lines.push_back("  approvals  " + std::to_string(needed) +
                    (member(run, "approval").empty() ? "" : ", given: " + member(run, "approval")));
  if (const std::string plan = member(run, "plan_hash"); !plan.empty())
    lines.push_back("  plan       " + plan.substr(0, 16) + "…");
}

}  // namespace

bool run_finished(const std::string& state) {
  return state == "done" || state == "rolled_back" || state == "aborted";
}

std::string run_title(const JsonView& run) {
  const std::int64_t to = count(run, "to_version");
  return member(run, "subject") + " " + version(count(run, "from_version")) + " -> " +
         (to == 0 ? "new" : version(to));
}

std::string run_ladder(const JsonView& run, std::size_t columns) {
  const std::vector<JsonView> rungs = rungs_of(run);
  std::string text;
  for (const JsonView& rung : rungs) {
    const std::string next = rung_text(rung);
    const bool last = &rung == &rungs.back();
    if (width(text) + 1 + width(next) + (last ? 0 : 2) > columns) return text + " …";
    text += (text.empty() ? "" : " ") + next;
  }
  return text;
}

std::string run_bar(std::int64_t percent) {
  std::string text = "[";
  for (int i = 0; i < kBarWidth; ++i) text += i < percent * kBarWidth / 100 ? "█" : "░";
  return text + "] " + std::to_string(percent) + " %";
}

std::vector<std::string> run_screen(const JsonView& run, const std::string& clock) {
  std::string title = member(run, "id").substr(0, 8) + "  " + run_title(run);
  const std::string live = "live " + clock;
  title.append(std::max(width(title) + 2, kColumns - width(live)) - width(title), ' ');
  std::vector<std::string> lines = {title + live, run_ladder(run, kColumns),
                                    "  rollout    " + run_bar(count(run, "percent"))};
  const std::string waits = member(run, "waits_for");
  lines.push_back("  " +
                  (waits.empty() ? "state      " + state_words(run) : "waits for  " + waits));
  add_times(run, lines);
  lines.emplace_back("Ctrl-C detaches; nothing is stopped");
  return lines;
}

std::string run_line(const JsonView& run, const std::string& clock) {
  std::string text = clock + "  " + state_words(run);
  if (const std::string waits = member(run, "waits_for"); !waits.empty())
    text += "  waits for " + waits;
  return text;
}

std::vector<std::string> run_pages(const JsonView& run) {
  std::vector<std::string> lines = {"run " + member(run, "id") + "  " + run_title(run)};
  add_facts(run, lines);
  if (const std::string waits = member(run, "waits_for"); !waits.empty())
    lines.push_back("  waits for  " + waits);
  add_times(run, lines);
  add_ladder(run, lines);
  add_checklist(run, lines);
  add_validation(run, lines);
  return lines;
}

std::string run_end(const JsonView& run) {
  const std::string state = member(run, "state");
  if (state == "done")
    return "✓ done: " + member(run, "subject") + version(count(run, "to_version")) + " is primary";
  const std::string problem = member(run, "problem");
  if (state == "rolled_back")
    return "✗ rolled back: " + member(run, "subject") + version(count(run, "from_version")) +
           " is primary" + (problem.empty() ? "" : " (" + problem + ")");
  if (state == "aborted")
    return "✗ aborted: nothing was made" + (problem.empty() ? "" : " (" + problem + ")");
  return "✗ needs a person: " + problem + "   keywright run show " + member(run, "id");
}

}  // namespace kw::cli
