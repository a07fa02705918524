#include <array>
#include <optional>

#include "store/engines/catalog.h"
#include "store/reader_pool.h"
#include "store/schema.h"
#include "store/writer.h"

namespace kw::store {

namespace {

/// One engine, its writer thread and its readers; a second writer for slices where it has many.
class EngineStore final : public Store {
 public:
  EngineStore(std::unique_ptr<Engine> engine, std::unique_ptr<Session> session,
              std::unique_ptr<Session> slices)
      : engine_(std::move(engine)), readers_(*engine_), writer_(std::move(session), clock_) {
    if (slices) slices_.emplace(std::move(slices), clock_);
  }

  Status write(const Work& work, Priority priority) override {
    const bool apart = priority == Priority::kSlice && slices_;
    return (apart ? *slices_ : writer_).run(work, priority);
  }
  void write_async(Work work, std::function<void(Status)> done) override {
    writer_.submit(std::move(work), std::move(done), Priority::kForeground);
  }
  Status read(const std::function<Status(Reader&)>& work) override { return readers_.run(work); }
  Status migrate(std::span<const Migration> migrations) override;
  std::string_view engine() const override { return engine_->name(); }
  Foreground foreground() const override { return writer_.foreground(); }

 private:
  template <typename Step>
  Status write_schema(const Step& step) {
    // Every Tx that the writer hands out is its Session.
    return write([&](Tx& tx) { return step(static_cast<Session&>(tx)); }, Priority::kForeground);
  }

  SystemClock clock_;
  std::unique_ptr<Engine> engine_;
  ReaderPool readers_;
  // Last: their threads end before what they use.
  Writer writer_;
  std::optional<Writer> slices_;
};

Status EngineStore::migrate(std::span<const Migration> migrations) {
  KW_OK(check_numbers(migrations));
  // Two nodes that create it at once may both find it missing, and one of them fails.
  const auto create = [](Session& session) { return create_version_table(session); };
  if (!write_schema(create)) KW_OK(write_schema(create));
  KW_OK(write_schema([&](Session& session) { return refuse_newer(session, migrations); }));
  for (const Migration& migration : migrations)
    KW_OK(write_schema([&](Session& session) { return apply(session, migration, clock_); }));
  return ok();
}

}  // namespace

Result<std::unique_ptr<Store>> open(const std::string& url) {
  KW_TRY(std::unique_ptr<Engine> engine, engines::make(url));
  KW_TRY(std::unique_ptr<Session> session, engine->open_writer());
  std::unique_ptr<Session> slices;
  if (engine->many_writers()) {
    KW_TRY(slices, engine->open_writer());
  }
  return std::unique_ptr<Store>(
      std::make_unique<EngineStore>(std::move(engine), std::move(session), std::move(slices)));
}

}  // namespace kw::store
