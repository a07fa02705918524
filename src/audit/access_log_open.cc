// Taking an access log's folder over.
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>

#include "audit/access_log_state.h"
#include "audit/note.h"
#include "base/name.h"

namespace kw::audit {

namespace {

constexpr std::chrono::microseconds kLingerMax{2000};
constexpr std::size_t kGroupMax = 65536;

Status check(const AccessLog::Options& options) {
  const auto bad = [](std::string_view why) {
    return error(Code::kInvalidArgument, "bad_access_log", why);
  };
  if (options.directory.empty()) return bad("an access log needs a directory");
  if (!ObjectName::parse(options.node)) return bad(ObjectRule::kGrammar);
  if (!is_key_name(options.origin)) return bad("an origin has no spaces and no '+'");
  if (options.linger < std::chrono::microseconds(0) || options.linger > kLingerMax)
    return bad("linger is 0 to 2 ms");
  if (options.group_max < 1 || options.group_max > kGroupMax)
    return bad("group_max is 1 to 65,536");
  return ok();
}

// One process per folder: two writers would interleave two histories.
Result<Descriptor> lock_folder(const std::string& folder) {
  Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory.is_open()) return io_error(folder, errno);
  if (flock(directory.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return io_error(folder, errno);
    return error(Code::kFailedPrecondition, "audit_in_use",
                 "another process writes this access log");
  }
  if (fchmod(directory.get(), 0700) != 0) return io_error(folder, errno);
  return directory;
}

std::string folder_of(const AccessLog::Options& options) {
  return options.directory + "/" + options.node;
}

}  // namespace

Result<std::unique_ptr<AccessLog>> AccessLog::open(Options options, const Clock& clock) {
  KW_OK(check(options));
  const std::string folder = folder_of(options);
  KW_OK(make_directories(folder));
  auto state = std::make_unique<State>(std::move(options), clock, folder);
  KW_TRY(state->lock, lock_folder(folder));

  KW_TRY(HeadFile head, HeadFile::open(folder));
  KW_TRY(Recovered recovered, recover(folder, head.read()));
  KW_TRY(state->newest_note, recover_notes(folder));
  const std::uint64_t cut_bytes = recovered.cut_bytes;
  KW_TRY(AccessWriter writer, AccessWriter::open(folder, std::move(head), std::move(recovered)));
  state->writer = std::make_unique<AccessWriter>(std::move(writer));
  state->publish();

  if (const Status reserved = state->reserve.restore(); !reserved) {
    if (reserved.error().reason != "disk_full") return reserved.error();
    state->full = true;
  }
  auto log = std::unique_ptr<AccessLog>(new AccessLog(std::move(state)));
  State* shared = log->state_.get();
  shared->thread = std::thread([shared] { shared->run(); });
  if (cut_bytes == 0) return log;

  Event event;
  event.action = "audit.tail_cut";
  event.outcome = Outcome::kFailed;
  event.method = "internal";
  event.kind = "access-log";
  event.object = shared->options.node;
  event.count = static_cast<std::int64_t>(cut_bytes);
  KW_OK(log->append_and_wait(event));
  return log;
}

}  // namespace kw::audit
