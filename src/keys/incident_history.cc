#include "keys/incident_history.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "codec/json.h"
#include "seal/barrier.h"

namespace kw::keys {

namespace {

using rotation::Holder;
using rotation::Readable;
using rotation::Subject;
using PastUse = rotation::Use;

constexpr int kPage = 1'000;

/// Principal, operation, version.
using UseOf = std::tuple<std::string, std::string, std::uint32_t>;

PastUse use_of(const SeenUse& seen, const std::string& tenant) {
  return {seen.principal, seen.host,       tenant,         seen.operation, seen.version,
          seen.count,     seen.first_seen, seen.last_seen, seen.refused};
}

// Hours that lie in the window as a whole; the present one ends with the window.
std::map<UseOf, PastUse> by_ledger(const std::vector<UsageRow>& rows, const std::string& tenant,
                               WallTime from, WallTime to) {
  std::map<UseOf, PastUse> all;
  for (const UsageRow& row : rows) {
    if (row.last_at < from || row.hour > to) continue;
    auto [found, is_new] = all.try_emplace(UseOf{row.caller, row.operation, row.version});
    PastUse& use = found->second;
    const WallTime first = std::max(row.hour, from);
    use.principal = row.caller;
    use.operation = row.operation;
    use.version = row.version;
    use.tenant = tenant;
    use.first_seen = is_new ? first : std::min(use.first_seen, first);
    use.last_seen = std::max(use.last_seen, std::min(row.last_at, to));
    // Of an hour that began before the window nobody knows the part inside.
    if (row.hour >= from) use.count += row.count;
  }
  return all;
}

struct Known {
  std::set<std::pair<std::string, std::string>> pairs, mixed;  // principal and operation
  std::map<std::string, std::string> host;                     // of a principal
};

Known known_from(const std::vector<PastUse>& uses) {
  Known known;
  for (const PastUse& use : uses) {
    known.host.try_emplace(use.principal, use.peer);
    known.pairs.emplace(use.principal, use.operation);
    if (use.version == 0) known.mixed.emplace(use.principal, use.operation);
  }
  return known;
}

// What the ledger has beyond the log of this node: uses at other nodes, and the versions of a batch
// over several. With a single node its log tells all the rest, and tells it exactly: of a key under
// load the ledger is ahead of the window by the time it takes to ask.
void add_the_rest(std::map<UseOf, PastUse> ledger, std::vector<PastUse>& uses, bool other_nodes,
                  WallTime to) {
  const Known known = known_from(uses);
  for (const PastUse& use : uses) {
    const auto found = ledger.find({use.principal, use.operation, use.version});
    if (found == ledger.end()) continue;
    found->second.count -= use.count;
    if (found->second.count <= 0 || !other_nodes) ledger.erase(found);
  }
  std::set<std::pair<std::string, std::string>> told;
  for (auto& [of, use] : ledger) {
    const std::pair pair{use.principal, use.operation};
    const bool mixed = known.mixed.contains(pair);
    if (!other_nodes && !mixed && (known.pairs.contains(pair) || use.last_seen >= to)) continue;
    if (use.count <= 0) use.count = 1;  // at least the one that last_seen tells of
    if (mixed) use.peer = known.host.at(use.principal);
    if (mixed) told.insert(pair);
    uses.push_back(std::move(use));
  }
  std::erase_if(uses, [&](const PastUse& use) {
    return use.version == 0 && use.refused == 0 && told.contains({use.principal, use.operation});
  });
}

std::vector<std::string> abilities_of(const Key& key) {
  std::vector<std::string> all;
  switch (key.purpose) {
    case crypto::Purpose::kEncrypt:
    case crypto::Purpose::kWrap:
      all = {"encrypt", "decrypt", "rewrap", "generate-data-key"};
      break;
    case crypto::Purpose::kSign:
      all = {"sign"};
      break;
    case crypto::Purpose::kMac:
      all = {"mac", "verify-mac"};
      break;
    case crypto::Purpose::kDerive:
      all = {"derive"};
      break;
    default:
      all = {std::string(crypto::purpose_name(key.purpose))};
  }
  if (key.exportable) all.emplace_back("leave the service by export");
  return all;
}

}  // namespace

Result<Key> IncidentHistory::load(const Subject& subject) {
  std::optional<Key> key;
  KW_OK(on_.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(key, on_.keyring.load(reader, subject.tenant, subject.name));
    return ok();
  }));
  return *std::move(key);
}

// Whether more nodes than one write the ledger.
Result<bool> IncidentHistory::counted_elsewhere() {
  bool elsewhere = false;
  KW_OK(on_.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row, reader.query_one("SELECT COUNT(*) FROM usage_mark", {}));
    elsewhere = row->integer(0) > 1;
    return ok();
  }));
  return elsewhere;
}

// Callers may have named it by an alias.
Result<std::vector<std::string>> IncidentHistory::names_of(const Key& key) {
  std::vector<std::string> names = {key.name};
  KW_TRY(const auto aliases, on_.keyring.aliases(key.tenant_name));
  for (const Keyring::Alias& alias : aliases)
    if (alias.key == key.name) names.push_back(alias.name);
  return names;
}

Result<std::vector<PastUse>> IncidentHistory::uses(const Subject& subject, WallTime from,
                                               WallTime to) {
  if (subject.kind != kKeyKind) return std::vector<PastUse>();  // a KEK is used by the service alone
  KW_TRY(const Key key, load(subject));
  KW_TRY(const std::vector<std::string> names, names_of(key));
  KW_TRY(const auto seen, accesses_.between(from, to));
  std::vector<PastUse> uses;
  for (const std::string& name : names) {
    const auto found = seen->find(key.tenant_name + "/" + name);
    if (found == seen->end()) continue;
    for (const SeenUse& one : found->second) uses.push_back(use_of(one, key.tenant_name));
  }
  KW_TRY(const auto rows, on_.usage.usage(key.id, from));
  KW_TRY(const bool other_nodes, counted_elsewhere());
  add_the_rest(by_ledger(rows, key.tenant_name, from, to), uses, other_nodes, to);
  std::sort(uses.begin(), uses.end(), [](const PastUse& a, const PastUse& b) {
    return std::tie(a.principal, a.peer, a.operation, a.version) <
           std::tie(b.principal, b.peer, b.operation, b.version);
  });
  return uses;
}

Status IncidentHistory::add_consumers(const Subject& subject, std::vector<Holder>& all) {
  return on_.store.read([&](store::Reader& reader) -> Status {
    std::string after;
    for (;;) {
      KW_TRY(const auto page, consumers_.list(reader, subject.tenant, after, kPage));
      for (const rotation::Consumer& listed : page) {
        // A list does not say what its consumers use.
        KW_TRY(const auto one, consumers_.show(reader, listed.tenant, listed.name));
        const auto& named = one.subjects;
        if (one.tenant == subject.tenant &&
            std::find(named.begin(), named.end(), subject) != named.end())
          all.push_back({"consumer", one.name, one.registered_at});
      }
      if (page.size() < static_cast<std::size_t>(kPage)) return ok();
      after = page.back().name;
    }
  });
}

Status IncidentHistory::add_exports(const Key& key, std::vector<Holder>& all) {
  if (!key.exportable) return ok();
  audit::Query query;
  query.action = "key.export";
  query.kind = "key-version";
  query.object = key.tenant_name + "/" + key.name;
  query.limit = kPage;
  KW_TRY(const auto records, on_.log.query(query));
  for (const audit::Record& one : records) {
    KW_TRY(const auto leaf, codec::JsonDocument::parse(one.leaf));
    KW_TRY(const std::string_view actor, leaf.root().text("actor"));
    KW_TRY(const std::string_view text, leaf.root().text("time"));
    KW_TRY(const WallTime time, parse_rfc3339(text));
    all.push_back({"export", std::string(actor), time});
  }
  return ok();
}

Result<std::vector<Holder>> IncidentHistory::holders(const Subject& subject) {
  std::vector<Holder> all;
  KW_OK(add_consumers(subject, all));
  if (subject.kind != kKeyKind) return all;
  KW_TRY(const Key key, load(subject));
  KW_OK(add_exports(key, all));
  return all;
}

Result<std::vector<std::string>> IncidentHistory::abilities(const Subject& subject) {
  if (subject.kind == kKekKind)
    return std::vector<std::string>{"unwrap every key of tenant " + subject.tenant};
  KW_TRY(const Key key, load(subject));
  return abilities_of(key);
}

Result<std::vector<Readable>> IncidentHistory::cells_under_kek(const Subject& subject) {
  KW_TRY(const Tenant tenant, on_.keyring.tenant(subject.tenant));
  const std::int64_t first = tenant.number << seal::kCellSequenceBits;
  const std::int64_t last = (tenant.number + 1) << seal::kCellSequenceBits;
  std::int64_t cells = 0;
  KW_OK(on_.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row,
           reader.query_one("SELECT COUNT(*) FROM sealed_cell WHERE id > $1 AND id < $2",
                            {first, last}));
    cells = row->integer(0);
    return ok();
  }));
  return std::vector<Readable>{{subject.tenant, "sealed versions", cells, true}};
}

Result<std::vector<Readable>> IncidentHistory::readable(const Subject& subject) {
  if (subject.kind == kKekKind) return cells_under_kek(subject);
  if (references_) {
    KW_TRY(std::vector<Readable> counted, references_(subject));
    if (!counted.empty()) return counted;
  }
  KW_TRY(const Key key, load(subject));
  KW_TRY(const auto rows, on_.usage.usage(key.id, WallTime()));
  std::int64_t made = 0;
  for (const UsageRow& row : rows)
    if (row.operation == "encrypt" || row.operation == "generate-data-key") made += row.count;
  if (made == 0) return std::vector<Readable>();
  return std::vector<Readable>{{subject.tenant, "whatever it encrypted", made, false}};
}

}  // namespace kw::keys
