#include "runner/api/questions.h"

namespace quietgate {

std::vector<Waiting> questions_of(const RunRecord& record) {
  std::vector<Waiting> all;
  if (record.state.asking == 0) return all;
  const auto run = to_string(record.state.id);
  for (const auto& [name, stage] : record.state.stages) {
    if (stage.status != StageStatus::awaiting_approval) continue;
    Waiting waiting;
    waiting.run = record.state.id;
    waiting.stage = name;
    waiting.since = stage.asked;
    waiting.what = Waiting::For::person;
    waiting.until = stage.asks_until;
    const auto* told = record.stage(name);
    waiting.reason = "waits for a person: " + (told == nullptr ? std::string() : told->approval_message) +
                     " (quietgate approve " + run + " " + name + ")";
    all.push_back(std::move(waiting));
  }
  return all;
}

}  // namespace quietgate
