#include "rotation/policy_reference.h"

#include "rotation/duration_text.h"
#include "rotation/field_value.h"
#include "rotation/policy_document.h"

namespace kw::rotation {
namespace {

std::string_view form_text(Form form) {
  constexpr std::string_view kForms[] = {
      "`true`, `false`",
      "duration",
      "count",
      "size",
      "number",
      "whole number",
      "list: `\"0 3 1 * *\"` or `{cron: …, zone: Europe/Berlin}`",
      "list of words",
      "list: `{cron: \"0 2 * * sat\", length: 4h, zone: UTC, group: 0}`",
      "list: `{name: …, from: 2026-11-27T00:00:00Z, to: …}`",
      "list: `[1, 5, 25, 50, 100]`",
      "`run_anyway`, `block_protect`, `alert`",
      "`keep_secondary`, `retire`, `archive`, `destroy`",
  };
  return kForms[static_cast<std::size_t>(form)];
}

std::string_view wins_text(Wins wins) {
  constexpr std::string_view kWins[] = {
      "least",        "least, 0s loses",  "most",       "most, 0s wins",
      "all together", "all must be open", "most steps", "block, run, alert",
  };
  return kWins[static_cast<std::size_t>(wins)];
}

std::string limits_text(const Field& field) {
  const auto one = [&](double value) {
    if (field.form == Form::kDuration)
      return duration_text(Seconds(static_cast<std::int64_t>(value)));
    if (value >= kBig) return std::string("2^62");
    JsonWriter out;
    out.value(value);
    return std::string(out.text());
  };
  if (field.least == field.most || field.form == Form::kFlag) return "";
  return one(field.least) + " to " + one(field.most);
}

std::string fields_table() {
  std::string text = "| field | form | range | of several | meaning |\n|---|---|---|---|---|\n";
  for (const Field& field : kFields) {
    text += "| `" + std::string(field.name) + "` | " + std::string(form_text(field.form)) + " | " +
            limits_text(field) + " | " + std::string(wins_text(field.wins)) + " | " +
            std::string(field.meaning) + " |\n";
  }
  return text;
}

std::string interval_of(const PolicyDocument& document, const std::string& type) {
  const Clauses& clauses = document.types.at(type);
  if (clauses.scheduled && !*clauses.scheduled) return "by hand and by event";
  const auto interval = clauses.interval ? clauses.interval : document.clauses.interval;
  std::string text = interval ? duration_text(*interval) : "";
  if (clauses.max_operations) text += ", " + count_text(*clauses.max_operations) + " operations";
  if (clauses.max_bytes) text += ", " + size_text(*clauses.max_bytes);
  if (clauses.expiry_lead) text += ", " + duration_text(*clauses.expiry_lead) + " before expiry";
  for (const auto& [name, rule] : clauses.classification) {
    if (rule.interval) text += "; " + name + " " + duration_text(*rule.interval);
  }
  return text;
}

std::string templates_list() {
  std::string text;
  for (const PolicyDocument& document : policy_templates()) {
    if (document.name == "defaults") continue;
    text += "- `" + document.name + "`: " + document.description;
    if (document.entity_defined)
      text += document.types.empty() ? " It names no numbers: they are printed as entity-defined."
                                     : " Its numbers are entity-defined.";
    text += "\n";
  }
  return text;
}

std::string defaults_table() {
  const PolicyDocument& defaults = *find_template("defaults");
  std::string text = "| type | rotates |\n|---|---|\n";
  for (const auto& [type, clauses] : defaults.types)
    text += "| `" + type + "` | " + interval_of(defaults, type) + " |\n";
  return text;
}

constexpr std::string_view kIntroduction = R"(# Rotation policies

Made from the program's own table of fields; a test compares. To write it anew:
`KW_WRITE_POLICY_REFERENCE=1 rotation_tests --gtest_filter='PolicyReference.*'`.

A policy is a YAML or JSON document. Everything is optional but `name`.

```yaml
name: card-data
description: Keys around card numbers.
extends: [pci-dss-4.0.1]            # templates that then apply as well
applies_to:                         # all that are given must match
  tenants: [acme]
  kinds: [key]                      # key, kek, secret, certificate
  types: [dek, signing]
  classifications: [confidential, restricted]
  owners: [payments]
  name_prefix: card-
  labels: {scope: pci}
windows: [{cron: "0 2 * * sat", length: 4h, zone: Europe/Berlin}]
overlap: {min: 1d, quiet: 12h}      # the same as overlap.min and overlap.quiet
types:                              # replaces, for one type, what is said for all
  dek: {interval: 45d, max_operations: 2^31}
classification: {confidential: 0.5, restricted: 30d}   # a factor on the interval, or another one
```

Several policies may apply to one subject. For every field the strictest clause wins, and
`explain` names it. The built-in `defaults` speak only about fields that no other document speaks
about. The factor of a classification is the policy's own, else the default one (confidential 0.5,
restricted 0.33); it never lengthens an interval of a template.

When a rotation is due: the earliest of interval, crons, maximum age, expiry lead, use and volume.
Jitter then takes an interval back, never beyond its end. Then the next open window outside
blackouts. If none opens in time, the last one before; if there is none, the deadline
(`max_age`, `hard_deadline`, expiry) overrides windows and blackouts. What is overdue gets the next
chance, not the next period.

A policy that cannot be met is refused when it is applied, with the arithmetic: `never_fires`,
`interval_below_overlap`, `lead_too_short`, `window_after_deadline`, `overlap_too_short`,
`acknowledgement_too_short`.

Cron expressions have five fields: minute, hour, day of month, month, day of week; numbers, names,
lists, ranges and steps. When both days are restricted, either is enough. Zones are IANA names. A
time that daylight saving skips happens once, at the first instant after the gap; one that it
repeats happens once, the first time.

Durations: `90s`, `15min`, `12h`, `45d`, `2w`, `1mo` (30d), `1y` (365d), `1d12h`. Counts: `1000000`,
`2^31`. Sizes: `512MiB`, `1TiB`. Numbers: `0.5`.

## Fields

)";

}  // namespace

std::string policy_reference() {
  return std::string(kIntroduction) + fields_table() + "\n## Templates\n\n" + templates_list() +
         "\n## Defaults\n\nOf class internal and public; jitter up to 7d, at most a tenth of the "
         "interval.\n\n" +
         defaults_table();
}

}  // namespace kw::rotation
