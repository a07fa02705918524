// One application: its files, its reload, its health gate. Takes new values as a whole: everything
// is rendered, then written, then reloaded, then looked at; when it is not well, everything goes
// back.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/config.h"
#include "agent/holdings.h"
#include "observe/log.h"

namespace kw::agent {

/// How an application gets to know its new content. Exec mode has its own.
class Delivery {
 public:
  virtual ~Delivery() = default;
  /// @errors those of the command, the signal or the program
  virtual Status reload(const Environment& environment) = 0;
};

/// Everything that an application gets, as text.
struct Rendering {
  std::vector<WipedText> files;  ///< in the order of the settings
  Environment environment;
  bool same_as(const Rendering& other) const;
};

/// The outcome of one try.
struct Taken {
  enum class Kind : std::uint8_t {
    kUnchanged,  ///< the application has it already
    kTaken,      ///< written and reloaded; well, when there is a gate
    kRefused,    ///< not well: the former content is back
    kUnwell,     ///< not well, and there is nothing to go back to, or nothing changed
    kImpossible  ///< a value is missing, or nothing could be written: nothing was changed
  };
  Kind kind = Kind::kUnchanged;
  bool well = false;  ///< the health gate was passed: there is one
  Error why;          ///< of all others
};

/// Used by the agent's worker alone. Borrows everything.
class Application {
 public:
  Application(const ApplicationConfig& config, Holdings& holdings, Delivery& delivery, Pause& pause,
              const observe::Log& log);

  const std::string& name() const { return config_.name; }
  const std::vector<codec::TextReference>& references() const { return references_; }
  /// The versions that it would get now; empty when one is missing.
  std::map<std::string, std::uint32_t> wanted_versions() const;
  const std::map<std::string, std::uint32_t>& versions() const { return versions_; }
  /// True when it should take something: other versions than it has, or again what it refused a
  /// while ago.
  bool is_behind(SteadyTime now) const;

  Taken take(SteadyTime now);
  /// Whether its texts can be made with this version, which nobody uses yet.
  Status probe(const client::SecretPointer& upcoming) const;
  /// Takes away what a crash left beside its files.
  void sweep(WallTime older) const;

 private:
  using Wanted = std::function<client::SecretPointer(const codec::TextReference&)>;
  Result<Rendering> render(const Wanted& wanted) const;
  Status write(const Rendering& rendering) const;
  Rendering on_disk() const;
  void put_back(const Rendering& former);
  Taken take_rendered();
  Taken settle(Rendering rendering, bool changed);

  const ApplicationConfig& config_;
  Holdings& holdings_;
  Delivery& delivery_;
  Pause& pause_;
  const observe::Log& log_;
  std::vector<codec::TextReference> references_;
  bool is_whole(const Rendering& rendering) const;
  std::optional<Rendering> in_force_;
  bool well_ = false;  ///< what is in force passed the gate, if there is one
  std::map<std::string, std::uint32_t> versions_;
  std::map<std::string, std::uint32_t> refused_;
  SteadyTime refused_at_;
};

}  // namespace kw::agent
