#include "agent/application.h"

#include <algorithm>

namespace kw::agent {

namespace {

using client::SecretPointer;
using codec::TextReference;

// What was refused is tried again after so long: perhaps the application was down for a reason of
// its own.
constexpr std::chrono::seconds kRetry{60};

// All values stay alive until the text is made.
Result<WipedText> filled(const codec::TextTemplate& text,
                         const std::function<SecretPointer(const TextReference&)>& wanted) {
  std::vector<SecretPointer> held;
  return text.render([&](const TextReference& reference) -> Result<ByteView> {
    SecretPointer value = wanted(reference);
    if (!value)
      return error(Code::kNotFound, "no_value",
                   "there is no value of " + codec::reference_text(reference));
    const SecretBytes* part = value->part(reference.field);
    if (part == nullptr)
      return error(Code::kNotFound, "no_such_field",
                   "the secret has no " + codec::reference_text(reference));
    held.push_back(std::move(value));
    return part->reveal(Reveal{});
  });
}

void add_references(const codec::TextTemplate& text, std::vector<TextReference>& all) {
  for (const TextReference& each : text.references())
    if (std::find(all.begin(), all.end(), each) == all.end()) all.push_back(each);
}

// Ordinary comparison would tell nobody anything: both texts are ours.
bool same_text(const WipedText& a, const WipedText& b) {
  return equal_constant_time(as_bytes({a.data(), a.size()}), as_bytes({b.data(), b.size()}));
}

}  // namespace

bool Rendering::same_as(const Rendering& other) const {
  return std::equal(files.begin(), files.end(), other.files.begin(), other.files.end(),
                    same_text) &&
         std::equal(environment.begin(), environment.end(), other.environment.begin(),
                    other.environment.end(), [](const auto& a, const auto& b) {
                      return a.first == b.first && same_text(a.second, b.second);
                    });
}

Application::Application(const ApplicationConfig& config, Holdings& holdings, Delivery& delivery,
                         Pause& pause, const observe::Log& log)
    : config_(config), holdings_(holdings), delivery_(delivery), pause_(pause), log_(log) {
  for (const FileConfig& file : config.files) add_references(file.text, references_);
  for (const auto& each : config.environment) add_references(each.second, references_);
}

std::map<std::string, std::uint32_t> Application::wanted_versions() const {
  std::map<std::string, std::uint32_t> versions;
  for (const TextReference& each : references_) {
    if (each.previous) continue;
    const SecretPointer value = holdings_.wanted(each);
    if (!value) return {};
    versions[each.path] = value->version;
  }
  return versions;
}

bool Application::is_behind(SteadyTime now) const {
  const auto wanted = wanted_versions();
  if (wanted.empty() || (wanted == versions_ && in_force_)) return false;
  return wanted != refused_ || now - refused_at_ >= kRetry;
}

Result<Rendering> Application::render(const Wanted& wanted) const {
  Rendering rendering;
  for (const FileConfig& file : config_.files) {
    KW_TRY(WipedText text, filled(file.text, wanted));
    rendering.files.push_back(std::move(text));
  }
  for (const auto& [name, text] : config_.environment) {
    KW_TRY(WipedText value, filled(text, wanted));
    if (value.find('\0') != WipedText::npos)
      return error(Code::kInvalidArgument, "not_text", name + " would hold a NUL");
    rendering.environment.emplace_back(name, std::move(value));
  }
  return rendering;
}

Status Application::write(const Rendering& rendering) const {
  for (std::size_t i = 0; i < config_.files.size(); ++i) {
    const WipedText& text = rendering.files[i];
    KW_OK(Roots::replace(config_.files[i].path, as_bytes({text.data(), text.size()}),
                         config_.files[i].form));
  }
  return ok();
}

// What the files hold now; a missing one is left out, which makes the rendering differ.
Rendering Application::on_disk() const {
  Rendering found;
  for (const FileConfig& file : config_.files) {
    const auto content = Roots::read(file.path);
    if (!content || !*content) continue;
    WipedText text;
    text.reserve(64);
    text.assign(as_text(**content));
    found.files.push_back(std::move(text));
  }
  return found;
}

void Application::put_back(const Rendering& former) {
  const Status back = [&]() -> Status {
    KW_OK(write(former));
    KW_OK(delivery_.reload(former.environment));
    return check_health(config_.health, pause_);
  }();
  if (!back) log_.failure("application.not_put_back", back.error());
  log_.warning("application.put_back", {{"application", config_.name}, {"well", back.has_value()}});
}

Taken Application::settle(Rendering rendering, bool changed) {
  Rendering former = in_force_ ? *std::move(in_force_) : on_disk();
  in_force_.reset();
  const auto versions = wanted_versions();
  const Status delivered = [&]() -> Status {
    if (!changed) return ok();
    KW_OK(write(rendering));
    return delivery_.reload(rendering.environment);
  }();
  const Status well = delivered ? check_health(config_.health, pause_) : delivered;
  if (!well && well.error().reason == "stopping") {
    in_force_ = std::move(rendering);
    return {Taken::Kind::kImpossible, false, well.error()};
  }
  if (well) {
    in_force_ = std::move(rendering);
    well_ = true;
    versions_ = versions;
    const bool gated = !std::holds_alternative<std::monostate>(config_.health.how);
    return {changed ? Taken::Kind::kTaken : Taken::Kind::kUnchanged, gated, {}};
  }
  log_.failure("application.not_well", well.error());
  well_ = false;
  if (!changed || !is_whole(former)) {
    in_force_ = std::move(rendering);
    return {Taken::Kind::kUnwell, false, well.error()};
  }
  put_back(former);
  in_force_ = std::move(former);
  return {Taken::Kind::kRefused, false, well.error()};
}

bool Application::is_whole(const Rendering& rendering) const {
  return rendering.files.size() == config_.files.size() &&
         rendering.environment.size() == config_.environment.size();
}

Taken Application::take(SteadyTime now) {
  const auto wanted = wanted_versions();
  Taken taken = take_rendered();
  if (taken.kind != Taken::Kind::kTaken && taken.kind != Taken::Kind::kUnchanged) {
    refused_ = wanted;
    refused_at_ = now;
  }
  return taken;
}

Taken Application::take_rendered() {
  Result<Rendering> rendering =
      render([this](const TextReference& each) { return holdings_.wanted(each); });
  if (!rendering) return {Taken::Kind::kImpossible, false, std::move(rendering).error()};
  const bool known = in_force_ && in_force_->same_as(*rendering);
  if (known && well_) {
    versions_ = wanted_versions();
    const bool gated = !std::holds_alternative<std::monostate>(config_.health.how);
    return {Taken::Kind::kUnchanged, gated, {}};
  }
  // After a restart of the agent the files may be right already: no reload then.
  const bool on_disk_already =
      !in_force_ && config_.environment.empty() && on_disk().same_as(*rendering);
  // … but perhaps not their owner and mode.
  if (on_disk_already)
    if (Status written = write(*rendering); !written)
      return {Taken::Kind::kImpossible, false, std::move(written).error()};
  return settle(*std::move(rendering), !known && !on_disk_already);
}

Status Application::probe(const SecretPointer& upcoming) const {
  KW_OK(render([&](const TextReference& each) {
    return each.path == upcoming->path && !each.previous ? upcoming : holdings_.wanted(each);
  }));
  return ok();
}

void Application::sweep(WallTime older) const {
  for (const FileConfig& file : config_.files)
    if (const Status swept = Roots::sweep(file.path, older); !swept)
      log_.failure("application.not_swept", swept.error());
}

}  // namespace kw::agent
