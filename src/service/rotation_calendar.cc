#include "service/rotation_calendar.h"

#include <algorithm>

#include "service/rotation_inventory.h"

namespace kw::service {

namespace {

constexpr std::size_t kSubjectsMax = 100'000;
constexpr std::chrono::days kLongest{400};

// A development server's schedule may pass faster than the clock: what is shown is real time.
void show_real(rotation::Calendar& calendar, const rotation::ScheduleRate& rate) {
  calendar.from = rate.real(calendar.from);
  calendar.to = rate.real(calendar.to);
  for (rotation::CalendarEntry& entry : calendar.entries) entry.at = rate.real(entry.at);
  for (rotation::CalendarFreeze& freeze : calendar.freezes) {
    freeze.from = rate.real(freeze.from);
    freeze.to = rate.real(freeze.to);
  }
}

}  // namespace

Result<rotation::Calendar> rotation_calendar(House& house, Call& call, int days) {
  using rotation::Calendar;
  return consulted<Calendar>(house, call, [&]() -> Result<Calendar> {
    const rotation::ScheduleRate& rate = house.rotation.schedule_rate;
    KW_TRY(Inventory inventory, read_inventory(house, call.tenant, kSubjectsMax));
    if (!inventory.whole)
      return error(Code::kResourceExhausted, "inventory_too_large",
                   "a calendar looks at 100,000 subjects at most; name a tenant");
    for (rotation::SubjectFacts& facts : inventory.subjects)
      facts = rate.scheduled(std::move(facts));
    KW_TRY(const auto documents, house.rotation.policies.documents());
    const auto wanted = std::chrono::days(days) * rate.rate;
    KW_TRY(Calendar calendar, rotation::make_calendar(inventory.subjects, *documents,
                                                      rate.scheduled(house.clock.wall()),
                                                      std::min<std::chrono::days>(wanted, kLongest),
                                                      house.rotation.jitter_seed));
    calendar.problems.insert(calendar.problems.begin(), inventory.problems.begin(),
                             inventory.problems.end());
    show_real(calendar, rate);
    return calendar;
  });
}

}  // namespace kw::service
