#include "rotation/policy_merge.h"

#include <algorithm>
#include <cmath>

#include "rotation/duration_text.h"
#include "rotation/field_value.h"

namespace kw::rotation {
namespace {

/// What one document says about the subject: the section of its type before that for all types.
struct Voice {
  const PolicyDocument* document;
  const Clauses* typed;  ///< nullptr: the document has no section for this type
  bool framework;

  std::string clause(std::string_view field, bool of_type, std::string_view type) const {
    const std::string section = of_type ? "types." + std::string(type) + "." : "";
    return section + std::string(field) + (document->entity_defined ? " (entity-defined)" : "");
  }
};

template <typename T>
struct Said {
  const T* value = nullptr;
  bool of_type = false;
};

template <typename Member>
auto said(const Voice& voice, Member member) {
  using T = typename std::decay_t<decltype(voice.document->clauses.*member)>::value_type;
  if (voice.typed != nullptr && (voice.typed->*member))
    return Said<T>{&*(voice.typed->*member), true};
  const auto& general = voice.document->clauses.*member;
  return general ? Said<T>{&*general, false} : Said<T>{};
}

int rank(AtDeadline value) {
  switch (value) {
    case AtDeadline::kBlockProtect:
      return 2;
    case AtDeadline::kRunAnyway:
      return 1;
    case AtDeadline::kAlert:
      break;
  }
  return 0;
}

template <typename T>
bool stricter(Wins wins, const T& a, const T& b) {
  switch (wins) {
    case Wins::kLeastButNone:
      return a != T{} && (b == T{} || a < b);
    case Wins::kMost:
      return a > b;
    case Wins::kMostOrForever:
      return b != T{} && (a == T{} || a > b);
    default:
      return a < b;
  }
}
bool stricter(Wins, AtDeadline a, AtDeadline b) {
  return rank(a) > rank(b);
}
bool stricter(Wins, const std::vector<int>& a, const std::vector<int>& b) {
  return a.size() != b.size() ? a.size() > b.size() : a < b;
}

bool same(const CronSchedule& a, const CronSchedule& b) {
  return a.cron == b.cron && a.zone == b.zone;
}
bool same(const Blackout& a, const Blackout& b) {
  return a.name == b.name && a.from == b.from && a.to == b.to;
}
bool same(const std::string& a, const std::string& b) {
  return a == b;
}

template <typename T>
void add_all(std::vector<T>& all, const std::vector<T>& more) {
  for (const T& one : more) {
    const bool there =
        std::any_of(all.begin(), all.end(), [&](const T& other) { return same(one, other); });
    if (!there) all.push_back(one);
  }
}
// Every group of every policy must be open: they become groups of their own.
void add_all(std::vector<Window>& all, const std::vector<Window>& more) {
  int first = 0;
  for (const Window& one : all) first = std::max(first, one.group + 1);
  std::vector<int> seen;
  for (Window one : more) {
    const auto found = std::find(seen.begin(), seen.end(), one.group);
    const int index = static_cast<int>(found - seen.begin());
    if (found == seen.end()) seen.push_back(one.group);
    one.group = first + index;
    all.push_back(std::move(one));
  }
}

template <typename T>
struct IsJoined : std::false_type {};
template <typename T>
struct IsJoined<std::vector<T>> : std::true_type {};
template <>
struct IsJoined<std::vector<int>> : std::false_type {};

class Merge {
 public:
  Merge(std::span<const PolicyDocument> documents, const SubjectFacts& facts) : facts_(facts) {
    for (const PolicyDocument& document : documents) add(document);
    const PolicyDocument* defaults = find_template("defaults");
    KW_CHECK(defaults != nullptr);
    defaults_ = voice(*defaults, false);
  }

  EffectivePolicy result() {
    const Status merged = each_field([&](const Field& field, auto said_by, auto to) -> Status {
      if (field.name == "interval") {
        interval(field);
      } else {
        one_field(field, said_by, to);
      }
      return ok();
    });
    KW_CHECK(merged.has_value());
    for (const Voice& one : voices_) note_entity_defined(one);
    return std::move(policy_);
  }

 private:
  Voice voice(const PolicyDocument& document, bool framework) const {
    const auto typed = document.types.find(facts_.type);
    return {&document, typed == document.types.end() ? nullptr : &typed->second, framework};
  }

  void add(const PolicyDocument& document) {
    if (!document.applies_to.matches(facts_)) return;
    add_voice(document, find_template(document.name) == &document);
    for (const std::string& name : document.extends) {
      if (const PolicyDocument* extended = find_template(name)) add_voice(*extended, true);
    }
  }
  void add_voice(const PolicyDocument& document, bool framework) {
    const bool there = std::any_of(voices_.begin(), voices_.end(),
                                   [&](const Voice& one) { return one.document == &document; });
    if (!there) voices_.push_back(voice(document, framework));
  }

  void note(std::string_view field, std::string value, const Voice& by, std::string clause) {
    policy_.set_by.push_back(
        {std::string(field), std::move(value), by.document->name, std::move(clause)});
  }

  template <typename Member, typename Target>
  void one_field(const Field& field, Member member, Target target) {
    if (!from_voices(field, voices_, member, target))
      from_voices(field, std::span(&defaults_, 1), member, target);
  }

  template <typename Member, typename Target>
  bool from_voices(const Field& field, std::span<const Voice> voices, Member member,
                   Target target) {
    using T = typename std::decay_t<decltype(std::declval<Clauses>().*member)>::value_type;
    if constexpr (IsJoined<T>::value) {
      return join(field, voices, member, policy_.*target);
    } else {
      return pick(field, voices, member, policy_.*target);
    }
  }

  template <typename Member, typename Out>
  bool join(const Field& field, std::span<const Voice> voices, Member member, Out& out) {
    bool any = false;
    for (const Voice& one : voices) {
      const auto found = said(one, member);
      if (found.value == nullptr) continue;
      add_all(out, *found.value);
      note(field.name, value_text(field, *found.value), one,
           one.clause(field.name, found.of_type, facts_.type));
      any = true;
    }
    return any;
  }

  template <typename Member, typename Out>
  bool pick(const Field& field, std::span<const Voice> voices, Member member, Out& out) {
    decltype(said(voices[0], member)) best;
    const Voice* by = nullptr;
    for (const Voice& one : voices) {
      const auto found = said(one, member);
      if (found.value == nullptr) continue;
      if (by != nullptr && !stricter(field.wins, *found.value, *best.value)) continue;
      best = found;
      by = &one;
    }
    if (by == nullptr) return false;
    out = *best.value;
    note(field.name, value_text(field, *best.value), *by,
         by->clause(field.name, best.of_type, facts_.type));
    return true;
  }

  const ClassRule* class_rule(const Voice& voice) const {
    for (const Clauses* clauses : {voice.typed, &voice.document->clauses}) {
      if (clauses == nullptr) continue;
      const auto found = clauses->classification.find(facts_.classification);
      if (found != clauses->classification.end()) return &found->second;
    }
    return nullptr;
  }

  struct Candidate {
    Seconds interval{0};
    const Voice* by = nullptr;
    std::string clause;
  };

  // A document's own interval, with its own rule for the class or else the default factor.
  void consider(const Voice& voice, Candidate& best) const {
    const auto stated = said(voice, &Clauses::interval);
    const ClassRule* rule = class_rule(voice);
    Candidate one;
    one.by = &voice;
    if (rule != nullptr && rule->interval) {
      one.interval = *rule->interval;
      one.clause = voice.clause("classification." + facts_.classification, voice.typed != nullptr,
                                facts_.type);
    } else if (stated.value != nullptr) {
      one.clause = voice.clause("interval", stated.of_type, facts_.type);
      one.interval = scaled(voice, *stated.value, rule, one.clause);
    } else {
      return;
    }
    if (best.by == nullptr || one.interval < best.interval) best = std::move(one);
  }

  Seconds scaled(const Voice& voice, Seconds interval, const ClassRule* rule,
                 std::string& clause) const {
    const ClassRule* fallback = rule != nullptr ? rule : general_default();
    if (fallback == nullptr || !fallback->factor) return interval;
    double factor = *fallback->factor;
    if (voice.framework) factor = std::min(factor, 1.0);  // a framework's number is a maximum
    if (factor == 1.0) return interval;
    JsonWriter number;
    number.value(factor);
    clause += ", " + duration_text(interval) + " x " + std::string(number.text()) + " (class " +
              facts_.classification + ")";
    const auto seconds = std::llround(static_cast<double>(interval.count()) * factor);
    return std::clamp(Seconds(seconds), Seconds(60), kDurationMax);
  }

  const ClassRule* general_default() const {
    const auto& rules = defaults_.document->clauses.classification;
    const auto found = rules.find(facts_.classification);
    return found == rules.end() ? nullptr : &found->second;
  }

  void interval(const Field& field) {
    Candidate best;
    for (const Voice& one : voices_) consider(one, best);
    // A policy that sets its own clock times has no need of a default interval.
    if (best.by == nullptr && !says_crons()) consider(defaults_, best);
    if (best.by == nullptr) return;
    policy_.interval = best.interval;
    note(field.name, value_text(field, best.interval), *best.by, std::move(best.clause));
  }

  bool says_crons() const {
    return std::any_of(voices_.begin(), voices_.end(), [](const Voice& one) {
      return said(one, &Clauses::crons).value != nullptr;
    });
  }

  void note_entity_defined(const Voice& voice) {
    if (!voice.document->entity_defined) return;
    if (said(voice, &Clauses::interval).value != nullptr) return;
    note("interval", "entity-defined", voice, "numbers");
  }

  const SubjectFacts& facts_;
  std::vector<Voice> voices_;
  Voice defaults_{};
  EffectivePolicy policy_;
};

}  // namespace

EffectivePolicy effective_policy(std::span<const PolicyDocument> documents,
                                 const SubjectFacts& facts) {
  return Merge(documents, facts).result();
}

}  // namespace kw::rotation
