// An alert feed that a test speaks into.
#pragma once

#include "runner/ports/alert_feed.h"

namespace quietgate {

struct FakeAlertFeed final : AlertFeed {
  std::string sentence;
  std::string fired() const override { return sentence; }
};

}  // namespace quietgate
