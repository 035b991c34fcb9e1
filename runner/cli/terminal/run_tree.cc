#include "runner/cli/terminal/run_tree.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "runner/cli/terminal/outcome_mark.h"
#include "runner/cli/terminal/screen_text.h"

namespace quietgate {

namespace {

constexpr int bar_width = 24;
constexpr int least_width = 4;  // of the names of stages
constexpr int most_width = 24;

std::string whole_seconds(Milliseconds span) {
  return human_duration(Milliseconds{span.count() / 1000 * 1000 + (span.count() < 1000 ? span.count() : 0)});
}

const char* spinner(const Terminal& terminal, int frame) {
  static constexpr std::array<const char*, 10> fine{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
  static constexpr std::array<const char*, 4> coarse{"|", "/", "-", "\\"};
  return terminal.unicode ? fine[static_cast<std::size_t>(frame) % fine.size()]
                          : coarse[static_cast<std::size_t>(frame) % coarse.size()];
}

std::string bar(const Terminal& terminal, Milliseconds elapsed, Milliseconds duration) {
  const auto ratio = std::clamp(static_cast<double>(elapsed.count()) / static_cast<double>(duration.count()), 0.0, 1.0);
  const auto full = static_cast<int>(std::floor(ratio * bar_width));
  std::string done;
  std::string rest;
  for (int i = 0; i < bar_width; ++i) (i < full ? done : rest) += terminal.unicode ? "━" : (i < full ? "#" : "-");
  std::string text = inked(terminal, Ink::cyan, done) + inked(terminal, Ink::dim, rest);
  const auto left = duration - elapsed;
  if (left > Milliseconds{0}) text += " " + whole_seconds(left) + " left";
  return text;
}

std::string dot(const Terminal& terminal) {
  return terminal.unicode ? " · " : " | ";
}

bool has_ended(const StageState& state) {
  return state.status == StageStatus::finished || state.status == StageStatus::skipped;
}

}  // namespace

int width_of_names(const Plan& plan) {
  int width = least_width;
  for (const auto& spec : plan.stages) width = std::max(width, columns_of(spec.name));
  return std::min(width, most_width);
}

std::string RunTree::activity_text(const StageSpec& spec, const StageState& state, Milliseconds elapsed,
                                   int room) const {
  if (state.status == StageStatus::awaiting_approval) {
    const auto* told = record_.stage(spec.name);
    return fitted(
        shown_.terminal,
        inked(shown_.terminal, Ink::yellow,
              shown_.asks_here ? std::string("asks you")
                               : "waits for: quietgate approve " + to_string(record_.state.id) + " " + spec.name) +
            dot(shown_.terminal) + (told == nullptr ? std::string() : printable(told->approval_message)),
        room);
  }
  const auto activity = shown_.activity ? shown_.activity(record_.state.id, spec.name, state.attempt) : StageActivity{};
  std::string text;
  if (activity.elapsed && *activity.elapsed < *activity.duration) {
    text = bar(shown_.terminal, *activity.elapsed, *activity.duration);
  } else if (const auto* gate = gate_of(spec); gate != nullptr && gate->quiet_for > elapsed) {
    text = bar(shown_.terminal, elapsed, gate->quiet_for);
  }
  if (!activity.line.empty())
    text += (text.empty() ? "" : dot(shown_.terminal)) + inked(shown_.terminal, Ink::dim, activity.line);
  return fitted(shown_.terminal, text, room);
}

std::string RunTree::waits_for(const std::string& stage) const {
  return shown_.activity ? printable(shown_.activity(record_.state.id, stage, 0).line) : std::string();
}

std::string RunTree::stage_line(const StageSpec& spec, int width) const {
  const auto& state = record_.state.stages.at(spec.name);
  std::string sign;
  std::string took;
  std::string text;
  const auto name = fitted(shown_.terminal, spec.name, width);
  const int room = shown_.terminal.width - 1 - (2 + 2 + width + 2 + 8);
  if (has_ended(state)) {
    sign = mark(shown_.terminal, state.outcome.outcome);
    if (state.status == StageStatus::finished) took = human_duration(state.finished - state.started);
    text = printable(state.outcome.reason);
    if (state.outcome.outcome == Outcome::skipped) text = inked(shown_.terminal, Ink::dim, text);
  } else if (state.status == StageStatus::waiting) {
    sign = inked(shown_.terminal, Ink::dim, shown_.terminal.unicode ? "○" : ".");
    std::string needs;
    for (const auto& need : spec.needs) needs += (needs.empty() ? "after " : ", ") + need;
    const bool next = std::all_of(spec.needs.begin(), spec.needs.end(), [&](const std::string& need) {
      auto found = record_.state.stages.find(need);
      return found == record_.state.stages.end() || has_ended(found->second);
    });
    const auto reason = next ? waits_for(spec.name) : std::string();
    text = inked(shown_.terminal, Ink::dim, reason.empty() ? needs : reason);
  } else {
    const auto elapsed = std::max(Milliseconds{0}, shown_.now - state.attempt_started);
    sign = state.status == StageStatus::running
               ? inked(shown_.terminal, Ink::cyan, spinner(shown_.terminal, shown_.frame))
               : inked(shown_.terminal, Ink::yellow, "?");
    took = whole_seconds(elapsed);
    if (state.attempt > 1) text = "attempt " + std::to_string(state.attempt) + dot(shown_.terminal);
    text += activity_text(spec, state, elapsed, room - columns_of(text));
  }
  const auto line = "  " + sign + " " + padded(name, width) + "  " + padded(took, 8) + text;
  return fitted(shown_.terminal, line, shown_.terminal.width - 1) + "\n";
}

std::string RunTree::text() const {
  const auto& state = record_.state;
  auto head = inked(shown_.terminal, Ink::bold, to_string(state.id)) + dot(shown_.terminal) + printable(state.branch) +
              " " + state.commit.substr(0, 7) + dot(shown_.terminal) +
              inked(shown_.terminal, Ink::dim, printable(state.cause));
  std::string text = fitted(shown_.terminal, head, shown_.terminal.width - 1) + "\n";
  if (!state.plan) {
    auto doing = state.cancel ? "ends: " + printable(state.cancel->cause) : std::string("waits for its turn");
    if (const auto reason = waits_for(""); !state.cancel && !reason.empty()) doing = reason;
    return text + "  " + inked(shown_.terminal, Ink::cyan, spinner(shown_.terminal, shown_.frame)) + " " +
           fitted(shown_.terminal, doing, shown_.terminal.width - 5) + "\n";
  }
  const auto width = width_of_names(*state.plan);
  // Taller than the terminal can't be drawn in place: what ended first gives way.
  const auto& stages = state.plan->stages;
  const auto room = static_cast<std::size_t>(std::max(3, shown_.terminal.height - 4));
  std::size_t hidden = 0;
  for (const auto& spec : stages) {
    if (stages.size() - hidden > room && has_ended(state.stages.at(spec.name))) ++hidden;
  }
  if (hidden > 0)
    text += inked(shown_.terminal, Ink::dim, "  " + std::to_string(hidden) + " stages that have ended") + "\n";
  std::size_t left_out = hidden;
  std::size_t shown = 0;
  for (const auto& spec : stages) {
    if (left_out > 0 && has_ended(state.stages.at(spec.name))) {
      --left_out;
      continue;
    }
    if (shown++ == room) break;
    text += stage_line(spec, width);
  }
  if (state.cancel)
    text += fitted(shown_.terminal, "  ends: " + printable(state.cancel->cause), shown_.terminal.width - 1) + "\n";
  return text;
}

}  // namespace quietgate
