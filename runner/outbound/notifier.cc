#include "runner/outbound/notifier.h"

#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/model/release.h"
#include "runner/ports/folded_run.h"

namespace quietgate {

namespace {

constexpr std::size_t read_batch = 256;
constexpr std::size_t longest_text = 2'000;
constexpr Milliseconds patience{10'000};
constexpr Milliseconds pauses[] = {Milliseconds{2'000}, Milliseconds{10'000}, Milliseconds{0}};

std::string brief(const CommitId& id) {
  return id.substr(0, 7);
}

struct Telling {
  std::optional<NoticeText> operator()(const CommitPromoted& e) const {
    const auto where = e.branch + " of " + e.run.repository;
    if (e.rollback)
      return NoticeText{Notice::rolled_back, where + " was rolled back from " + brief(e.from) + " to " + brief(e.to) +
                                                 " (run " + to_string(e.run) + ")"};
    return NoticeText{Notice::promoted, where + " is now at " + brief(e.to) + " (run " + to_string(e.run) + ")"};
  }
  std::optional<NoticeText> operator()(const RunRequested& e) const {
    if (!e.rollback.wanted()) return std::nullopt;
    return NoticeText{Notice::rolled_back, to_string(e.run) + ": " + e.cause + ": " + e.rollback.reason};
  }
  std::optional<NoticeText> operator()(const RunFinished& e) const {
    if (e.outcome == Outcome::passed || e.outcome == Outcome::cancelled) return std::nullopt;
    return NoticeText{Notice::failed,
                      "run " + to_string(e.run) + " ended as " + to_string(e.outcome) + ": " + e.reason};
  }
  std::optional<NoticeText> operator()(const ApprovalAwaited& e) const {
    return NoticeText{Notice::approval, "run " + to_string(e.run) + " waits for a person: " + e.message +
                                            " (quietgate approve " + to_string(e.run) + " " + e.stage +
                                            (e.expires == Time{} ? "" : ", until " + iso_time(e.expires)) + ")"};
  }
  std::optional<NoticeText> operator()(const auto&) const { return std::nullopt; }
};

}  // namespace

std::optional<NoticeText> notice_of(const Event& event) {
  auto notice = std::visit(Telling{}, event);
  if (notice && notice->text.size() > longest_text) notice->text.resize(longest_text);
  return notice;
}

Notifier::Notifier(Journal& journal, Catalog& catalog, Http& http, Clock& clock, std::vector<NotificationRule> rules,
                   Say say)
    : journal_(journal),
      catalog_(catalog),
      http_(http),
      clock_(clock),
      rules_(std::move(rules)),
      say_(std::move(say)) {}

Task<void> Notifier::send(const NotificationRule& rule, std::string text, Stop& stop) {
  const auto body = json_text(nlohmann::json{{"text", text}});
  std::string problem;
  for (const auto pause : pauses) {
    HttpRequest request;
    request.method = "POST";
    request.url = rule.url;
    request.headers = {"Content-Type: application/json"};
    request.body = body;
    request.deadline = patience;
    auto answer = co_await http_.send(std::move(request), stop);
    if (answer && answer->status / 100 == 2) co_return;
    // Addresses of webhooks are secrets: the error would name it.
    problem = answer ? "it answered " + std::to_string(answer->status) : "it can't be reached";
    if (pause > Milliseconds{0}) co_await clock_.sleep(pause, stop);
  }
  say_("a webhook did not accept a notification (" + problem + "): " + text);
}

// A run that passed, or that somebody cancelled, is nobody's news: unless its release was cut by that.
Task<std::optional<NoticeText>> Notifier::notice_of_release(RunFinished finished) {
  const auto run = co_await fold_run(journal_, finished.run);
  if (!run || !release_gap(*run)) co_return std::nullopt;
  const bool put_back = co_await is_put_back(journal_, catalog_, finished.run);
  if (put_back) co_return std::nullopt;
  auto text = "run " + to_string(finished.run) + " ended as " + to_string(finished.outcome) + ": " + finished.reason;
  co_return NoticeText{Notice::failed, text.substr(0, longest_text)};
}

Task<void> Notifier::tell(Stop& stop) {
  auto cursor = journal_.last();
  for (;;) {
    const auto seen = journal_.bell().rings();
    auto tail = co_await read_tail(journal_, cursor, read_batch);
    if (!tail) {
      co_await clock_.sleep(patience, stop);
      continue;
    }
    cursor = tail->cursor;
    for (const auto& row : tail->rows) {
      auto notice = notice_of(row.event);
      const auto* finished = std::get_if<RunFinished>(&row.event);
      if (finished != nullptr && !notice) {
        notice = co_await notice_of_release(*finished);
      }
      if (!notice) continue;
      for (const auto& rule : rules_) {
        if (rule.about.contains(notice->about)) co_await send(rule, notice->text, stop);
      }
    }
    if (tail->damage || tail->rows.size() == read_batch) continue;
    co_await journal_.bell().wait(seen, stop);
  }
}

}  // namespace quietgate
