#include "runner/engine/upkeep/publisher.h"

#include <algorithm>

#include "runner/model/evidence.h"

namespace quietgate {

namespace {

constexpr Milliseconds publish_every{5'000};
constexpr Milliseconds stage_has{120'000};  // the stage that sealed it pushes it, too
constexpr Milliseconds first_pause{30'000};
constexpr Milliseconds longest_pause{600'000};

}  // namespace

Publisher::Publisher(Journal& journal, Catalog& catalog, Git& git, Clock& clock, std::vector<GitRemote> remotes,
                     Say say)
    : journal_(journal),
      catalog_(catalog),
      git_(git),
      clock_(clock),
      remotes_(std::move(remotes)),
      say_(std::move(say)) {}

Task<void> Publisher::publish(Stop& stop) {
  for (;;) {
    co_await look(stop);
    co_await clock_.sleep(publish_every, stop);
  }
}

const GitRemote* Publisher::remote_of(const std::string& repository) const {
  for (const auto& known : remotes_) {
    if (known.repository == repository) return &known;
  }
  return nullptr;
}

Task<void> Publisher::look(Stop& stop) {
  auto pending = co_await catalog_.unpublished_evidence();
  if (!pending) {
    say_(pending.error().message);
    co_return;
  }
  std::erase_if(waiting_, [&](const auto& waiting) {
    return std::none_of(pending->begin(), pending->end(),
                        [&](const PendingEvidence& one) { return one.sequence == waiting.first; });
  });
  for (const auto& evidence : *pending) {
    const auto now = clock_.now();
    // A time in the future: the clock was set back.
    const auto age = now - evidence.sealed;
    auto run = co_await catalog_.run(evidence.run);
    const bool over = run && (!run->has_value() || (*run)->status == RunStatus::finished);
    if (!over && age >= Milliseconds{0} && age < stage_has) continue;
    auto& waiting = waiting_[evidence.sequence];
    if (now < waiting.not_before && waiting.not_before - now <= longest_pause) continue;
    if (remote_of(evidence.run.repository) == nullptr) continue;
    PendingEvidence one = evidence;
    auto problem = co_await push(std::move(one), stop);
    if (problem.empty()) continue;
    waiting.pause = waiting.pause == Milliseconds{0} ? first_pause : std::min(2 * waiting.pause, longest_pause);
    waiting.not_before = clock_.now() + waiting.pause;
    if (waiting.said != problem)
      say_("the evidence of run " + to_string(evidence.run) + " is not attached to its commit yet: " + problem);
    waiting.said = std::move(problem);
  }
}

Task<std::string> Publisher::push(PendingEvidence evidence, Stop& stop) {
  auto rows = co_await journal_.read(evidence.sequence - 1, 1);
  if (!rows) co_return rows.error().message;
  const auto* sealed = rows->empty() ? nullptr : std::get_if<EvidenceSealed>(&rows->front().event);
  if (sealed == nullptr) co_return std::string("its row is no longer in the journal");
  GitRemote remote = *remote_of(evidence.run.repository);
  std::string ref = evidence_notes;
  auto pushed = co_await git_.push_note(std::move(remote), std::move(ref), sealed->commit, sealed->envelope, stop);
  if (!pushed) co_return pushed.error().message;
  if (pushed->kind == NoteOutcome::Kind::refused) co_return "the server refused it: " + pushed->detail;
  std::vector<Event> events;
  events.emplace_back(EvidencePublished{sealed->run, sealed->stage, sealed->commit});
  auto written = co_await journal_.append(std::move(events));
  co_return written ? std::string() : written.error().message;
}

}  // namespace quietgate
