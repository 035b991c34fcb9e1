#include "stages/attempt/approval.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <map>
#include <utility>

#include "runner/ports/folded_run.h"
#include "stages/attempt/step.h"

namespace quietgate {

namespace {

// From the end of the question on, each environment of the run has its time to live again.
std::vector<Event> extensions(const RunState& run, Time until) {
  std::vector<Event> events;
  for (const auto& [id, life] : run.environments) {
    const auto expires = std::min(until + life.to_live, life.created + longest_extension);
    if (!life.unwanted && expires > life.expires) events.emplace_back(EnvironmentExtended{id, run.id, expires});
  }
  return events;
}

std::optional<Decision> decision_of(const StageState& stage) {
  if (!stage.decision) return std::nullopt;
  return Decision{stage.decision->granted, stage.decision->by, stage.decision->reason};
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
      request.log->line(fmt::format("environment {} is extended until {}", e->environment, iso_time(e->expires)));
  }
}

}  // namespace

std::string Decision::sentence() const {
  if (expired) return "nobody answered within " + human_duration(waited);
  auto text = (granted ? "approved by " : "refused by ") + (by.empty() ? std::string("somebody") : by);
  return reason.empty() ? text : text + ": " + reason;
}

Task<Result<Decision>> await_decision(const StageRequest& request, Clock& clock, Question question) {
  auto& bell = request.journal->bell();
  question.message = masked(std::move(question.message), request.secrets);
  RunState run = *request.run_state;
  std::optional<Alarm> alarm;
  for (;;) {
    const auto seen = bell.rings();
    auto read = co_await read_on(*request.journal, run);
    if (!read) co_return read.error();
    const auto& stage = run.stages.at(request.spec.name);
    if (auto decision = decision_of(stage)) {
      request.log->line(decision->sentence());
      co_return std::move(*decision);
    }
    const auto now = clock.now();
    if (!stage.question.of_last_attempt) {
      const auto until = now + question.expires;
      std::vector<Event> events;
      events.emplace_back(ApprovalAwaited{request.run, request.spec.name, question.message, until});
      for (auto& longer : extensions(run, until)) events.push_back(std::move(longer));
      tell_question(request, question, until);
      tell_extensions(request, events);
      auto written = co_await request.journal->append(std::move(events));
      if (!written) co_return written.error();
      continue;
    }
    // Rows from before questions had an end tell none.
    const auto until = stage.question.until == Time{} ? stage.question.asked + question.expires : stage.question.until;
    if (now >= until) {
      Decision nobody{false, {}, {}, true, question.expires};
      request.log->line(nobody.sentence());
      co_return nobody;
    }
    if (auto more = extensions(run, until); !more.empty()) {
      tell_extensions(request, more);
      // What can't be written now is tried again with the next row.
      auto written = co_await request.journal->append(std::move(more));
      if (written) continue;
    }
    if (!alarm || alarm->rang()) {  // rung early: the time of day was set back meanwhile
      auto executor = co_await boost::asio::this_coro::executor;
      alarm.emplace(std::move(executor), clock, until - now, bell);
    }
    co_await bell.wait(seen, *request.stop);
  }
}

}  // namespace quietgate
