#include "stages/attempt/approval.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <map>
#include <utility>

#include "stages/attempt/step.h"

namespace quietgate {

namespace {

constexpr std::size_t rows_at_once = 500;

struct Lifetime {
  Time created{};
  Milliseconds to_live{0};
  Time expires{};
};

// What a run's rows say of one stage's question, read one after another.
class Asking {
 public:
  Asking(std::string stage, Question question) : stage_(std::move(stage)), question_(std::move(question)) {}

  void read(const Row& row) {
    std::visit([&](const auto& event) { add(event, row.at); }, row.event);
  }
  const std::optional<Decision>& decision() const { return decision_; }
  bool asked() const { return asked_; }
  Time until() const { return until_; }
  // The question at `now`, and what lives on because of it.
  std::vector<Event> ask(const RunId& run, Time now) const {
    std::vector<Event> events;
    events.emplace_back(ApprovalAwaited{run, stage_, question_.message, now + question_.expires});
    extend(run, now + question_.expires, events);
    return events;
  }
  // What began to live since the question, and would end before it.
  std::vector<Event> extensions(const RunId& run) const {
    std::vector<Event> events;
    extend(run, until_, events);
    return events;
  }

 private:
  void add(const StageStarted& e, Time) {
    if (e.stage == stage_) asked_ = false;
  }
  void add(const ApprovalAwaited& e, Time at) {
    if (e.stage != stage_) return;
    asked_ = true;
    // Written before questions had an end.
    until_ = e.expires == Time{} ? at + question_.expires : e.expires;
  }
  void add(const ApprovalGiven& e, Time at) {
    const bool late = until_ != Time{} && at >= until_;
    if (e.stage == stage_ && !late) decision_ = Decision{e.granted, e.by, e.reason};
  }
  void add(const PromotionRequested& e, Time) {
    if (question_.promotes) decision_ = Decision{true, e.by, e.reason};
  }
  void add(const EnvironmentPlanned& e, Time at) {
    if (!e.keep) living_[e.environment] = {at, std::chrono::duration_cast<Milliseconds>(e.expires - at), e.expires};
  }
  void add(const EnvironmentExtended& e, Time) {
    auto found = living_.find(e.environment);
    if (found != living_.end()) found->second.expires = std::max(found->second.expires, e.expires);
  }
  void add(const EnvironmentDestroyed& e, Time) { living_.erase(e.environment); }
  void add(const EnvironmentDestroyRequested& e, Time) { living_.erase(e.environment); }
  void add(const auto&, Time) {}

  // From the end of the question on, each has its time to live again.
  void extend(const RunId& run, Time until, std::vector<Event>& events) const {
    for (const auto& [id, life] : living_) {
      const auto expires = std::min(until + life.to_live, life.created + longest_extension);
      if (expires > life.expires) events.emplace_back(EnvironmentExtended{id, run, expires});
    }
  }

  std::string stage_;
  Question question_;
  std::optional<Decision> decision_;
  bool asked_ = false;  // by this attempt
  Time until_{};        // of the last question
  std::map<std::string, Lifetime> living_;
};

// Reads what the journal has of this run after the cursor, and moves the cursor.
Result<void> read_on(Journal& journal, const RunId& run, std::int64_t& cursor, Asking& asking) {
  for (;;) {
    auto rows = journal.read(cursor, rows_at_once, run);
    if (!rows) return rows.error();
    if (rows->empty()) return {};
    cursor = rows->back().sequence;
    for (const auto& row : *rows) asking.read(row);
  }
}

struct Rung {
  Stop gone;
  bool yes = false;
};

Task<void> ring_after(Clock& clock, Milliseconds span, std::shared_ptr<Rung> rung, Bell& bell) {
  rung->yes = co_await clock.passes(span, rung->gone);
  if (rung->yes) bell.ring();
}

// Rings the bell after a span, unless it is gone before.
class Alarm {
 public:
  Alarm(Executor executor, Clock& clock, Milliseconds span, Bell& bell) {
    spawn(std::move(executor), ring_after(clock, span, rung_, bell), [](std::exception_ptr) {});
  }
  ~Alarm() { rung_->gone.request(StopReason::cancel, "nobody waits any more"); }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  bool rang() const { return rung_->yes; }

 private:
  std::shared_ptr<Rung> rung_ = std::make_shared<Rung>();
};

void tell_question(const StageRequest& request, const Question& question, Time until) {
  request.log->line(fmt::format("waiting for approval until {}: {}", iso_time(until), question.message));
  request.log->line(fmt::format("answer: quietgate approve {} {} [--refuse] [--reason TEXT]", to_string(request.run),
                                request.spec.name));
}

void tell_extensions(const StageRequest& request, const std::vector<Event>& events) {
  for (const auto& event : events) {
    if (const auto* e = std::get_if<EnvironmentExtended>(&event))
      request.log->line(
          fmt::format("meanwhile environment {} lives on, until {}", e->environment, iso_time(e->expires)));
  }
}

}  // namespace

std::string Decision::sentence() const {
  if (expired) return "nobody answered within " + human_duration(waited);
  auto text = (granted ? "approved by " : "refused by ") + (by.empty() ? std::string("somebody") : by);
  return reason.empty() ? text : text + ": " + reason;
}

std::optional<Decision> decision_in(const std::vector<Row>& rows, const std::string& stage, bool promotes) {
  Asking asking(stage, {{}, Milliseconds{259'200'000}, promotes});
  for (const auto& row : rows) asking.read(row);
  return asking.decision();
}

std::optional<PromotionRequested> promotion_request_in(const std::vector<Row>& rows) {
  std::optional<PromotionRequested> found;
  for (const auto& row : rows) {
    if (const auto* e = std::get_if<PromotionRequested>(&row.event)) found = *e;
  }
  return found;
}

Task<Result<Decision>> await_decision(const StageRequest& request, Clock& clock, Question question) {
  auto& bell = request.journal->bell();
  question.message = masked(std::move(question.message), request.secrets);
  Asking asking(request.spec.name, question);
  std::int64_t cursor = 0;
  std::optional<Alarm> alarm;
  for (;;) {
    const auto seen = bell.rings();
    if (auto read = read_on(*request.journal, request.run, cursor, asking); !read) co_return read.error();
    if (asking.decision()) {
      request.log->line(asking.decision()->sentence());
      co_return *asking.decision();
    }
    const auto now = clock.now();
    if (!asking.asked()) {
      auto events = asking.ask(request.run, now);
      tell_question(request, question, now + question.expires);
      tell_extensions(request, events);
      if (auto written = request.journal->append(std::move(events)); !written) co_return written.error();
      continue;
    }
    if (now >= asking.until()) {
      Decision nobody{false, {}, {}, true, question.expires};
      request.log->line(nobody.sentence());
      co_return nobody;
    }
    if (auto more = asking.extensions(request.run); !more.empty()) {
      tell_extensions(request, more);
      // What can't be written now is tried again with the next row.
      if (request.journal->append(std::move(more))) continue;
    }
    if (!alarm || alarm->rang()) {  // rung early: the time of day was set back meanwhile
      auto executor = co_await boost::asio::this_coro::executor;
      alarm.emplace(std::move(executor), clock, asking.until() - now, bell);
    }
    co_await bell.wait(seen, *request.stop);
  }
}

}  // namespace quietgate
