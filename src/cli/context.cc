#include "cli/context.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "codec/json.h"

namespace kw::cli {

namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value =
      std::getenv(name);  // NOLINT(concurrency-mt-unsafe): the command line has one thread here
  return value == nullptr ? "" : value;
}

Error bad_file(const std::string& path) {
  return error(Code::kInvalidArgument, "bad_context_file", "cannot read the contexts in " + path);
}

Error cannot_write(const std::string& path) {
  return error(Code::kFailedPrecondition, "cannot_write", "cannot write " + path);
}

std::string text_or_empty(const codec::JsonView& object, std::string_view name) {
  const auto text = object.text(name);
  return text ? std::string(*text) : "";
}

Context read_context(const codec::JsonView& object) {
  Context context;
  context.url = text_or_empty(object, "url");
  context.tenant = text_or_empty(object, "tenant");
  context.ca_file = text_or_empty(object, "ca_file");
  context.pinned_sha256 = text_or_empty(object, "pinned_sha256");
  context.client_certificate_file = text_or_empty(object, "client_certificate_file");
  context.client_key_file = text_or_empty(object, "client_key_file");
  if (const auto token = object.text("token")) context.token.assign(*token);
  return context;
}

void write_context(codec::JsonWriter& json, const Context& context) {
  json.begin_object().member("url", context.url).member("tenant", context.tenant);
  json.member("ca_file", context.ca_file).member("pinned_sha256", context.pinned_sha256);
  json.member("client_certificate_file", context.client_certificate_file)
      .member("client_key_file", context.client_key_file);
  json.member("token", std::string_view(context.token.data(), context.token.size())).end_object();
}

}  // namespace

std::string context_directory() {
  if (std::string own = environment("KEYWRIGHT_CONFIG_DIR"); !own.empty()) return own;
  if (const std::string xdg = environment("XDG_CONFIG_HOME"); !xdg.empty())
    return xdg + "/keywright";
  return environment("HOME") + "/.config/keywright";
}

Result<Contexts> load_contexts() {
  const std::string path = context_directory() + "/contexts.json";
  std::ifstream in(path, std::ios::binary);
  if (!in) return Contexts{};
  std::ostringstream content;
  content << in.rdbuf();
  const auto document = codec::JsonDocument::parse(content.str());
  if (!document) return bad_file(path);
  Contexts contexts;
  contexts.current = text_or_empty(document->root(), "current");
  const auto all = document->root().member("contexts");
  if (!all) return bad_file(path);
  for (const auto& [name, object] : all->members())
    contexts.all.emplace(name, read_context(object));
  return contexts;
}

Status save_contexts(const Contexts& contexts) {
  const std::string directory = context_directory();
  const std::string path = directory + "/contexts.json";
  std::error_code failure;
  fs::create_directories(directory, failure);
  codec::JsonWriter json;
  json.begin_object().member("current", contexts.current).name("contexts").begin_object();
  for (const auto& [name, context] : contexts.all) {
    json.name(name);
    write_context(json, context);
  }
  json.end_object().end_object();
  const std::string temporary = path + "." + std::to_string(getpid());
  const int file =
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return cannot_write(temporary);
  const std::string_view text = json.text();
  const bool wrote = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                     fsync(file) == 0;
  close(file);
  if (wrote && rename(temporary.c_str(), path.c_str()) == 0) return ok();
  unlink(temporary.c_str());
  return cannot_write(path);
}

Status save_development_context(const std::string& url, const std::string& certificate_sha256,
                                const WipedText& token) {
  KW_TRY(Contexts contexts, load_contexts());
  Context context;
  context.url = url;
  context.tenant = "acme";
  context.pinned_sha256 = certificate_sha256;
  context.token = token;
  contexts.all["dev"] = std::move(context);
  contexts.current = "dev";
  return save_contexts(contexts);
}

}  // namespace kw::cli
