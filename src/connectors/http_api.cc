// API keys at a third party whose API is declared in the target's settings.
//
// create_delete: a key per version. Each is tagged with account, run and version, so that a lost
// answer to `create` is found in the list by the repeat and ended: its secret was never seen. Keys
// without our tag are never touched. slots: two or more fixed keys; the idle one is made anew.
#include <algorithm>
#include <array>

#include "base/reveal.h"
#include "codec/json.h"
#include "connectors/credential_text.h"
#include "connectors/http_api_terms.h"
#include "connectors/json_pointer.h"
#include "connectors/make_connectors.h"
#include "connectors/outcome.h"
#include "connectors/server_address.h"
#include "net/http_client.h"

namespace kw::connectors {

namespace {

using secrets::Answer;
using secrets::Capabilities;
using secrets::Context;
using secrets::Credential;
using secrets::Drain;
using secrets::Minting;
using secrets::Observed;
using secrets::Outcome;
using secrets::Place;
using secrets::Probe;
using secrets::SettingRule;

constexpr int kPagesMax = 50;
constexpr std::string_view kWhat = "the API";

/// What the templates of a call may hold. Borrowed.
struct Values {
  std::string_view id{}, tag{}, name{};
  const SecretBytes* secret = nullptr;
  const SecretBytes* admin = nullptr;
};

Result<ByteView> value_of(const Values& values, std::string_view name) {
  if (name == "id") return as_bytes(values.id);
  if (name == "tag") return as_bytes(values.tag);
  if (name == "name") return as_bytes(values.name);
  const SecretBytes* secret = name == "secret" ? values.secret : values.admin;
  if (secret != nullptr) return secret->reveal(Reveal{});
  return bad_setting("a call needs {{" + std::string(name) + "}}, which there is none of here");
}

Result<WipedText> filled(const codec::TextTemplate& text, codec::TextEscape escape,
                         const Values& values) {
  WipedText escaped;
  return text.render([&](const codec::TextReference& reference) -> Result<ByteView> {
    KW_TRY(const ByteView value, value_of(values, reference.path));
    wipe(escaped.data(), escaped.size());
    escaped.clear();
    escaped.reserve(256 + 3 * value.size());
    KW_OK(codec::append_escaped(escape, value, escaped));
    return as_bytes(escaped);
  });
}

Error status_error(int status) {
  const std::string said = std::string(kWhat) + " answered with status " + std::to_string(status);
  if (status == 401 || status == 403) return credential_refused(kWhat, std::to_string(status));
  if (status == 404 || status == 410) return error(Code::kNotFound, "no_such_key", said);
  if (status == 408 || status == 429 || status >= 500)
    return error(Code::kUnavailable, "target_busy", said);
  return error(Code::kFailedPrecondition, "rejected_by_target", said);
}

// Silence and broken connections are unknown; what we ourselves refuse to connect to is an answer.
Error silence(const Error& error) {
  if (error.code == Code::kDeadlineExceeded) return too_slow(kWhat);
  if (error.code == Code::kUnavailable) return unreachable(kWhat);
  // The request was sent: what it did is not known.
  if (error.code == Code::kTooLarge)
    return kw::error(Code::kUnavailable, "bad_answer", error.message);
  if (error.reason == "tls_untrusted")
    return kw::error(Code::kFailedPrecondition, "tls_untrusted",
                     "the API's certificate is not trusted");
  return error;
}

/// The calls of one verb at one place.
class Api {
 public:
  static Result<Api> open(const net::EgressRules& rules, const Context& context,
                          const Place& place) {
    KW_TRY(HttpApiTerms terms, read_http_api_terms(place));
    return Api(rules, context, place, std::move(terms));
  }
  const HttpApiTerms& terms() const { return terms_; }

  /// @errors kUnauthenticated(admin_refused), kNotFound(no_such_key), and those of status_error
  Result<codec::JsonDocument> as_admin(const HttpCall& call, Values values) const {
    values.name = terms_.name;
    values.admin = place_.admin != nullptr ? &place_.admin->secret : nullptr;
    auto answer = send(call, *terms_.admin_field, values);
    if (answer) return answer;
    return of_admin(answer.error());
  }
  /// ok: accepted; kUnauthenticated: refused.
  Status probe(std::string_view id, const SecretBytes& secret) const {
    Values values{.id = id, .name = terms_.name, .secret = &secret};
    KW_OK(send(*terms_.probe, *terms_.probe_field, values));
    return ok();
  }

  struct Item {
    std::string id, tag;
    std::optional<WallTime> used;
  };
  /// Every page, or an error: half a list proves nothing.
  Result<std::vector<Item>> list() const {
    std::vector<Item> all;
    HttpCall call = *terms_.list;
    for (int page = 0; page < kPagesMax; ++page) {
      KW_TRY(const auto answer, as_admin(call, {}));
      const auto items = at_json_pointer(answer.root(), terms_.items_at);
      if (!items || items->kind() != codec::JsonView::Kind::kArray) return no_list();
      for (const auto& each : items->elements()) {
        KW_TRY(Item item, item_of(each));
        all.push_back(std::move(item));
      }
      const auto next =
          terms_.next_at.empty() ? std::nullopt : text_at(answer.root(), terms_.next_at);
      if (!next || next->empty()) return all;
      // Only onward on the same server: the answer does not choose where we go.
      if (!next->starts_with('/') || next->find("{{") != next->npos) return no_list();
      KW_TRY(call.path, codec::TextTemplate::parse(*next));
    }
    return no_list();
  }
  Status remove(std::string_view id) const {
    const auto answer = as_admin(*terms_.remove, {.id = id});
    if (answer || answer.error().code == Code::kNotFound) return ok();
    return answer.error();
  }

 private:
  Api(const net::EgressRules& rules, const Context& context, const Place& place, HttpApiTerms terms)
      : rules_(rules), context_(context), place_(place), terms_(std::move(terms)) {}

  static Error no_list() {
    return error(Code::kUnavailable, "bad_answer",
                 "the answer of the API has not what the settings say");
  }
  Result<Item> item_of(const codec::JsonView& json) const {
    const auto id = text_at(json, terms_.item_id);
    if (!id) return no_list();
    Item item{*id, text_at(json, terms_.item_tag).value_or(""), std::nullopt};
    const auto used = terms_.item_used.empty() ? std::nullopt : text_at(json, terms_.item_used);
    if (used)
      if (const auto time = parse_rfc3339(*used)) item.used = *time;
    return item;
  }

  Result<codec::JsonDocument> send(const HttpCall& call, const HttpField& field,
                                   const Values& values) const {
    net::ClientOptions options =
        net::egress_options(rules_, terms_.base, left_until(context_.deadline));
    options.ca_file = terms_.ca_file;
    KW_TRY(net::HttpClient client, net::HttpClient::create(std::move(options)));
    KW_TRY(const WipedText path, filled(call.path, codec::TextEscape::kUrl, values));
    WipedText body;
    if (call.body) {
      KW_TRY(body, filled(*call.body, codec::TextEscape::kJson, values));
    }
    KW_TRY(const WipedText shown, filled(field.value, codec::TextEscape::kNone, values));
    net::ClientRequest request;
    request.method = call.method;
    request.path = terms_.base.path + std::string(path);
    request.body = body;
    request.headers.emplace_back(field.name, std::string(shown));
    const auto answer = client.send(request);
    wipe(request.headers.back().second.data(), request.headers.back().second.size());
    if (!answer) return silence(answer.error());
    if (answer->status < 200 || answer->status >= 300) return status_error(answer->status);
    auto json = codec::JsonDocument::parse(answer->body);
    // Answers without a body are common; what needs one will miss it.
    return json ? std::move(json) : codec::JsonDocument::parse("{}");
  }

  const net::EgressRules& rules_;
  const Context& context_;
  const Place& place_;
  HttpApiTerms terms_;
};

std::string tag_of(const HttpApiTerms& terms, const Context& context, std::uint32_t version) {
  return terms.name + "-" + std::string(context.run) + "-v" + std::to_string(version);
}

class HttpApi final : public secrets::Connector {
 public:
  explicit HttpApi(net::EgressRules rules) : rules_(std::move(rules)) {}

  std::string_view name() const override { return "http_api"; }
  std::span<const SettingRule> system_rules() const override { return kHttpApiSystemRules; }
  std::span<const SettingRule> account_rules() const override { return kHttpApiAccountRules; }
  Status check(const Place& place) const override {
    KW_OK(read_http_api_terms(place));
    return ok();
  }
  Capabilities describe(const Place& place) const override;

  Result<Credential> create_pending(const Context& context, const Place& place,
                                    const Minting& minting) override;
  Result<Observed> inspect(const Context& context, const Place& place,
                           std::span<const Credential* const> known) override;
  // It was accepted when it was made; that it is now is proved.
  Answer install(const Context& context, const Place& place, const Credential& fresh,
                 const Credential*) override {
    return test(context, place, fresh, Probe::kPositive);
  }
  Answer test(const Context& context, const Place& place, const Credential& credential,
              Probe probe) override;
  Result<Drain> measure_drain(const Context& context, const Place& place,
                              const Credential& old) override;
  Answer disable_old(const Context& context, const Place& place, const Credential& old,
                     const Credential&) override {
    return switched(context, place, old, false);
  }
  Answer restore_old(const Context& context, const Place& place, const Credential& old,
                     const Credential&) override {
    return switched(context, place, old, true);
  }
  Answer revoke_old(const Context& context, const Place& place, const Credential& old,
                    const Credential&, bool) override {
    return ended(context, place, old);
  }
  Answer remove_pending(const Context& context, const Place& place, const Credential& fresh,
                        const Credential*) override {
    return fresh.principal.empty() ? answer_of(end_lost(context, place, fresh.version))
                                   : ended(context, place, fresh);
  }

 private:
  Answer switched(const Context& context, const Place& place, const Credential& old, bool on);
  Answer ended(const Context& context, const Place& place, const Credential& credential);
  Status end_lost(const Context& context, const Place& place, std::uint32_t version) const;

  const net::EgressRules rules_;
};

Capabilities HttpApi::describe(const Place& place) const {
  Capabilities can;
  const auto terms = read_http_api_terms(place);
  if (!terms) return can;
  can.slots = terms->slots;
  can.principal_per_version = true;
  can.self_generates = true;
  can.soft_disable = terms->disable.has_value();
  can.meter =
      terms->item_used.empty() || !terms->list ? Drain::Quality::kNone : Drain::Quality::kByAge;
  return can;
}

Result<Credential> made_of(const codec::JsonDocument& answer, const HttpApiTerms& terms,
                           std::uint32_t version, std::string id) {
  auto secret = text_at(answer.root(), terms.secret_at);
  if (!secret || secret->empty() || id.empty())
    return error(Code::kUnavailable, "bad_answer",
                 "the answer of the API has no id or no secret where the settings say");
  std::string& text = *secret;
  Credential made{version, std::move(id), SecretBytes::copy_of(as_bytes(text))};
  wipe(text.data(), text.size());
  return made;
}

// The keys after those with the tag were ended: of an attempt whose answer was lost nobody has the
// secret.
Result<std::vector<Api::Item>> without(const std::string& tag, const Api& api) {
  KW_TRY(std::vector<Api::Item> all, api.list());
  for (const Api::Item& each : all)
    if (each.tag == tag) KW_OK(api.remove(each.id));
  std::erase_if(all, [&](const Api::Item& each) { return each.tag == tag; });
  return all;
}

Result<Credential> created(const Api& api, const Context& context, std::uint32_t version) {
  const std::string tag = tag_of(api.terms(), context, version);
  KW_TRY(const auto there, without(tag, api));
  const auto mine = std::count_if(there.begin(), there.end(), [&](const Api::Item& each) {
    return each.tag.starts_with(api.terms().name + "-");
  });
  if (mine >= api.terms().slots)
    return error(Code::kFailedPrecondition, "no_free_slot",
                 "the account has all the keys that it may have: revoke an old version first");
  KW_TRY(const auto answer, api.as_admin(*api.terms().create, {.tag = tag}));
  return made_of(answer, api.terms(), version,
                 text_at(answer.root(), api.terms().id_at).value_or(""));
}

Result<Credential> regenerated(const Api& api, const Minting& minting) {
  for (const std::string& slot : api.terms().slot_names) {
    if (std::find(minting.taken.begin(), minting.taken.end(), slot) != minting.taken.end())
      continue;
    KW_TRY(const auto answer, api.as_admin(*api.terms().regenerate, {.id = slot}));
    return made_of(answer, api.terms(), minting.version, slot);
  }
  return error(Code::kFailedPrecondition, "no_free_slot", "every slot of the account is in use");
}

Result<Credential> HttpApi::create_pending(const Context& context, const Place& place,
                                           const Minting& minting) {
  KW_TRY(const Api api, Api::open(rules_, context, place));
  return api.terms().keeps_slots ? regenerated(api, minting)
                                 : created(api, context, minting.version);
}

Result<Observed> HttpApi::inspect(const Context& context, const Place& place,
                                  std::span<const Credential* const> known) {
  KW_TRY(const Api api, Api::open(rules_, context, place));
  Observed seen;
  for (const Credential* each : known)
    seen.accepted.push_back(accepted_by(api.probe(each->principal, each->secret)));
  if (api.terms().keeps_slots) {
    const auto in_use =
        std::count(seen.accepted.begin(), seen.accepted.end(), Observed::Accepted::kYes);
    seen.free_slot = in_use < api.terms().slots;
    return seen;
  }
  const auto there = api.list();
  if (!there) return seen;  // the probes stand by themselves
  const auto mine = std::count_if(there->begin(), there->end(), [&](const Api::Item& each) {
    return each.tag.starts_with(api.terms().name + "-");
  });
  seen.free_slot = mine < api.terms().slots;
  return seen;
}

Answer HttpApi::test(const Context& context, const Place& place, const Credential& credential,
                     Probe probe) {
  const auto api = Api::open(rules_, context, place);
  if (!api) return answer_of(api.error());
  if (probe == Probe::kNegative)
    return answer_of_negative(api->probe(credential.principal, mutated(credential.secret)));
  return answer_of(api->probe(credential.principal, credential.secret));
}

Result<Drain> HttpApi::measure_drain(const Context& context, const Place& place,
                                     const Credential& old) {
  KW_TRY(const Api api, Api::open(rules_, context, place));
  Drain drain;
  drain.quality = describe(place).meter;
  if (drain.quality == Drain::Quality::kNone) return drain;
  KW_TRY(const auto there, api.list());
  for (const Api::Item& each : there)
    if (each.id == old.principal) drain.last_used = each.used;
  return drain;
}

Answer HttpApi::switched(const Context& context, const Place& place, const Credential& old,
                         bool on) {
  const auto api = Api::open(rules_, context, place);
  if (!api) return answer_of(api.error());
  if (!api->terms().disable) return Answer::ok();
  const HttpCall& call = on ? *api->terms().enable : *api->terms().disable;
  const auto answer = api->as_admin(call, {.id = old.principal});
  return answer ? Answer::ok() : answer_of(answer.error());
}

// A slot that was made anew for nobody stays idle.
Status HttpApi::end_lost(const Context& context, const Place& place, std::uint32_t version) const {
  KW_TRY(const Api api, Api::open(rules_, context, place));
  if (!api.terms().keeps_slots) KW_OK(without(tag_of(api.terms(), context, version), api));
  return ok();
}

// Only what still works is ended: a slot that was made anew for another version stays.
Answer HttpApi::ended(const Context& context, const Place& place, const Credential& credential) {
  const auto api = Api::open(rules_, context, place);
  if (!api) return answer_of(api.error());
  if (!api->terms().keeps_slots) return answer_of(api->remove(credential.principal));
  const Status works = api->probe(credential.principal, credential.secret);
  if (!works)
    return works.error().code == Code::kUnauthenticated ? Answer::ok() : answer_of(works.error());
  const auto answer = api->as_admin(*api->terms().regenerate, {.id = credential.principal});
  return answer ? Answer::ok() : answer_of(answer.error());
}

}  // namespace

std::unique_ptr<secrets::Connector> make_http_api(const ConnectorOptions& options) {
  return std::make_unique<HttpApi>(options.egress);
}

}  // namespace kw::connectors
