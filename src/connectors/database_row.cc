// A credential as a value in a table of PostgreSQL, for systems that look it up there.
//
// swap: the value's column holds one. pair: a second column holds the one before, and the system
// accepts either. Every change is made on the locked row and only over what was read there.
#include <array>
#include <functional>

#include "base/reveal.h"
#include "connectors/credential_text.h"
#include "connectors/make_connectors.h"
#include "connectors/outcome.h"
#include "connectors/postgres_link.h"
#include "connectors/postgres_session.h"

namespace kw::connectors {

namespace {

using secrets::Answer;
using secrets::Capabilities;
using secrets::Context;
using secrets::Credential;
using secrets::Drain;
using secrets::Minting;
using secrets::Observed;
using secrets::Place;
using secrets::Probe;
using secrets::SettingRule;

constexpr std::array kSystemRules{
    kHostRule,
    SettingRule{"port", "TCP port", false, "5432"},
    kTlsRule,
    kCaFileRule,
    SettingRule{"database", "database with the table", true, ""},
};
constexpr std::array kAccountRules{
    SettingRule{"schema", "schema of the table", false, "public"},
    SettingRule{"table", "table", true, ""},
    SettingRule{"key_column", "column that finds the row; unique", true, ""},
    SettingRule{"key", "its value", true, ""},
    SettingRule{"value_column", "text column with the credential", true, ""},
    SettingRule{"previous_column",
                "text column with the one before, which the system accepts too; empty: swap", false,
                ""},
};

struct Terms {
  ServerAddress address;
  std::string database, table, key_column, key, value_column, previous_column;
  bool pair() const { return !previous_column.empty(); }
};

Result<Terms> read_terms(const Place& place) {
  const auto of = [&](std::string_view name) {
    return std::string(secrets::setting(place.account, kAccountRules, name));
  };
  Terms terms;
  KW_TRY(terms.address, read_address(place.system, kSystemRules));
  terms.database = secrets::setting(place.system, kSystemRules, "database");
  terms.table = quoted_identifier(of("schema")) + "." + quoted_identifier(of("table"));
  terms.key_column = quoted_identifier(of("key_column"));
  terms.key = of("key");
  terms.value_column = quoted_identifier(of("value_column"));
  if (!of("previous_column").empty())
    terms.previous_column = quoted_identifier(of("previous_column"));
  if (terms.previous_column == terms.value_column)
    return bad_setting("value_column and previous_column are two columns");
  return terms;
}

/// What the row holds: one or two credentials.
struct Row {
  SecretBytes value, previous;
};

bool same(const SecretBytes& a, const SecretBytes& b) {
  return !a.empty() && equal_constant_time(a, b);
}

Error changed_elsewhere() {
  return error(Code::kFailedPrecondition, "changed_elsewhere",
               "the row holds neither the old nor the new credential");
}

/// The row, opened as the administrator.
class Table {
 public:
  static Result<Table> open(const Context& context, const Place& place) {
    KW_TRY(Terms terms, read_terms(place));
    if (place.admin == nullptr)
      return error(Code::kFailedPrecondition, "admin_missing",
                   "the target needs an administrator who may update the table");
    auto session = PostgresSession::open({terms.address, terms.database, place.admin->principal,
                                          place.admin->secret, context.deadline});
    if (!session) return of_admin(session.error());
    return Table(std::move(terms), *std::move(session));
  }
  const Terms& terms() const { return terms_; }

  Result<Row> read(bool locked) {
    const std::string previous =
        terms_.pair() ? "coalesce(" + terms_.previous_column + "::text, '')" : "''::text";
    KW_TRY(const PostgresRows rows,
           session_->ask("SELECT coalesce(" + terms_.value_column + "::text, ''), " + previous +
                             " FROM " + terms_.table + " WHERE " + terms_.key_column +
                             "::text = $1" + (locked ? " FOR UPDATE" : ""),
                         PostgresParams().text(terms_.key)));
    if (rows.size() != 1)
      return error(Code::kFailedPrecondition, "principal_missing",
                   "the table has no such row, or several");
    return Row{SecretBytes::copy_of(rows.bytes(0, 0)), SecretBytes::copy_of(rows.bytes(0, 1))};
  }
  /// Lets `change` make the new row of the locked one; false leaves it.
  Status edit(const std::function<Result<bool>(Row&)>& change) {
    KW_OK(session_->run("BEGIN"));
    KW_TRY(Row row, read(true));
    KW_TRY(const bool changes, change(row));
    if (!changes) return session_->run("ROLLBACK");
    PostgresParams params;
    params.text(terms_.key).text(as_text(row.value.reveal(Reveal{})));
    std::string columns = terms_.value_column + " = $2";
    if (terms_.pair()) {
      params.text(as_text(row.previous.reveal(Reveal{})));
      columns += ", " + terms_.previous_column + " = nullif($3, '')";
    }
    KW_TRY(const PostgresRows done, session_->ask("UPDATE " + terms_.table + " SET " + columns +
                                                      " WHERE " + terms_.key_column + "::text = $1",
                                                  params));
    if (done.changed() != 1) return changed_elsewhere();
    return session_->run("COMMIT");
  }

 private:
  Table(Terms terms, std::unique_ptr<PostgresSession> session)
      : terms_(std::move(terms)), session_(std::move(session)) {}
  Terms terms_;
  std::unique_ptr<PostgresSession> session_;
};

bool holds(const Row& row, const Credential& credential) {
  return same(row.value, credential.secret) || same(row.previous, credential.secret);
}

Result<bool> put_beside(Row& row, const Credential& fresh, const Credential* old) {
  if (old == nullptr || !holds(row, *old)) return changed_elsewhere();
  if (!row.value.empty() && !row.previous.empty())
    return error(Code::kFailedPrecondition, "no_free_slot",
                 "both columns are in use: revoke an old version first");
  row.previous = old->secret.clone();
  row.value = fresh.secret.clone();
  return true;
}

Result<bool> put(const Terms& terms, Row& row, const Credential& fresh, const Credential* old) {
  if (holds(row, fresh)) return false;
  if (row.value.empty() && row.previous.empty() && old == nullptr) {
    row.value = fresh.secret.clone();
    return true;
  }
  if (terms.pair()) return put_beside(row, fresh, old);
  if (old == nullptr || !same(row.value, old->secret)) return changed_elsewhere();
  row.value = fresh.secret.clone();
  return true;
}

// Only where the other one stays: the row is never empty.
Result<bool> take_out(Row& row, const Credential& goes, const Credential& stays) {
  if (!holds(row, goes)) return false;
  if (!holds(row, stays)) return changed_elsewhere();
  row.value = stays.secret.clone();
  row.previous = SecretBytes();
  return true;
}

class DatabaseRow final : public secrets::Connector {
 public:
  std::string_view name() const override { return "database_row"; }
  std::span<const SettingRule> system_rules() const override { return kSystemRules; }
  std::span<const SettingRule> account_rules() const override { return kAccountRules; }
  Status check(const Place& place) const override {
    KW_OK(read_terms(place));
    return ok();
  }
  Capabilities describe(const Place& place) const override {
    Capabilities can;
    const auto terms = read_terms(place);
    const bool pair = terms && terms->pair();
    can.slots = pair ? 2 : 1;
    can.native_overlap = pair;
    can.soft_disable = pair;
    can.sessions_survive_revoke = true;
    return can;
  }
  Result<Credential> create_pending(const Context&, const Place& place,
                                    const Minting& minting) override {
    KW_TRY(const Terms terms, read_terms(place));
    Credential made;
    made.version = minting.version;
    made.principal = terms.key;
    return made;
  }
  Result<Observed> inspect(const Context& context, const Place& place,
                           std::span<const Credential* const> known) override;
  Answer install(const Context& context, const Place& place, const Credential& fresh,
                 const Credential* old) override {
    const auto carried = credential_text(fresh.secret);
    if (!carried) return answer_of(carried.error());
    return edit(context, place,
                [&](const Terms& terms, Row& row) { return put(terms, row, fresh, old); });
  }
  Answer test(const Context& context, const Place& place, const Credential& credential,
              Probe probe) override;
  Result<Drain> measure_drain(const Context&, const Place&, const Credential&) override {
    return Drain{};
  }
  Answer disable_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return revoke_old(context, place, old, fresh, false);
  }
  Answer restore_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return describe(place).soft_disable ? install(context, place, old, &fresh) : Answer::ok();
  }
  Answer revoke_old(const Context& context, const Place& place, const Credential& old,
                    const Credential& fresh, bool end_sessions) override {
    Answer answer =
        edit(context, place, [&](const Terms&, Row& row) { return take_out(row, old, fresh); });
    if (answer.outcome != secrets::Outcome::kOk || !end_sessions) return answer;
    return Answer::definite_fail("sessions_cannot_be_ended",
                                 "a table does not know who read it: restart its readers");
  }
  Answer remove_pending(const Context& context, const Place& place, const Credential& fresh,
                        const Credential* old) override {
    return edit(context, place, [&](const Terms& terms, Row& row) -> Result<bool> {
      if (!holds(row, fresh)) return false;
      if (terms.pair() && old != nullptr) return take_out(row, fresh, *old);
      row.value = old != nullptr ? old->secret.clone() : SecretBytes();
      row.previous = SecretBytes();
      return true;
    });
  }

 private:
  static Answer edit(const Context& context, const Place& place,
                     const std::function<Result<bool>(const Terms&, Row&)>& change) {
    auto table = Table::open(context, place);
    if (!table) return answer_of(table.error());
    return answer_of(table->edit([&](Row& row) { return change(table->terms(), row); }));
  }
};

Result<Row> read_row(const Context& context, const Place& place) {
  KW_TRY(Table table, Table::open(context, place));
  return table.read(false);
}

Result<Observed> DatabaseRow::inspect(const Context& context, const Place& place,
                                      std::span<const Credential* const> known) {
  Observed seen;
  const auto row = read_row(context, place);
  if (!row && answer_of(row.error()).outcome == secrets::Outcome::kUnknown) {
    seen.accepted.assign(known.size(), Observed::Accepted::kUnknown);
    return seen;
  }
  if (!row) return row.error();
  bool any = false;
  for (const Credential* each : known) {
    const bool there = holds(*row, *each);
    any = any || there;
    seen.accepted.push_back(there ? Observed::Accepted::kYes : Observed::Accepted::kNo);
  }
  if (!known.empty() && !any) seen.drift = "changed_elsewhere";
  if (describe(place).slots > 1) seen.free_slot = row->previous.empty();
  return seen;
}

Answer DatabaseRow::test(const Context& context, const Place& place, const Credential& credential,
                         Probe probe) {
  const auto row = read_row(context, place);
  if (!row) return answer_of(row.error());
  const Credential asked{
      credential.version, credential.principal,
      probe == Probe::kNegative ? mutated(credential.secret) : credential.secret.clone()};
  const bool there = holds(*row, asked);
  if (there != (probe == Probe::kNegative)) return Answer::ok();
  return there ? Answer::definite_fail("any_secret_accepted", "a wrong secret is in the row")
               : Answer::definite_fail("credential_refused", "the row does not hold it");
}

}  // namespace

std::unique_ptr<secrets::Connector> make_database_row(const ConnectorOptions&) {
  return std::make_unique<DatabaseRow>();
}

}  // namespace kw::connectors
