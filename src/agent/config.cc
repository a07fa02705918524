#include "agent/config.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "agent/config_section.h"
#include "agent/config_values.h"
#include "base/name.h"

namespace kw::agent {

namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kMonth = 31 * kDay;

// A setting whose value needs more than a line.
template <typename Target, typename Value, typename Read>
Setting<Target> value_setting(std::string name, Value Target::*member, Read read) {
  return {std::move(name),
          [member, read](const YamlView& at, Target& target) -> Status {
            KW_TRY(auto value, read(at));
            target.*member = std::move(value);
            return ok();
          },
          {}};
}

// What a file's settings say before its path is placed below a root.
struct FileDraft {
  std::string path;
  std::optional<codec::TextTemplate> text;
  FileForm form;
};
struct ApplicationDraft {
  std::string name;
  std::vector<FileDraft> files;
  std::vector<std::pair<std::string, codec::TextTemplate>> environment;
  Reload reload;
  HealthCheck health;
  Milliseconds stagger{0};
};
struct ExecDraft {
  ApplicationDraft application;
  std::string on_change = "restart";
  int signal = 0;
  Milliseconds stop_timeout{10'000};
};
struct Draft {
  Config config;
  std::vector<ApplicationDraft> applications;
  std::optional<ExecDraft> exec;
};

Section<FileDraft> file_section() {
  return {path_setting("path", &FileDraft::path),
          value_setting("template", &FileDraft::text, read_template),
          value_setting("template_file", &FileDraft::text, read_template_file),
          {"owner",
           [](const YamlView& at, FileDraft& file) -> Status {
             KW_TRY(file.form.owner, read_user(at));
             return ok();
           },
           {}},
          {"group",
           [](const YamlView& at, FileDraft& file) -> Status {
             KW_TRY(file.form.group, read_group(at));
             return ok();
           },
           {}},
          {"mode",
           [](const YamlView& at, FileDraft& file) -> Status {
             KW_TRY(file.form.mode, read_mode(at));
             return ok();
           },
           {}}};
}

Status check_file(const YamlView& at, const FileDraft& file) {
  if (file.path.empty()) return invalid(at, "a file needs its path");
  if (!file.text) return invalid(at, "a file needs a template or a template_file");
  if (at.has("template") && at.has("template_file"))
    return invalid(at, "a file has a template or a template_file, not both");
  return ok();
}

Section<Reload> reload_section() {
  return {value_setting("command", &Reload::command, read_words),
          path_setting("pid_file", &Reload::pid_file),
          value_setting("signal", &Reload::signal, read_signal),
          duration_setting("timeout", &Reload::timeout, 1, 600)};
}

Result<TcpCheck> read_tcp(const YamlView& at) {
  KW_TRY(const std::string text, at.text());
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0 || colon + 1 == text.size())
    return invalid(at, "must be \"host:port\"");
  return TcpCheck{text.substr(0, colon), text.substr(colon + 1)};
}

Result<HttpCheck> read_http(const YamlView& at) {
  KW_TRY(const std::string text, at.text());
  if (!text.starts_with("http://") && !text.starts_with("https://"))
    return invalid(at, "must begin with http:// (loopback only) or https://");
  return HttpCheck{text, ""};
}

Section<HealthCheck> health_section() {
  using Check = HealthCheck;
  const auto command = [](const YamlView& at) -> Result<CommandCheck> {
    KW_TRY(Words words, read_words(at));
    return CommandCheck{std::move(words)};
  };
  const Setting<Check> ca_file = {"ca_file",
                                  [](const YamlView& at, Check& check) -> Status {
                                    auto* http = std::get_if<HttpCheck>(&check.how);
                                    if (http == nullptr)
                                      return invalid(at, "belongs behind \"http\"");
                                    KW_TRY(http->ca_file, at.text());
                                    return ok();
                                  },
                                  {}};
  return {value_setting("command", &Check::how, command),
          value_setting("tcp", &Check::how, read_tcp),
          value_setting("http", &Check::how, read_http),
          ca_file,
          duration_setting("timeout", &Check::timeout, 1, 300),
          {"interval_ms",
           [](const YamlView& at, Check& check) -> Status {
             KW_TRY(const std::int64_t number, at.integer());
             if (number < 10 || number > 60'000) return invalid(at, "must be from 10 to 60000");
             check.interval = Milliseconds(number);
             return ok();
           },
           {}},
          duration_setting("settle", &Check::settle, 0, 300)};
}

Section<ApplicationDraft> application_section() {
  return {text_setting("name", &ApplicationDraft::name),
          list_setting<ApplicationDraft, FileDraft>("files", &ApplicationDraft::files,
                                                    file_section(), check_file),
          section_setting("reload", &ApplicationDraft::reload, reload_section()),
          section_setting("health", &ApplicationDraft::health, health_section()),
          duration_setting("stagger", &ApplicationDraft::stagger, 0, 3600)};
}

Status check_application(const YamlView& at, const ApplicationDraft& application) {
  if (!ObjectName::parse(application.name))
    return invalid(at, "an application needs a name: letters, digits, dot, underscore, hyphen");
  const Reload& reload = application.reload;
  if (reload.pid_file.empty() != (reload.signal == 0))
    return invalid(at, "reload needs both pid_file and signal, or neither");
  if (!reload.command.empty() && reload.signal != 0)
    return invalid(at, "reload runs a command or signals a process, not both");
  return ok();
}

Status read_environment(const YamlView& at, ExecDraft& exec) {
  for (const auto& [name, value] : at.members()) {
    const bool plain = !name.empty() && name.find_first_not_of(
                                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "abcdefghijklmnopqrstuvwxyz0123456789_") == name.npos;
    if (!plain || (name[0] >= '0' && name[0] <= '9'))
      return invalid(value, "a variable's name has letters, digits and underscores");
    KW_TRY(codec::TextTemplate text, read_template(value));
    exec.application.environment.emplace_back(name, std::move(text));
  }
  if (!exec.application.environment.empty()) return ok();
  return invalid(at, "must be a map of variables and their templates");
}

Section<ExecDraft> exec_section() {
  const auto inner = [](std::string name, auto ApplicationDraft::*member, auto section) {
    return Setting<ExecDraft>{std::move(name),
                              [member, section](const YamlView& at, ExecDraft& exec) {
                                return section.read(at, exec.application.*member);
                              },
                              section.names()};
  };
  return {{"environment", read_environment, {}},
          {"files",
           [](const YamlView& at, ExecDraft& exec) {
             const auto list = list_setting<ApplicationDraft, FileDraft>(
                 "files", &ApplicationDraft::files, file_section(), check_file);
             return list.read(at, exec.application);
           },
           file_section().names()},
          inner("health", &ApplicationDraft::health, health_section()),
          {"on_change",
           [](const YamlView& at, ExecDraft& exec) -> Status {
             KW_TRY(exec.on_change, at.text());
             for (const char* known : {"restart", "signal", "nothing"})
               if (exec.on_change == known) return ok();
             return invalid(at, "must be one of: restart, signal, nothing");
           },
           {}},
          value_setting("signal", &ExecDraft::signal, read_signal),
          duration_setting("stop_timeout", &ExecDraft::stop_timeout, 1, 600),
          {"stagger",
           [](const YamlView& at, ExecDraft& exec) {
             return duration_setting("stagger", &ApplicationDraft::stagger, 0, 3600)
                 .read(at, exec.application);
           },
           {}}};
}

Section<ServerConfig> server_section() {
  return {text_setting("url", &ServerConfig::url),
          path_setting("ca_file", &ServerConfig::ca_file),
          text_setting("pinned_sha256", &ServerConfig::pinned_sha256),
          path_setting("token_file", &ServerConfig::token_file),
          path_setting("certificate_file", &ServerConfig::certificate_file),
          path_setting("private_key_file", &ServerConfig::private_key_file),
          text_setting("role_id", &ServerConfig::role_id),
          path_setting("secret_id_file", &ServerConfig::secret_id_file)};
}

Section<CacheOptions> cache_section() {
  return {path_setting("folder", &CacheOptions::folder),
          path_setting("key_file", &CacheOptions::key_file),
          {"key_credential",
           [](const YamlView& at, CacheOptions& cache) -> Status {
             KW_TRY(const std::string name, at.text());
             // systemd.exec(5), LoadCredential=.
             const char* folder = getenv("CREDENTIALS_DIRECTORY");  // NOLINT(concurrency-mt-unsafe)
             if (folder == nullptr)
               return invalid(at, "needs a service manager that gives credentials");
             if (!ObjectName::parse(name)) return invalid(at, "is the name of a credential");
             cache.key_file = std::string(folder) + "/" + name;
             return ok();
           },
           {}},
          duration_setting("max_age", &CacheOptions::max_age, 60, kMonth)};
}

Section<SocketConfig> socket_section() {
  return {path_setting("path", &SocketConfig::path),
          value_setting("mode", &SocketConfig::mode, read_mode)};
}

template <typename Number>
Setting<SecretConfig> who(std::string name, std::set<Number> SecretConfig::*member,
                          Result<Number> (*read)(const YamlView&)) {
  return {std::move(name),
          [member, read](const YamlView& at, SecretConfig& secret) -> Status {
            for (const YamlView& element : at.elements()) {
              KW_TRY(const Number number, read(element));
              (secret.*member).insert(number);
            }
            if ((secret.*member).empty()) return invalid(at, "must be a list of names or numbers");
            return ok();
          },
          {}};
}

Section<SecretConfig> secret_section() {
  return {text_setting("path", &SecretConfig::path),
          who<uid_t>("users", &SecretConfig::users, read_user),
          who<gid_t>("groups", &SecretConfig::groups, read_group)};
}

Status check_secret(const YamlView& at, const SecretConfig& secret) {
  const auto parsed = codec::TextTemplate::parse("{{" + secret.path + "}}");
  const bool plain =
      parsed && parsed->references().size() == 1 && parsed->references()[0].path == secret.path;
  if (!plain) return invalid(at, "a secret needs its path");
  if (secret.users.empty() && secret.groups.empty())
    return invalid(at, "a secret needs users or groups: who may read it");
  return ok();
}

template <typename Read>
Setting<Draft> config_setting(std::string name, Read read) {
  return {std::move(name),
          [read](const YamlView& at, Draft& draft) { return read(at, draft.config); },
          {}};
}

Setting<Draft> flag_setting(std::string name, bool Config::*member) {
  return config_setting(std::move(name), [member](const YamlView& at, Config& config) -> Status {
    KW_TRY(config.*member, at.boolean());
    return ok();
  });
}

Setting<Draft> of_config(const Setting<Config>& setting) {
  return {
      setting.name,
      [read = setting.read](const YamlView& at, Draft& draft) { return read(at, draft.config); },
      setting.inner};
}

Setting<Config> log_setting() {
  static const std::map<std::string, observe::Level, std::less<>> kLevels = {
      {"debug", observe::Level::kDebug},
      {"info", observe::Level::kInfo},
      {"warning", observe::Level::kWarning},
      {"error", observe::Level::kError}};
  const Section<Config> section = {
      {"level",
       [](const YamlView& at, Config& config) -> Status {
         KW_TRY(const std::string name, at.text());
         const auto found = kLevels.find(name);
         if (found == kLevels.end())
           return invalid(at, "must be one of: debug, info, warning, error");
         config.log_level = found->second;
         return ok();
       },
       {}},
      {"format",
       [](const YamlView& at, Config& config) -> Status {
         KW_TRY(const std::string name, at.text());
         if (name != "json" && name != "text") return invalid(at, "must be one of: json, text");
         config.log_format =
             name == "json" ? observe::Log::Format::kJson : observe::Log::Format::kText;
         return ok();
       },
       {}}};
  return {"log", [section](const YamlView& at, Config& config) { return section.read(at, config); },
          section.names()};
}

Status read_roots(const YamlView& at, Config& config) {
  for (const YamlView& element : at.elements()) {
    KW_TRY(std::string folder, element.text());
    while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
    if (!folder.starts_with('/') || folder == "/")
      return invalid(element, "a root is an absolute path, and not / itself");
    config.roots.push_back(std::move(folder));
  }
  return config.roots.empty() ? Status(invalid(at, "must be a list of folders")) : ok();
}

Section<Draft> all_settings() {
  return {
      of_config(section_setting("server", &Config::server, server_section())),
      of_config(text_setting("tenant", &Config::tenant)),
      of_config(text_setting("consumer", &Config::consumer)),
      of_config(text_setting("instance", &Config::instance)),
      flag_setting("canary", &Config::canary),
      flag_setting("allow_unlocked_memory", &Config::allow_unlocked_memory),
      of_config(duration_setting("poll", &Config::poll, 1, kDay)),
      of_config(duration_setting("refresh", &Config::refresh, 1, kMonth)),
      of_config(duration_setting("lease", &Config::lease, 10, 90 * kDay)),
      config_setting("roots", read_roots),
      of_config(section_setting("cache", &Config::cache, cache_section())),
      of_config(section_setting("socket", &Config::socket, socket_section())),
      of_config(list_setting<Config, SecretConfig>("secrets", &Config::secrets, secret_section(),
                                                   check_secret)),
      list_setting<Draft, ApplicationDraft>("applications", &Draft::applications,
                                            application_section(), check_application),
      {"exec",
       [](const YamlView& at, Draft& draft) {
         return exec_section().read(at, draft.exec.emplace());
       },
       exec_section().names()},
      of_config(log_setting()),
  };
}

Result<ApplicationConfig> placed(const YamlView& root, const Roots& roots, ApplicationDraft draft) {
  ApplicationConfig made{std::move(draft.name),   {},           std::move(draft.environment),
                         std::move(draft.reload), draft.health, draft.stagger};
  for (FileDraft& file : draft.files) {
    auto place = roots.place(file.path);
    if (!place) return invalid(root, place.error().message + "; add its folder to roots");
    made.files.push_back({*std::move(place), *std::move(file.text), file.form});
  }
  return made;
}

Status check_server(const YamlView& root, const ServerConfig& server) {
  if (server.url.empty()) return invalid(root, "server.url is missing: where the server is");
  if (server.certificate_file.empty() != server.private_key_file.empty())
    return invalid(root, "server needs both certificate_file and private_key_file, or neither");
  if (server.role_id.empty() != server.secret_id_file.empty())
    return invalid(root, "server needs both role_id and secret_id_file, or neither");
  const int ways = (server.token_file.empty() ? 0 : 1) + (server.certificate_file.empty() ? 0 : 1) +
                   (server.role_id.empty() ? 0 : 1);
  if (ways == 1) return ok();
  return invalid(root,
                 "server needs one way to prove who the agent is: token_file, certificate_file "
                 "with private_key_file, or role_id with secret_id_file");
}

Status check_together(const YamlView& root, const Config& config) {
  KW_OK(check_server(root, config.server));
  if (!TenantName::parse(config.tenant)) return invalid(root, "tenant is missing or no name");
  if (!ObjectName::parse(config.consumer)) return invalid(root, "consumer is missing or no name");
  if (!ObjectName::parse(config.instance))
    return invalid(root, "instance is no name; the default is the host's name");
  if (config.cache.folder.empty() != config.cache.key_file.empty())
    return invalid(root, "cache needs both folder and key_file (or key_credential), or neither");
  std::set<std::string> names;
  for (const ApplicationConfig& each : config.applications)
    if (!names.insert(each.name).second)
      return invalid(root, "two applications are called \"" + each.name + "\"");
  if (config.applications.empty() && config.secrets.empty() && !config.exec)
    return invalid(root, "there is nothing to do: no applications, no secrets, no exec");
  if (!config.secrets.empty() && config.socket.path.empty())
    return invalid(root, "secrets are read at the local socket: socket.path is missing");
  return ok();
}

Result<Config> finished(const YamlView& root, Draft draft) {
  Config config = std::move(draft.config);
  const Roots roots(config.roots);
  for (ApplicationDraft& each : draft.applications) {
    KW_TRY(ApplicationConfig made, placed(root, roots, std::move(each)));
    config.applications.push_back(std::move(made));
  }
  if (draft.exec) {
    ExecDraft& given = *draft.exec;
    given.application.name = "exec";
    ExecConfig exec;
    exec.on_change = given.on_change == "restart"  ? ExecChange::kRestart
                     : given.on_change == "signal" ? ExecChange::kSignal
                                                   : ExecChange::kNothing;
    exec.signal = given.signal;
    exec.stop_timeout = given.stop_timeout;
    if ((exec.on_change == ExecChange::kSignal) != (exec.signal != 0))
      return invalid(root, "exec.on_change: signal and exec.signal belong together");
    KW_TRY(exec.application, placed(root, roots, std::move(given.application)));
    config.exec = std::move(exec);
  }
  if (config.instance.empty()) {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) == 0) config.instance = name.data();
  }
  KW_OK(check_together(root, config));
  return config;
}

}  // namespace

Result<Config> parse_config(std::string_view yaml, const std::string& file_name) {
  KW_TRY(const codec::YamlDocument document, codec::YamlDocument::parse(yaml, file_name));
  Draft draft;
  auto read = all_settings().read(document.root(), draft);
  if (!read) {
    Error why = std::move(read).error();
    why.reason = "config_invalid";
    return why;
  }
  return finished(document.root(), std::move(draft));
}

Result<Config> load_config(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in)
    return error(Code::kNotFound, "config_missing", "cannot read the configuration file " + file);
  std::ostringstream content;
  content << in.rdbuf();
  return parse_config(content.str(), file);
}

std::vector<std::string> setting_names() {
  return all_settings().names();
}

std::vector<std::string> doubts(const Config& config) {
  std::vector<std::string> found;
  for (const ApplicationConfig& each : config.applications) {
    if (std::holds_alternative<std::monostate>(each.health.how))
      found.push_back("application " + each.name +
                      " has no health check: a rotation waits until it says \":used\" at the "
                      "socket");
    if (each.reload.command.empty() && each.reload.signal == 0)
      found.push_back("application " + each.name +
                      " has no reload: it must notice by itself that its files change");
  }
  if (config.cache.folder.empty())
    found.emplace_back("there is no cache: nothing starts while the server is away");
  return found;
}

}  // namespace kw::agent
