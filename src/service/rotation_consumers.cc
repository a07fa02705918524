#include "service/rotation_consumers.h"

#include "service/rotation_inventory.h"

namespace kw::service {

namespace {

using rotation::Consumer;

// Nobody hastens or holds up a rotation in the name of a consumer but its principal; who may
// register the consumer could make himself that principal, and is recorded as standing in for it.
Status may_speak(House& house, Call& call, store::Reader& reader, std::string_view consumer) {
  KW_TRY(const std::string speaker,
         house.rotation.consumers.speaker(reader, call.tenant, consumer));
  if (speaker == call.caller->name) return ok();
  if (!may(house, call, OperationId::consumer_register, consumer))
    return error(Code::kPermissionDenied, "not_your_consumer",
                 "another principal speaks for consumer " + std::string(consumer));
  call.note = "in place of " + speaker;
  return ok();
}

// What a consumer says of itself: a transaction of its own, and a record like any use of a key.
Status sign_of_life(House& house, Call& call, std::string_view consumer,
                    const std::function<Status(rotation::Change)>& body) {
  Status outcome = [&]() -> Status {
    KW_OK(require_open(house));
    KW_OK(authorise(house, call, {}));
    const std::string policy = house.access.policy_hash();
    return house.store.write([&](store::Tx& tx) -> Status {
      KW_OK(may_speak(house, call, tx, consumer));
      audit::Event event = event_of(call);
      event.policy = policy;
      if (!call.note.empty()) event.reason = "stand_in";
      return body({tx, event});
    });
  }();
  KW_OK(record_and_wait(house, call, outcome));
  return outcome;
}

Result<std::uint32_t> version_asked(House& house, store::Reader& reader,
                                    const rotation::Subject& subject, std::uint32_t primary) {
  KW_TRY(const auto open, house.rotation.runs.open_run(reader, subject));
  return open && open->to_version != 0 ? open->to_version : primary;
}

}  // namespace

Result<Consumer> enroll_consumer(House& house, Call& call, const Consumer& consumer,
                                 const Wording<Consumer>& wording) {
  return recorded<Consumer>(house, call, [&]() -> Result<Consumer> {
    KW_OK(authorise(house, call, {}));
    for (const rotation::Subject& subject : consumer.subjects) KW_OK(read_subject(house, subject));
    std::optional<Consumer> enrolled;
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      rotation::Consumers& consumers = house.rotation.consumers;
      KW_OK(consumers.enroll({change.tx, change.by}, consumer));
      KW_TRY(enrolled, consumers.show(change.tx, consumer.tenant, consumer.name));
      keep(call, wording, *enrolled);
      return ok();
    }));
    return *std::move(enrolled);
  });
}

Status remove_consumer(House& house, Call& call, const ObjectName& name,
                       const Wording<Done>& wording) {
  const auto outcome = recorded<Done>(house, call, [&]() -> Result<Done> {
    KW_OK(authorise(house, call, {}));
    KW_OK(transact(house, call, {}, [&](keys::Change change) -> Status {
      keep(call, wording, Done{});
      return house.rotation.consumers.remove({change.tx, change.by}, call.tenant, name.text());
    }));
    house.rotation.engine.wake();
    return Done{};
  });
  return status_of(outcome);
}

Result<Consumer> show_consumer(House& house, Call& call, const ObjectName& name) {
  return consulted<Consumer>(house, call, [&]() -> Result<Consumer> {
    std::optional<Consumer> found;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(found, house.rotation.consumers.show(reader, call.tenant, name.text()));
      return ok();
    }));
    return *std::move(found);
  });
}

Result<std::vector<Consumer>> list_consumers(House& house, Call& call, std::string_view after,
                                             int limit) {
  using All = std::vector<Consumer>;
  return consulted<All>(house, call, [&]() -> Result<All> {
    All all;
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      KW_TRY(all, house.rotation.consumers.list(reader, call.tenant, after, limit));
      return ok();
    }));
    return all;
  });
}

Status heartbeat_consumer(House& house, Call& call, const ObjectName& name) {
  return sign_of_life(house, call, name.text(), [&](rotation::Change change) {
    return house.rotation.consumers.heartbeat(change.tx, call.tenant, name.text());
  });
}

Status acknowledge_version(House& house, Call& call, const rotation::Said& said) {
  KW_OK(sign_of_life(house, call, said.consumer, [&](rotation::Change change) {
    return house.rotation.consumers.acknowledge(change, call.tenant, said);
  }));
  house.rotation.engine.wake();
  return ok();
}

Result<ConsumerBoard> consumer_board(House& house, Call& call, const rotation::Subject& subject,
                                     std::uint32_t version) {
  return consulted<ConsumerBoard>(house, call, [&]() -> Result<ConsumerBoard> {
    KW_TRY(const rotation::SubjectFacts facts, read_subject(house, subject));
    ConsumerBoard asked{subject, version, {}};
    KW_OK(house.store.read([&](store::Reader& reader) -> Status {
      if (version == 0) {
        KW_TRY(asked.version, version_asked(house, reader, subject, facts.primary));
      }
      KW_TRY(asked.board, house.rotation.consumers.acks(reader, subject, asked.version));
      return ok();
    }));
    return asked;
  });
}

}  // namespace kw::service
