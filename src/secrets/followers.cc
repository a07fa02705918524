#include "secrets/followers.h"

#include <algorithm>
#include <set>

#include "base/reveal.h"

namespace kw::secrets {

namespace {

using enum VersionState;

constexpr std::size_t kClosureMax = 1000;

std::uint32_t version_in(const std::string& path, const Secret& source,
                         const std::optional<Instead>& instead) {
  return instead && instead->path == path ? instead->version : source.primary;
}

Result<std::optional<store::Row>> row_of(store::Reader& reader, const SecretId& id) {
  return reader.query_one("SELECT path FROM secret_object WHERE id = $1", {id.bytes()});
}

// The one source that is tried on some consumers now: others wait for its end.
std::optional<std::string> in_rollout_now(const Sources& sources) {
  for (const auto& [path, source] : sources)
    if (source.rollout.open()) return path;
  return std::nullopt;
}

// True when the version was made of something that is not handed out any more.
bool outlived(const Version& version, const Sources& sources) {
  for (const auto& [path, source] : sources) {
    const std::string mark = source.id.text() + "@";
    const auto at = version.sources.find(mark);
    if (at == version.sources.npos) return true;
    const auto number = static_cast<std::uint32_t>(
        std::strtoul(version.sources.c_str() + at + mark.size(), nullptr, 10));
    const Version* used = source.version(number);
    if (used == nullptr || !readable(used->state)) return true;
  }
  return false;
}

/// One template on its way behind its sources.
class Follower {
 public:
  Follower(const Foundations& on, store::Tx& tx, Leaves& leaves, Secret secret,
           codec::TextTemplate text, Sources sources)
      : source_{tx, on.barrier},
        text_(std::move(text)),
        sources_(std::move(sources)),
        edit_(on, tx, leaves, std::move(secret)) {}

  Status catch_up() {
    KW_OK(follow_primaries());
    KW_OK(follow_rollout());
    KW_OK(leave_outlived());
    if (!moved_) return ok();
    KW_OK(edit_.finish());
    return ok();
  }

 private:
  // The version with these sources that can still be handed out, or a new one.
  Result<std::uint32_t> version_for(const std::optional<Instead>& instead) {
    const std::string wanted = sources_text(sources_, instead);
    for (const Version& each : edit_.secret().versions)
      if (each.sources == wanted && readable(each.state)) return each.number;
    KW_TRY(const Value value, rendered(source_, text_, sources_, instead));
    KW_TRY(Version made, edit_.seal(value, "rendered"));
    made.sources = wanted;
    moved_ = true;
    return edit_.add(std::move(made), kActive);
  }

  Status follow_primaries() {
    const Version* primary = edit_.secret().version(edit_.secret().primary);
    if (primary != nullptr && primary->sources == sources_text(sources_, std::nullopt)) return ok();
    KW_TRY(const std::uint32_t next, version_for(std::nullopt));
    moved_ = true;
    return edit_.promote(next);
  }

  Status follow_rollout() {
    Rollout& mine = edit_.secret().rollout;
    const auto path = in_rollout_now(sources_);
    if (!path) return end_rollout();
    const Rollout& theirs = sources_.at(*path).rollout;
    KW_TRY(const std::uint32_t next, version_for(Instead{*path, theirs.version}));
    if (mine.version == next && mine.percent == theirs.percent) return ok();
    mine = {next, theirs.percent, theirs.salt};
    moved_ = true;
    return ok();
  }

  Status end_rollout() {
    Rollout& mine = edit_.secret().rollout;
    if (mine.version == 0) return ok();
    KW_TRY(Version * tried, edit_.version(mine.version));
    if (tried->state == kActive) KW_OK(edit_.transition(*tried, kRetired));
    mine = {};
    moved_ = true;
    return ok();
  }

  Status leave_outlived() {
    for (Version& each : edit_.secret().versions) {
      if (each.state != kSecondary || !outlived(each, sources_)) continue;
      KW_OK(edit_.transition(each, kRetired));
      moved_ = true;
    }
    return ok();
  }

  rows::Source source_;
  codec::TextTemplate text_;
  Sources sources_;
  SecretChange edit_;
  bool moved_ = false;
};

// A template that cannot be rendered now keeps what it has: its source's change must not fail.
bool waits(const Error& failure) {
  return failure.reason == "reference_not_found" || failure.reason == "no_such_field" ||
         failure.reason == "not_text" || failure.reason == "rendered_too_large" ||
         failure.reason == "bad_value";
}

// Rendered before anything is written: what cannot be rendered changes nothing.
Status can_render(rows::Source source, const codec::TextTemplate& text, const Sources& sources) {
  KW_OK(rendered(source, text, sources, std::nullopt));
  const auto path = in_rollout_now(sources);
  if (!path) return ok();
  KW_OK(rendered(source, text, sources, Instead{*path, sources.at(*path).rollout.version}));
  return ok();
}

}  // namespace

Result<codec::TextTemplate> parse_template(std::string_view text) {
  KW_TRY(codec::TextTemplate parsed, codec::TextTemplate::parse(text));
  if (parsed.references().empty())
    return error(Code::kInvalidArgument, "bad_template",
                 "a template refers to at least one secret: {{path#field|escape}}");
  for (const codec::TextReference& each : parsed.references())
    if (each.previous)
      return error(Code::kInvalidArgument, "bad_template",
                   "a rendered secret follows present values: leave out @previous");
  return parsed;
}

std::vector<std::string> paths_of(const codec::TextTemplate& text) {
  std::vector<std::string> all;
  for (const codec::TextReference& each : text.references()) all.push_back(each.path);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

Result<Sources> sources_of(rows::Source source, std::int64_t tenant,
                           const codec::TextTemplate& text) {
  Sources all;
  for (const std::string& path : paths_of(text)) {
    KW_TRY(auto found, rows::find_secret(source, tenant, path));
    if (!found || found->deleted_at || found->primary == 0)
      return error(Code::kFailedPrecondition, "reference_not_found",
                   "the template refers to \"" + path + "\", which has no value now");
    all.emplace(path, *std::move(found));
  }
  return all;
}

Result<Value> rendered(rows::Source source, const codec::TextTemplate& text, const Sources& sources,
                       const std::optional<Instead>& instead) {
  SecretBytes kept;
  KW_TRY(const WipedText out,
         text.render([&](const codec::TextReference& reference) -> Result<ByteView> {
           const Secret& from = sources.at(reference.path);
           const Version* version = from.version(version_in(reference.path, from, instead));
           if (version == nullptr) return not_found();
           KW_TRY(const Value value, open_value(source, from, *version));
           KW_TRY(kept, value.part(reference.field));
           return kept.reveal(Reveal{});
         }));
  return Value::of_bytes(SecretBytes::copy_of(as_bytes({out.data(), out.size()})));
}

std::string sources_text(const Sources& sources, const std::optional<Instead>& instead) {
  std::string text;
  for (const auto& [path, source] : sources)
    text += (text.empty() ? "" : " ") + source.id.text() + "@" +
            std::to_string(version_in(path, source, instead));
  return text;
}

Status check_acyclic(store::Reader& reader, std::int64_t tenant, std::string_view path,
                     const std::vector<std::string>& sources) {
  std::set<std::string, std::less<>> seen{std::string(path)};
  std::vector<std::string> next{std::string(path)};
  while (!next.empty()) {
    const std::string one = std::move(next.back());
    next.pop_back();
    if (std::find(sources.begin(), sources.end(), one) != sources.end())
      return error(Code::kFailedPrecondition, "reference_cycle",
                   "the secret would be made of itself, by way of \"" + one + "\"");
    KW_TRY(const auto behind, rows::dependents(reader, tenant, one));
    for (const SecretId& id : behind) {
      KW_TRY(const auto row, row_of(reader, id));
      if (row && seen.insert(row->text(0)).second) next.push_back(row->text(0));
    }
    if (seen.size() > kClosureMax)
      return error(Code::kResourceExhausted, "too_many_dependents",
                   "more than 1,000 secrets would be made of one");
  }
  return ok();
}

Status follow_one(const Foundations& on, store::Tx& tx, Leaves& leaves, const SecretId& id) {
  const rows::Source source{tx, on.barrier};
  KW_TRY(auto secret, rows::find_secret(source, id));
  if (!secret || secret->deleted_at || secret->shape != Shape::kTemplate) return ok();
  KW_TRY(codec::TextTemplate text, parse_template(secret->template_text));
  auto sources = sources_of(source, secret->tenant, text);
  if (!sources) return waits(sources.error()) ? ok() : Status(sources.error());
  const Status can = can_render(source, text, *sources);
  if (!can) return waits(can.error()) ? ok() : can;
  Follower follower(on, tx, leaves, *std::move(secret), std::move(text), *std::move(sources));
  return follower.catch_up();
}

Status follow(const Foundations& on, store::Tx& tx, Leaves& leaves, const Secret& source) {
  KW_TRY(const auto behind, rows::dependents(tx, source.tenant, source.path));
  for (const SecretId& id : behind) KW_OK(follow_one(on, tx, leaves, id));
  return ok();
}

}  // namespace kw::secrets
