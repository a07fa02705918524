// Replacing and revoking: the middle of an incident.
#include <algorithm>

#include "base/failpoint.h"
#include "rotation/incident_step.h"

namespace kw::rotation {
namespace {

constexpr int kRunsPerStep = 64;
constexpr std::size_t kRevokedPerStep = 256;
constexpr int kTriesMax = 3;

bool wants_run(const IncidentItem& item) {
  return item.acting && item.lead < 0 && item.mode >= CascadeMode::kRerender;
}

bool is_revoked(const IncidentItem& item, std::uint32_t version) {
  return std::any_of(item.revoked.begin(), item.revoked.end(),
                     [&](const auto& one) { return one.version == version; });
}

// Everyone whose lease runs has used the new version. Nobody known is no evidence (I10).
bool all_moved(const Board& board) {
  return board.live > 0 && board.silent.empty() &&
         std::all_of(board.acknowledgements.begin(), board.acknowledgements.end(),
                     [](const Acknowledgement& one) { return !one.live || one.used_at; });
}

}  // namespace

Result<Incidents::Progress> IncidentStep::replace() {
  int wave = -1;
  for (const IncidentItem& item : row_.items)
    if (!item.replaced && (wave < 0 || item.wave < wave)) wave = item.wave;
  if (wave < 0)
    return reach(IncidentPhase::kReplaced, "incident.replaced", "every wave has its new versions");
  KW_TRY(const bool started, start_runs(wave));
  if (started) return Progress{true, {}};
  std::string problem;
  KW_TRY(const bool changed, look_at_runs(wave, problem));
  if (changed) return commit();
  return waiting(problem.empty() ? "replacement" : problem);
}

// The runs of a wave that have none yet, each bound to its item in the same transaction.
Result<bool> IncidentStep::start_runs(int wave) {
  std::vector<int> wanted;
  for (const IncidentItem& item : row_.items) {
    if (item.wave != wave || item.replaced || !wants_run(item) || !item.run.empty()) continue;
    if (item.tries < kTriesMax) wanted.push_back(item.position);
    if (wanted.size() == kRunsPerStep) break;
  }
  if (wanted.empty()) return false;
  bool any = false;
  const auto items = row_.items;
  KW_OK(incidents_.house_.store.write([&](store::Tx& tx) -> Status {
    any = false;
    const Change change{tx, by_};
    Incident incident = row_.incident;
    for (const int position : wanted) {
      IncidentItem item = items[static_cast<std::size_t>(position)];
      const ReplaceOrder order{incident.deadline_at, item.suspect, !item.revoked.empty()};
      KW_TRY(const auto run, incidents_.ports_.replacement.start(change, *item.acting, order));
      if (!run) continue;
      any = true;
      item.run = *run;
      ++item.tries;
      KW_OK(save_item(tx, incident.id, item));
      KW_TRY(incident, incidents_.change_head(change, incident, "incident.run_started",
                                              item.acting->text() + " run " + *run));
    }
    // What a port did to make way for a run is kept even when none began.
    return ok();
  }));
  KW_FAILPOINT("incident.committed");
  return any;
}

Result<bool> IncidentStep::look_at_runs(int wave, std::string& problem) {
  for (IncidentItem& item : row_.items) {
    if (item.wave != wave || item.replaced) continue;
    if (item.lead >= 0) {
      if (row_.items[static_cast<std::size_t>(item.lead)].replaced)
        touch(item.position).replaced = true;
      continue;
    }
    if (!wants_run(item)) {
      touch(item.position).replaced = true;
      tell("incident.to_tell", item.node);
      continue;
    }
    if (item.run.empty()) {
      problem = item.tries < kTriesMax ? "subject_busy" : "replacement_failed";
      continue;
    }
    ReplaceState state;
    KW_OK(incidents_.house_.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(state, incidents_.ports_.replacement.look(reader, item.run));
      return ok();
    }));
    if (state.promoted) {
      KW_OK(note_replaced(touch(item.position), state));
    } else if (state.failed) {
      touch(item.position).run.clear();
      tell("incident.run_failed", item.acting->text() + " " + state.problem);
    }
  }
  return !touched_.empty();
}

Status IncidentStep::note_replaced(IncidentItem& item, const ReplaceState& state) {
  KW_TRY(const auto versions, incidents_.ports_.compromise.versions(*item.acting));
  item.replaced = true;
  item.replaced_to = state.to;
  item.after.clear();
  for (const VersionFacts& one : versions)
    if (one.version == state.to && is_fingerprint(one.fingerprint))
      item.after.push_back(one.fingerprint);
  tell("incident.version_replaced",
       item.acting->text() + " has version " + std::to_string(state.to));
  return ok();
}

// I12: something that is not about to be revoked must be primary.
Result<bool> IncidentStep::has_replacement(const IncidentItem& item) {
  KW_TRY(const auto versions, incidents_.ports_.compromise.versions(*item.acting));
  return std::any_of(versions.begin(), versions.end(), [&](const VersionFacts& one) {
    return one.primary && std::find(item.versions.begin(), item.versions.end(), one.version) ==
                              item.versions.end();
  });
}

Result<bool> IncidentStep::may_revoke(const IncidentItem& item) {
  if (now() >= row_.incident.deadline_at) return true;
  std::uint32_t version = item.replaced_to;
  if (item.lead >= 0) version = row_.items[static_cast<std::size_t>(item.lead)].replaced_to;
  Board board;
  KW_OK(incidents_.house_.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(board, incidents_.ports_.acknowledged(reader, *item.acting, version));
    return ok();
  }));
  return all_moved(board);
}

Result<Incidents::Progress> IncidentStep::revoke() {
  std::vector<int> ready;
  std::string_view problem;
  for (const IncidentItem& item : row_.items) {
    if (!item.suspect || item.revoked.size() >= item.versions.size()) continue;
    KW_TRY(const bool replaced, has_replacement(item));
    if (!replaced) {
      problem = "no_replacement";
      continue;
    }
    KW_TRY(const bool may, may_revoke(item));
    if (may)
      ready.push_back(item.position);
    else if (problem.empty())
      problem = "acknowledgements";
  }
  if (!ready.empty()) return revoke_items(ready, false);
  if (!problem.empty()) return waiting(problem);
  KW_TRY(const bool all, confirm_refusals());
  if (!touched_.empty()) return commit();
  if (!all) return waiting("revocation_unconfirmed");
  if (!row_.incident.revoked_at) row_.incident.revoked_at = now();
  return reach(IncidentPhase::kRevoked, "incident.revoked",
               "all suspect versions are refused everywhere");
}

Result<Incidents::Progress> IncidentStep::revoke_items(const std::vector<int>& positions,
                                                       bool outage_accepted) {
  std::vector<std::pair<Subject, std::uint32_t>> orders;
  for (const int position : positions) {
    IncidentItem& item = touch(position);
    for (const std::uint32_t version : item.versions) {
      if (is_revoked(item, version) || orders.size() >= kRevokedPerStep) continue;
      orders.emplace_back(*item.acting, version);
      item.revoked.push_back({version, now(), {}});
      tell("incident.version_revoked", item.acting->text() + " version " + std::to_string(version));
    }
  }
  const RevokeOrder order{row_.incident.request.compromised_since, row_.incident.request.reason,
                          outage_accepted};
  return commit([&](Change change) -> Status {
    for (const auto& [subject, version] : orders)
      KW_OK(incidents_.ports_.compromise.revoke(change, subject, version, order));
    return ok();
  });
}

// The proof comes from the barrier, after the transaction: false while a node has not answered.
Result<bool> IncidentStep::confirm_refusals() {
  bool all = true;
  std::size_t asked = 0;
  for (std::size_t i = 0; i < row_.items.size(); ++i) {
    for (std::size_t k = 0; k < row_.items[i].revoked.size(); ++k) {
      if (row_.items[i].revoked[k].proof) continue;
      if (++asked > kRevokedPerStep) return false;
      const std::uint32_t version = row_.items[i].revoked[k].version;
      KW_TRY(const Refusal refusal,
             incidents_.ports_.compromise.await_refusal(*row_.items[i].acting, version));
      if (!refusal.everywhere) {
        all = false;
        continue;
      }
      touch(static_cast<int>(i)).revoked[k].proof = refusal;
      tell("incident.refusal_proved", row_.items[i].acting->text() + " version " +
                                          std::to_string(version) + " in " +
                                          std::to_string(refusal.took_ms) + " ms");
    }
  }
  return all;
}

}  // namespace kw::rotation
