// Sends notifications by webhook.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runner/outbound/notification_rule.h"
#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "runner/ports/journal.h"

namespace quietgate {

struct NoticeText {
  Notice about = Notice::failed;
  std::string text;  // one line
};
// The notice for a row, if there is one.
std::optional<NoticeText> notice_of(const Event& event);

class Notifier {
 public:
  using Say = std::function<void(const std::string& line)>;
  // The references must outlive it.
  Notifier(Journal& journal, Catalog& catalog, Http& http, Clock& clock, std::vector<NotificationRule> rules, Say say);

  // Follows the journal from now on, until stopped. Sends each notice once, in order, with three tries of ten seconds.
  // If all fail, logs the notice and continues. Throws Stopped.
  Task<void> tell(Stop& stop);

 private:
  Task<std::optional<NoticeText>> notice_of_release(RunFinished finished);
  Task<void> send(const NotificationRule& rule, std::string text, Stop& stop);

  Journal& journal_;
  Catalog& catalog_;
  Http& http_;
  Clock& clock_;
  std::vector<NotificationRule> rules_;
  Say say_;
};

}  // namespace quietgate
