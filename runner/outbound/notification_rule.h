// A webhook and the notices that it receives.
#pragma once

#include <set>
#include <string>

namespace quietgate {

enum class Notice { promoted, rolled_back, failed, approval };

struct NotificationRule {
  std::string url;  // http or https; a webhook that accepts {"text": ...}, such as those of Slack and Mattermost
  std::set<Notice> about;
  bool operator==(const NotificationRule&) const = default;
};

}  // namespace quietgate
