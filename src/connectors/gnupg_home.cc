#include "connectors/gnupg_home.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "connectors/outcome.h"

namespace kw::connectors {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSocketPathMax = 107;
constexpr std::string_view kSocketName = "/S.gpg-agent.browser";  // the longest of an agent

Error no_folder() {
  return error(Code::kUnavailable, "no_folder", "no temporary folder can be made");
}

}  // namespace

GnupgHome::GnupgHome(Gpg gpg, std::string folder, SteadyTime deadline)
    : gpg_(std::move(gpg)), folder_(std::move(folder)), deadline_(deadline) {}

GnupgHome::GnupgHome(GnupgHome&& other) noexcept
    : gpg_(std::move(other.gpg_)),
      folder_(std::exchange(other.folder_, {})),
      deadline_(other.deadline_),
      ours_(other.ours_) {}

Result<GnupgHome> GnupgHome::temporary(Gpg gpg, SteadyTime deadline) {
  std::error_code failed;
  const std::string scratch =
      gpg.scratch.empty() ? fs::temp_directory_path(failed).string() : gpg.scratch;
  std::string pattern = scratch + "/g.XXXXXX";
  if (pattern.size() + kSocketName.size() > kSocketPathMax)
    return error(Code::kFailedPrecondition, "path_too_long",
                 "gpg's agent needs a shorter path of the data directory: at most 70 characters");
  if (failed || mkdtemp(pattern.data()) == nullptr) return no_folder();
  GnupgHome made(std::move(gpg), std::move(pattern), deadline);
  made.ours_ = true;
  return made;
}

GnupgHome::~GnupgHome() {
  std::error_code ignored;
  if (!folder_.empty() && ours_) fs::remove_all(folder_, ignored);
}

Result<ProgramEnd> GnupgHome::run(std::vector<std::string> arguments,
                                  std::string_view input) const {
  std::vector<std::string> all{"--homedir",         folder_,
                               "--no-tty",          "--no-options",
                               "--quiet",           "--no-auto-key-retrieve",
                               "--pinentry-mode",   "loopback",
                               "--passphrase",      "",
                               "--display-charset", "utf-8",
                               "--status-fd",       "3"};
  all.insert(all.begin(), gpg_.program.arguments.begin(), gpg_.program.arguments.end());
  all.insert(all.end(), arguments.begin(), arguments.end());
  KW_TRY(ProgramEnd end, gpg_.run({.path = gpg_.program.path,
                                   .arguments = std::move(all),
                                   .input = input,
                                   .deadline = deadline_,
                                   .output_max = 1 << 20,
                                   .takes_status = true}));
  if (end.how == ProgramEnd::How::kTimedOut) return too_slow("gpg");
  if (end.how != ProgramEnd::How::kExited)
    return error(Code::kUnavailable, "program_failed", "gpg was killed or wrote too much");
  return end;
}

Result<WipedText> GnupgHome::must(std::vector<std::string> arguments,
                                  std::string_view input) const {
  KW_TRY(ProgramEnd end, run(std::move(arguments), input));
  if (end.code == 0) return std::move(end.output);
  return error(Code::kFailedPrecondition, "gpg_refused",
               "gpg ended with code " + std::to_string(end.code));
}

Result<std::vector<GnupgSubkey>> GnupgHome::subkeys(const std::string& primary) const {
  KW_TRY(const WipedText listing,
         must({"--batch", "--with-colons", "--list-secret-keys", primary}));
  return gnupg_subkeys(listing);
}

Result<GnupgVerdict> GnupgHome::signs(const std::string& fingerprint, std::string_view text,
                                      std::string_view text_seen) const {
  const fs::path place(folder_);
  KW_TRY(const WipedText signature,
         must({"--batch", "--local-user", fingerprint + "!", "--detach-sign"}, text));
  std::ofstream(place / "probe.sig", std::ios::binary) << std::string_view(signature);
  KW_TRY(const ProgramEnd verified,
         run({"--batch", "--verify", place / "probe.sig", "-"}, text_seen));
  return gnupg_verdict(verified.status, fingerprint);
}

}  // namespace kw::connectors
