#include "keys/key_chains.h"

#include <set>

#include "base/failpoint.h"
#include "cluster/cluster.h"
#include "keys/key_change.h"

namespace kw::keys {

namespace {

using rotation::Chain;
using rotation::Run;

constexpr std::size_t kAnnouncedAtOnce = 5000;

Error drift() {
  return error(Code::kFailedPrecondition, "drift",
               "somebody else changed the primary version meanwhile");
}

// One rotation under way: the key as it was seen, then as it will be.
struct Handover {
  Key key;
  const Prepared* prepared = nullptr;
  Version next;
  Version* old = nullptr;  // in key.versions; nullptr: the first primary
};

Result<Handover> begin(const Chain& chain, WallTime now) {
  const auto* seen = dynamic_cast<const SeenKey*>(chain.seen->basis.get());
  const auto* made = dynamic_cast<const NewMaterial*>(chain.created->carried.get());
  KW_CHECK(seen != nullptr && made != nullptr);
  if (seen->key.primary != chain.run->from_version) return drift();
  Handover each{seen->key, made->prepared.get(), {}, nullptr};
  each.next = next_version(each.key, *each.prepared, now);
  each.next.state = VersionState::kPrimary;
  each.next.promoted_at = now;
  for (Version& version : each.key.versions)
    if (version.number == each.key.primary) each.old = &version;
  if (each.old == nullptr) return each;
  KW_OK(find_transition(each.old->state, VersionState::kSecondary));
  move_state(*each.old, VersionState::kSecondary, {}, now);
  return each;
}

Status seal_all(const Foundations& on, store::Tx& tx, std::vector<Handover>& all) {
  std::vector<seal::Barrier::ToSealFor> secrets;
  secrets.reserve(all.size());
  for (const Handover& each : all)
    secrets.push_back(
        {each.key.tenant, {seal_context(each.key, each.next), &each.prepared->material.secret}});
  KW_TRY(const std::vector<std::int64_t> cells, on.barrier.put_each(tx, secrets));
  for (std::size_t i = 0; i < all.size(); ++i) all[i].next.cell = cells[i];
  return ok();
}

// The old primaries first: a key has one at most at any time.
Status write_versions(const Foundations& on, store::Tx& tx, std::vector<Handover>& all) {
  std::vector<rows::VersionRef> demoted, made;
  for (Handover& each : all) {
    if (each.old != nullptr) demoted.push_back({&each.key, each.old});
    made.push_back({&each.key, &each.next});
  }
  const rows::Target target{tx, on.barrier};
  KW_OK(rows::demote_versions(target, demoted));
  KW_FAILPOINT("keys.chain.demoted");
  return rows::insert_versions(target, made);
}

Status write_keys(const Foundations& on, store::Tx& tx, std::vector<Handover>& all) {
  std::vector<Key*> keys;
  for (Handover& each : all) {
    each.key.primary = each.next.number;
    each.key.rollout = {};
    each.key.versions.push_back(std::move(each.next));
    keys.push_back(&each.key);
  }
  return rows::hand_over_keys({tx, on.barrier}, keys);
}

Status announce_keys(store::Tx& tx, const std::vector<Handover>& all) {
  std::vector<std::string> names;
  names.reserve(all.size());
  for (const Handover& each : all) names.push_back("key:" + each.key.id.text());
  const std::vector<std::string_view> what(names.begin(), names.end());
  for (std::size_t i = 0; i < what.size(); i += kAnnouncedAtOnce)
    KW_OK(cluster::announce_all(
        tx, std::span(what).subspan(i, std::min(kAnnouncedAtOnce, what.size() - i))));
  return ok();
}

using Tenants = std::map<std::string_view, Tenant>;

Result<Tenants> tenants_of(rows::Source source, std::span<const Run* const> runs) {
  std::set<std::string_view> names;
  for (const Run* run : runs) names.insert(run->subject.tenant);
  const std::vector<std::string_view> wanted(names.begin(), names.end());
  KW_TRY(std::vector<Tenant> found, rows::find_tenants(source, wanted));
  Tenants tenants;
  for (Tenant& tenant : found) {
    const std::string_view name = *names.find(tenant.name);
    tenants.emplace(name, std::move(tenant));
  }
  return tenants;
}

}  // namespace

Result<std::vector<std::optional<Key>>> keys_of(Keyring& keyring,
                                                std::span<const Run* const> runs) {
  std::map<std::pair<std::string, std::string>, Key> found;
  const Foundations& on = keyring.foundations();
  KW_OK(on.store.read([&](store::Reader& reader) -> Status {
    const rows::Source source{reader, on.barrier, on.held};
    KW_TRY(const Tenants tenants, tenants_of(source, runs));
    std::vector<rows::KeyName> names;
    for (const Run* run : runs) {
      const auto tenant = tenants.find(run->subject.tenant);
      if (tenant != tenants.end()) names.push_back({&tenant->second, run->subject.name});
    }
    KW_TRY(std::vector<Key> keys, rows::find_keys(source, names));
    for (Key& key : keys) found.emplace(std::pair(key.tenant_name, key.name), std::move(key));
    return ok();
  }));
  std::vector<std::optional<Key>> all(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto key = found.find({runs[i]->subject.tenant, runs[i]->subject.name});
    if (key != found.end()) all[i] = std::move(key->second);
  }
  return all;
}

Status settle_key_chains(const Foundations& on, store::Tx& tx, std::span<Chain> chains) {
  const WallTime now = on.clock.wall();
  std::vector<Handover> all;
  all.reserve(chains.size());
  for (const Chain& chain : chains) {
    KW_TRY(Handover one, begin(chain, now));
    all.push_back(std::move(one));
  }
  KW_OK(seal_all(on, tx, all));
  KW_FAILPOINT("keys.chain.sealed");
  KW_OK(write_versions(on, tx, all));
  for (std::size_t i = 0; i < chains.size(); ++i) {
    chains[i].run->to_version = all[i].next.number;
    chains[i].action = "run.rotate";
    chains[i].kind = "key-version";
    chains[i].object = all[i].key.tenant_name + "/" + all[i].key.name;
  }
  KW_OK(write_keys(on, tx, all));
  KW_FAILPOINT("keys.chain.handed_over");
  return announce_keys(tx, all);
}

}  // namespace kw::keys
