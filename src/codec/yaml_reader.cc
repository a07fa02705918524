#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "codec/strict_text.h"
#include "codec/yaml_node.h"

namespace kw::codec {

namespace {

using Node = YamlView::Node;
using Kind = YamlView::Kind;

constexpr std::size_t kBytesMax = 1 << 20;
constexpr std::size_t kDepthMax = 32;
constexpr std::size_t kNodesMax = 20'000;
constexpr std::size_t kBracketsMax = 20'000;

constexpr std::string_view kSyntax = "yaml_syntax";
constexpr std::string_view kLimit = "yaml_limit";

// Leaves yaml-cpp's parser from inside an event; never leaves this file.
struct Refusal {
  std::string_view reason;
  std::string_view message;
  YamlPlace place;
};

YamlPlace place_of(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

// YAML 1.2.2, 10.3.2: the core schema's null.
bool is_null_word(const std::string& text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

// Builds our nodes from yaml-cpp's events, which come without any tree of its own. Open containers
// are on a stack and join their parent when they close, so that no node moves while something
// points into it.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(std::shared_ptr<const std::string> file) : file_(std::move(file)) {
    root_.file = file_;
    root_.place = {1, 1};
  }
  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw Refusal{kSyntax, "only one document is allowed", place_of(mark)};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add_scalar(start(mark, "", anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refusal{kSyntax, "aliases are not allowed", place_of(mark)};
  }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    throw Refusal{kSyntax, "anchors are not allowed", place_of(mark)};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = start(mark, tag, anchor);
    node.quoted = tag == "!";
    node.kind = !node.quoted && is_null_word(value) ? Kind::kNull : Kind::kScalar;
    node.text = value;
    add_scalar(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Kind::kSequence, start(mark, tag, anchor));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Kind::kMap, start(mark, tag, anchor));
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    std::set<std::string, std::less<>> names;
    std::string name;
    YamlPlace name_place;
    bool named = false;  ///< a map has read the name of its next member
  };

  // What every event has to pass before anything is built.
  Node start(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const YamlPlace place = place_of(mark);
    if (anchor != YAML::NullAnchor) throw Refusal{kSyntax, "anchors are not allowed", place};
    if (!tag.empty() && tag != "?" && tag != "!")
      throw Refusal{kSyntax, "tags are not allowed", place};
    if (++nodes_ > kNodesMax) throw Refusal{kLimit, "the file has too many entries", place};
    Node node;
    node.place = place;
    node.file = file_;
    return node;
  }

  bool expects_name() const {
    return !open_.empty() && open_.back().node.kind == Kind::kMap && !open_.back().named;
  }

  void add_scalar(Node node) {
    if (!expects_name()) return attach(std::move(node));
    if (node.kind == Kind::kNull)
      throw Refusal{kSyntax, "a map needs a name before ':'", node.place};
    Open& map = open_.back();
    if (!map.names.insert(node.text).second)
      throw Refusal{"yaml_duplicate_key", "this name is already in the map", node.place};
    map.name = std::move(node.text);
    map.name_place = node.place;
    map.named = true;
  }

  void open(Kind kind, Node node) {
    if (expects_name()) throw Refusal{kSyntax, "a name in a map must be a scalar", node.place};
    if (open_.size() >= kDepthMax) throw Refusal{kLimit, "nested too deeply", node.place};
    node.kind = kind;
    open_.emplace_back().node = std::move(node);
  }

  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    attach(std::move(node));
  }

  void attach(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    node.name = std::exchange(parent.name, {});
    node.name_place = parent.name_place;
    parent.named = false;
    parent.node.children.push_back(std::move(node));
  }

  std::shared_ptr<const std::string> file_;
  Node root_;
  std::vector<Open> open_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

Error refused(std::string_view file, const Refusal& refusal) {
  return error(Code::kInvalidArgument, refusal.reason,
               yaml_where(file, refusal.place) + ": " + std::string(refusal.message));
}

YamlPlace place_at(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? at : at - newline - 1;
  return {1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')),
          1 + static_cast<int>(column)};
}

// YAML 1.2.2, 5.1: control characters other than tab and line ends are not printable. yaml-cpp
// would take some of them for the end of the text or for UTF-16.
bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

// The checks that need no parser. yaml-cpp looks for the end of every open bracket before it tells
// of the first, so brackets are counted here.
Status check_text(std::string_view text, std::string_view file) {
  if (text.size() > kBytesMax) return refused(file, {kLimit, "larger than 1 MiB", {1, 1}});
  if (!valid_utf8(text)) return refused(file, {kSyntax, "the file is not UTF-8", {1, 1}});
  const auto* control = std::find_if(text.begin(), text.end(), is_control);
  if (control != text.end()) {
    const YamlPlace place = place_at(text, static_cast<std::size_t>(control - text.begin()));
    return refused(file, {kSyntax, "control characters are not allowed", place});
  }
  const auto brackets =
      std::count_if(text.begin(), text.end(), [](char c) { return c == '[' || c == '{'; });
  if (static_cast<std::size_t>(brackets) > kBracketsMax)
    return refused(file, {kLimit, "too many brackets", {1, 1}});
  return ok();
}

}  // namespace

std::string yaml_where(std::string_view file, YamlPlace place) {
  return std::string(file) + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

Result<std::unique_ptr<Node>> read_yaml(std::string_view text, std::string_view file_name) {
  KW_OK(check_text(text, file_name));
  try {
    Builder builder(std::make_shared<const std::string>(file_name));
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return std::make_unique<Node>(builder.take());
  } catch (const Refusal& refusal) {
    return refused(file_name, refusal);
  } catch (const YAML::Exception& failure) {
    return refused(file_name, {kSyntax, failure.msg, place_of(failure.mark)});
  } catch (const std::exception&) {
    return refused(file_name, {kSyntax, "the file cannot be read as YAML", {1, 1}});
  }
}

}  // namespace kw::codec
