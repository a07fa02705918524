#include "service/hooks.h"

#include <algorithm>

#include "crypto/random.h"
#include "service/hook_rows.h"

namespace kw::service {

namespace {

constexpr std::int64_t kHooksMax = 1000;
constexpr std::size_t kEventsMax = 32;
constexpr std::size_t kWordMax = 64;
constexpr std::int64_t kPlatformTenant = 0;

seal::SealContext secret_context(const HookId& id) {
  seal::SealContext context;
  context.label = "webhook-secret";
  context.object = id.bytes();
  context.version = 1;
  context.purpose = "mac";
  context.algorithm = "hmac-sha256";
  context.origin = "generated";
  return context;
}

bool is_word(const std::string& text) {
  return !text.empty() && text.size() <= kWordMax &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == text.npos;
}

Status check_events(const std::vector<std::string>& events) {
  const bool good = !events.empty() && events.size() <= kEventsMax &&
                    std::all_of(events.begin(), events.end(), is_word);
  if (good) return ok();
  return error(Code::kInvalidArgument, "bad_event",
               "a hook reports 1 to 32 types of events, each [a-z0-9_-]{1,64}");
}

Status leave_leaf(House& house, keys::Change change, const Hook& hook) {
  audit::Event event = change.by;
  const std::string id = hook.id.text();
  event.tenant = hook.tenant;
  event.object = id;
  KW_OK(house.changes.append(change.tx, event));
  return ok();
}

Result<std::optional<HookRow>> find_hook(House& house, const HookId& id) {
  std::optional<HookRow> row;
  KW_OK(house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(row, load_hook(reader, house.barrier, id));
    return ok();
  }));
  return row;
}

Result<Hook> proved(House& house, const HookId& id, const auth::SignedMessage& message) {
  std::optional<HookRow> row;
  std::optional<SecretBytes> secret;
  KW_OK(house.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(row, load_hook(reader, house.barrier, id));
    if (!row) return ok();
    KW_TRY(secret, house.barrier.get(reader, row->cell, secret_context(id)));
    return ok();
  }));
  // A hook that does not exist takes as long, and answers the same.
  if (!secret) secret = auth::new_message_secret();
  KW_OK(auth::check_signed_message(*secret, message, house.clock.wall()));
  return std::move(row->hook);
}

Status check_allowed(const Hook& hook, const OutsideEvent& event, std::string_view tenant) {
  const auto& events = hook.events;
  const bool listed = std::find(events.begin(), events.end(), event.type) != events.end();
  const bool own = hook.tenant.empty() || tenant.empty() || tenant == hook.tenant;
  if (listed && own) return ok();
  return error(Code::kPermissionDenied, "event_not_allowed",
               "the hook may not report this type of event, or not for this tenant");
}

}  // namespace

Result<NewHook> create_hook(House& house, Call& call, const ObjectName& name,
                            const std::vector<std::string>& events) {
  return recorded<NewHook>(house, call, [&]() -> Result<NewHook> {
    KW_OK(authorise(house, call, {}));
    KW_OK(check_events(events));
    if (!call.tenant.empty()) KW_OK(house.keyring.tenant(call.tenant));
    HookRow row;
    row.hook = {crypto::random_id<HookId>(), name.text(),       call.tenant, events,
                call.caller->name,           house.clock.wall()};
    const SecretBytes secret = auth::new_message_secret();
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(const std::int64_t count, count_hooks(change.tx));
      if (count >= kHooksMax)
        return error(Code::kResourceExhausted, "too_many_hooks", "at most 1,000 hooks");
      KW_TRY(row.cell,
             house.barrier.put(change.tx, kPlatformTenant, secret_context(row.hook.id), secret));
      KW_OK(insert_hook(change.tx, house.barrier, row));
      return leave_leaf(house, change, row.hook);
    }));
    return NewHook{row.hook, auth::message_secret_text(secret)};
  });
}

Result<std::vector<Hook>> list_hooks(House& house, Call& call) {
  using Hooks = std::vector<Hook>;
  return consulted<Hooks>(house, call, [&]() -> Result<Hooks> {
    std::vector<HookRow> rows;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(rows, select_hooks(reader, house.barrier, call.tenant));
      return ok();
    }));
    Hooks hooks;
    for (HookRow& row : rows) hooks.push_back(std::move(row.hook));
    return hooks;
  });
}

Result<Hook> visible_hook(House& house, Call& call, const HookId& id) {
  KW_OK(require_open(house));
  KW_TRY(std::optional<HookRow> row, find_hook(house, id));
  if (row) call.tenant = row->hook.tenant;
  KW_OK(authorise(house, call, {}));
  if (!row) return not_found();
  return std::move(row->hook);
}

Status remove_hook(House& house, Call& call, const HookId& id, const Wording<Done>& wording) {
  const auto outcome = recorded<Done>(house, call, [&]() -> Result<Done> {
    KW_OK(visible_hook(house, call, id));
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(const std::optional<HookRow> row, load_hook(change.tx, house.barrier, id));
      if (!row) return not_found();
      KW_OK(house.barrier.erase(change.tx, row->cell));
      KW_OK(delete_hook(change.tx, id));
      keep(call, wording, Done{});
      return leave_leaf(house, change, row->hook);
    }));
    return Done{};
  });
  return status_of(outcome);
}

Result<Hook> authenticate_hook(House& house, Call& call, const HookId& id,
                               const auth::SignedMessage& message) {
  return recorded<Hook>(house, call, [&]() -> Result<Hook> {
    KW_OK(require_open(house));
    KW_TRY(Hook hook, proved(house, id, message));
    auto caller = std::make_shared<auth::Principal>();
    caller->name = "hook:" + hook.name;
    caller->method = "signature";
    caller->expires_at = WallTime::max();
    call.caller = std::move(caller);
    call.tenant = hook.tenant;
    return hook;
  });
}

Result<EventOutcome> deliver(House& house, Call& call, const Hook& hook,
                             std::string_view message_id, const OutsideEvent& event,
                             std::string_view tenant) {
  return recorded<EventOutcome>(house, call, [&]() -> Result<EventOutcome> {
    KW_OK(check_allowed(hook, event, tenant));
    std::vector<rotation::Subject> subjects;
    const std::string_view whose = hook.tenant.empty() ? tenant : hook.tenant;
    KW_TRY(EventOutcome outcome, find_event_subjects(house, whose, event, subjects));
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      KW_TRY(const bool fresh, take_message(change.tx, hook.id, message_id, house.clock.wall()));
      if (!fresh)
        return error(Code::kAlreadyExists, "already_delivered",
                     "a message with this webhook-id was taken before");
      return start_event_runs(house, change, event, subjects, outcome);
    }));
    house.rotation.engine.wake();
    return outcome;
  });
}

}  // namespace kw::service
