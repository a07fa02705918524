#include "audit/verifier.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "audit/files.h"
#include "audit/segment.h"
#include "audit/verify_log.h"
#include "base/clock.h"
#include "codec/base64.h"

namespace kw::audit {

namespace {

namespace fs = std::filesystem;

struct NodeFolder {
  std::string node;
  std::string path;
};

bool exists(const std::string& path) {
  std::error_code failure;
  return fs::exists(path, failure);
}

bool is_node_folder(const std::string& path) {
  return exists(segment_path(path, 0)) || exists(path + "/checkpoints");
}

std::vector<NodeFolder> node_folders(const std::string& directory) {
  std::vector<NodeFolder> folders;
  std::error_code failure;
  for (fs::directory_iterator at(directory, failure), end; !failure && at != end;
       at.increment(failure))
    if (at->is_directory(failure) && !failure && is_node_folder(at->path().string()))
      folders.push_back({at->path().filename().string(), at->path().string()});
  std::sort(folders.begin(), folders.end(),
            [](const NodeFolder& a, const NodeFolder& b) { return a.node < b.node; });
  return folders;
}

// What lies in the directory that was named.
struct Layout {
  bool change_log = false;
  bool access_folder = false;
  std::vector<NodeFolder> nodes;
};

Layout look_at(const std::string& directory) {
  Layout layout;
  layout.change_log = exists(directory + "/checkpoint") || exists(directory + "/tile");
  layout.access_folder = exists(directory + "/access");
  if (layout.access_folder)
    layout.nodes = node_folders(directory + "/access");
  else if (!layout.change_log && is_node_folder(directory))
    layout.nodes = {{fs::path(directory).lexically_normal().filename().string(), directory}};
  else if (!layout.change_log)
    layout.nodes = node_folders(directory);
  return layout;
}

Result<std::optional<VerifierKey>> key_in(const std::string& directory) {
  KW_TRY(const Bytes line, read_if_present(directory + "/vkey", kNoteBytesMax));
  // A damaged vkey file is no key: what it should have verified is then told as badly signed.
  auto key = parse_vkey(as_text(line));
  return key ? std::optional(*std::move(key)) : std::nullopt;
}

Result<std::optional<VerifierKey>> change_log_key(const VerifyOptions& options) {
  if (options.verifier_key.empty()) return key_in(options.directory);
  KW_TRY(VerifierKey pinned, parse_vkey(options.verifier_key));
  return std::optional(std::move(pinned));
}

void conclude(LogReport& report) {
  if (report.leaves > 0 && report.proven == 0) tell(report, "unproven", "checkpoints");
  report.good = report.problem.empty();
}

void tell_missing_nodes(const std::vector<Anchor>& anchors, const Layout& layout,
                        VerifyReport& report) {
  std::set<std::string> missing;
  for (const Anchor& anchor : anchors) missing.insert(anchor.node);
  for (const NodeFolder& folder : layout.nodes) missing.erase(folder.node);
  for (const std::string& node : missing) {
    LogReport& log = report.logs.emplace_back();
    log.name = "access log " + node;
    tell_record(log, "truncated", 0, "access/" + node);
  }
}

class Verification {
 public:
  Verification(std::string directory, Layout layout, std::optional<VerifierKey> key)
      : directory_(std::move(directory)), layout_(std::move(layout)), key_(std::move(key)) {}

  Result<VerifyReport> run() {
    if (layout_.change_log) KW_OK(change_log());
    for (const NodeFolder& folder : layout_.nodes) KW_OK(access_log(folder));
    if (layout_.access_folder) tell_missing_nodes(anchors_, layout_, report_);
    return std::move(report_);
  }

 private:
  Status change_log() {
    LogReport& log = report_.logs.emplace_back();
    log.name = "change log";
    KW_TRY(anchors_, verify_change_log(directory_, key_, log));
    conclude(log);
    return ok();
  }

  Status access_log(const NodeFolder& folder) {
    LogReport log;
    log.name = "access log " + folder.node;
    auto key = key_;
    if (!key && !layout_.change_log) {
      KW_TRY(key, key_in(folder.path));
    }
    KW_OK(verify_access_log(folder.path, folder.node, key, anchors_, log));
    const bool anchored = std::any_of(anchors_.begin(), anchors_.end(), [&](const Anchor& anchor) {
      return anchor.node == folder.node;
    });
    if (layout_.change_log && log.leaves > 0 && !anchored)
      tell(log, "not_anchored", "access/" + folder.node);
    conclude(log);
    report_.logs.push_back(std::move(log));
    return ok();
  }

  std::string directory_;
  Layout layout_;
  std::optional<VerifierKey> key_;
  std::vector<Anchor> anchors_;
  VerifyReport report_;
};

}  // namespace

Result<Bytes> read_if_present(const std::string& path, std::size_t bytes_max) {
  auto bytes = read_file(path, bytes_max);
  const bool nothing = !bytes && bytes.error().reason != "io_error";
  return nothing ? Result<Bytes>(Bytes()) : bytes;
}

TreeCheck::TreeCheck(const std::vector<Claim>& claims, LogReport& report)
    : claims_(claims), report_(report) {
  hold("");
}

// A claim of size 0 is about the empty tree, before any leaf.
bool TreeCheck::hold(std::string_view time) {
  if (next_ == claims_.size() || claims_[next_].size != frontier_.size()) return true;
  if (claims_[next_].root != frontier_.root()) {
    tell_record(report_, "hash_differs", suspect_.value_or(held_),
                "between the checkpoints of size " + std::to_string(held_) + " and " +
                    std::to_string(frontier_.size()));
    return false;
  }
  ++next_;
  held_ = frontier_.size();
  report_.proven = held_;
  report_.checkpoint_time = time;
  suspect_.reset();
  return true;
}

bool TreeCheck::add(const Hash& hash, std::string_view time, bool suspect,
                    const Frontier::Completed& completed) {
  if (suspect && !suspect_) suspect_ = frontier_.size();
  frontier_.add(hash, completed);
  ++report_.leaves;
  return hold(time);
}

void TreeCheck::finish() {
  report_.root_hex = codec::hex(frontier_.root());
  if (suspect_)
    tell_record(report_, "hash_differs", *suspect_,
                "behind the checkpoint of size " + std::to_string(held_));
  else if (next_ < claims_.size())
    tell_record(report_, "truncated", frontier_.size(),
                "a checkpoint has " + std::to_string(claims_.back().size) + " records");
}

bool VerifyReport::good() const {
  return !logs.empty() &&
         std::all_of(logs.begin(), logs.end(), [](const LogReport& log) { return log.good; });
}

Result<VerifyReport> verify(const VerifyOptions& options) {
  const SystemClock clock;
  const SteadyTime start = clock.steady();
  Layout layout = look_at(options.directory);
  if (!layout.change_log && layout.nodes.empty())
    return error(Code::kInvalidArgument, "not_an_audit_directory",
                 "neither an audit export nor a folder of access logs");
  KW_TRY(auto key, change_log_key(options));
  KW_TRY(VerifyReport report,
         Verification(options.directory, std::move(layout), std::move(key)).run());
  report.seconds = std::chrono::duration<double>(clock.steady() - start).count();
  return report;
}

}  // namespace kw::audit
