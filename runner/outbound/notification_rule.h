// Who is told what.
#pragma once

#include <set>
#include <string>

namespace quietgate {

enum class Notice { promoted, rolled_back, failed, approval };

struct NotificationRule {
  std::string url;  // http or https; a webhook that takes {"text": ...}, as Slack's and Mattermost's do
  std::set<Notice> about;
  bool operator==(const NotificationRule&) const = default;
};

}  // namespace quietgate
