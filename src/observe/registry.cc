#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <mutex>
#include <variant>

#include "base/check.h"
#include "observe/metrics.h"
#include "observe/plain_text.h"

namespace kw::observe {

namespace {

constexpr std::size_t kSeriesMax = 2'000;
constexpr std::string_view kOverflow = "overflow=\"true\"";

// By the text of its labels. A node-based map: references stay valid when others are added.
template <typename Instrument>
using Series = std::map<std::string, Instrument, std::less<>>;

struct Family {
  std::string help;
  std::variant<Series<Counter>, Series<Gauge>, Series<Histogram>> series;
};

bool is_name(std::string_view text, bool colon_allowed) {
  const auto letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (c == ':' && colon_allowed);
  };
  const auto letter_or_digit = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && letter(text[0]) && std::all_of(text.begin(), text.end(), letter_or_digit);
}

std::string labels_text(Labels labels) {
  std::sort(labels.begin(), labels.end());
  std::string text;
  for (const auto& [name, value] : labels) {
    KW_CHECK(is_name(name, false));
    if (!text.empty()) text += ',';
    text += name;
    text += "=\"";
    append_label_value(text, value);
    text += '"';
  }
  return text;
}

// Prometheus text format 0.0.4: help "may contain any sequence of UTF-8 characters, but the
// backslash and the line feed characters have to be escaped".
std::string help_text(std::string_view help) {
  std::string text;
  for (char c : help) {
    if (c == '\n') {
      text += "\\n";
      continue;
    }
    if (c == '\\') text += '\\';
    text += c;
  }
  return text;
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    std::array<char, 32> text;
    out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
  }
}

// Never with an exponent: people and dashboards look for le="0.0005".
void append_bound(std::string& out, double bound) {
  if (std::isinf(bound)) return append_number(out, bound);
  std::array<char, 32> text;
  char* end = text.data() + text.size();
  out.append(text.data(), std::to_chars(text.data(), end, bound, std::chars_format::fixed).ptr);
}

void append_sample_name(std::string& out, std::string_view name, std::string_view labels) {
  out += name;
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out += ' ';
}

void append_samples(std::string& out, const std::string& name, const Series<Counter>& series) {
  for (const auto& [labels, counter] : series) {
    append_sample_name(out, name, labels);
    out.append(std::to_string(counter.value())).append("\n");
  }
}

void append_samples(std::string& out, const std::string& name, const Series<Gauge>& series) {
  for (const auto& [labels, gauge] : series) {
    append_sample_name(out, name, labels);
    append_number(out, gauge.value());
    out += '\n';
  }
}

void append_bucket(std::string& out, const std::string& name, const std::string& labels,
                   const std::pair<double, std::uint64_t>& bucket) {
  std::string all = labels.empty() ? "le=\"" : labels + ",le=\"";
  append_bound(all, bucket.first);
  append_sample_name(out, name + "_bucket", all + "\"");
  out.append(std::to_string(bucket.second)).append("\n");
}

void append_samples(std::string& out, const std::string& name, const Series<Histogram>& series) {
  for (const auto& [labels, histogram] : series) {
    const auto buckets = histogram.cumulative();
    // Read after the buckets: what is recorded meanwhile must not make +Inf smaller than a finite
    // bound.
    const std::uint64_t count = histogram.count();
    for (const auto& bucket : buckets) append_bucket(out, name, labels, bucket);
    append_bucket(out, name, labels, {HUGE_VAL, count});
    append_sample_name(out, name + "_sum", labels);
    append_number(out, histogram.sum());
    out += '\n';
    append_sample_name(out, name + "_count", labels);
    out.append(std::to_string(count)).append("\n");
  }
}

std::string_view type_name(const Family& family) {
  constexpr std::string_view kNames[] = {"counter", "gauge", "histogram"};
  return kNames[family.series.index()];
}

}  // namespace

struct Registry::State {
  mutable std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;

  template <typename Instrument>
  Instrument& find_or_make(std::string_view name, std::string_view help, const Labels& labels) {
    KW_CHECK(is_name(name, true));
    std::string key = labels_text(labels);
    const std::lock_guard lock(mutex);
    auto family = families.find(name);
    if (family == families.end()) {
      family = families.emplace(std::string(name), Family{help_text(help), {}}).first;
      family->second.series.template emplace<Series<Instrument>>();
    }
    auto* series = std::get_if<Series<Instrument>>(&family->second.series);
    KW_CHECK(series != nullptr);
    const auto known = series->find(key);
    if (known != series->end()) return known->second;
    if (series->size() >= kSeriesMax) key = kOverflow;
    return (*series)[key];
  }
};

Registry::Registry() : state_(std::make_unique<State>()) {}
Registry::~Registry() = default;

Counter& Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  return state_->find_or_make<Counter>(name, help, labels);
}
Gauge& Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return state_->find_or_make<Gauge>(name, help, labels);
}
Histogram& Registry::histogram(std::string_view name, std::string_view help, const Labels& labels) {
  return state_->find_or_make<Histogram>(name, help, labels);
}

std::string Registry::prometheus_text() const {
  std::string out;
  const std::lock_guard lock(state_->mutex);
  for (const auto& [name, family] : state_->families) {
    out.append("# HELP ").append(name).append(" ").append(family.help).append("\n");
    out.append("# TYPE ").append(name).append(" ").append(type_name(family)).append("\n");
    std::visit([&out, &metric = name](const auto& series) { append_samples(out, metric, series); },
               family.series);
  }
  return out;
}

}  // namespace kw::observe
