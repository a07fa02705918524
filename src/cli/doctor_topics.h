// What each check of `keywright doctor` asks. Kept in the program: it must be readable when nothing
// runs.
#pragma once

#include <string_view>

namespace kw::cli {

struct DoctorTopic {
  std::string_view id, question, why, mend;
};
/// nullptr when there is no such check.
const DoctorTopic* doctor_topic(std::string_view id);

}  // namespace kw::cli
