#include "runner/cli/terminal/terminal_run.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runner/base/plain_file.h"
#include "runner/cli/terminal/terminal_tests.h"

namespace quietgate {

namespace {

constexpr std::int64_t progress_limit = 16 * 1024;
constexpr std::int64_t log_end_bytes = 512;
constexpr std::int64_t tests_limit = 64LL * 1024 * 1024;
constexpr int bar_width = 24;
constexpr int least_width = 4;  // of the names of stages
constexpr int most_width = 24;

std::string number(double value) {
  auto text = std::to_string(static_cast<std::int64_t>(std::llround(value)));
  for (auto at = static_cast<std::int64_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

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

int width_of_names(const Plan& plan) {
  int width = least_width;
  for (const auto& spec : plan.stages) width = std::max(width, columns_of(spec.name));
  return std::min(width, most_width);
}

bool ended(const StageState& state) {
  return state.status == StageStatus::finished || state.status == StageStatus::skipped;
}

}  // namespace

std::vector<Proof> proofs_so_far(std::string_view progress) {
  std::vector<Proof> all;
  const auto json = nlohmann::json::parse(progress, nullptr, false);
  if (!json.is_object() || !json.contains("proofs") || !json["proofs"].is_array()) return all;
  for (const auto& item : json["proofs"]) {
    if (!item.is_object()) continue;
    auto text = [&item](const char* key) {
      const auto found = item.find(key);
      return found != item.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    GateVerdict verdict = GateVerdict::blind;
    parse_gate_verdict(text("verdict"), verdict);
    all.push_back({text("id"), text("name"), verdict, text("detail"), text("waived")});
  }
  return all;
}

namespace {

// `9 of 10 proofs hold so far; P6 is blind: ...`; empty without proofs.
std::string proofs_line(const std::vector<Proof>& proofs) {
  if (proofs.empty()) return {};
  std::size_t hold = 0;
  const Proof* first = nullptr;
  for (const auto& proof : proofs) {
    const bool holds = proof.verdict == GateVerdict::quiet || !proof.waived.empty();
    hold += holds ? 1 : 0;
    if (!holds && first == nullptr) first = &proof;
  }
  auto line = std::to_string(hold) + " of " + std::to_string(proofs.size()) + " proofs hold so far";
  if (first != nullptr) line += "; " + first->id + " is " + to_string(first->verdict) + ": " + first->detail;
  return printable(line);
}

}  // namespace

Glimpse glimpse_of(std::string_view progress, std::string_view log_end) {
  Glimpse glimpse;
  auto json = nlohmann::json::parse(progress, nullptr, false);
  auto value = [&](const char* key) -> std::optional<double> {
    auto found = json.is_object() ? json.find(key) : json.end();
    if (!json.is_object() || found == json.end() || !found->is_number()) return std::nullopt;
    return found->get<double>();
  };
  auto elapsed = value("elapsed_ms");
  auto duration = value("duration_ms");
  if (elapsed && duration && *duration > 0) {
    glimpse.elapsed = Milliseconds{static_cast<std::int64_t>(*elapsed)};
    glimpse.duration = Milliseconds{static_cast<std::int64_t>(*duration)};
    std::string text;
    auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (auto users = value("users")) add(number(*users) + " users");
    if (auto rate = value("requests_per_second")) add(number(*rate) + " req/s");
    if (auto p95 = value("p95_ms")) add("p95 " + number(*p95) + " ms");
    if (auto failures = value("failures"); failures && *failures > 0) add(number(*failures) + " failed");
    if (auto proofs = proofs_line(proofs_so_far(progress)); !proofs.empty()) add(proofs);
    glimpse.line = text;
    if (*elapsed < *duration) return glimpse;
  }
  // The last whole line that says something.
  while (!log_end.empty()) {
    const auto end = log_end.find_last_not_of("\r\n");
    if (end == std::string_view::npos) break;
    const auto begin = log_end.find_last_of("\r\n", end);
    const auto line = printable(log_end.substr(begin == std::string_view::npos ? 0 : begin + 1,
                                               begin == std::string_view::npos ? end + 1 : end - begin));
    if (line.find_first_not_of(' ') != std::string::npos) {
      glimpse.line = line;
      break;
    }
    log_end = log_end.substr(0, begin == std::string_view::npos ? 0 : begin);
  }
  return glimpse;
}

Glimpse glimpse_of_directory(const std::string& attempt_directory) {
  return glimpse_of(read_plain_end(attempt_directory + "/progress.json", progress_limit),
                    read_plain_end(attempt_directory + "/log", log_end_bytes));
}

std::map<std::string, std::string> tests_of_directory(const RunRecord& record, const std::string& run_directory) {
  std::map<std::string, std::string> all;
  for (const auto& name : stage_names(record)) {
    const auto& stage = record.state.stages.at(name);
    if (stage.status == StageStatus::finished && worth_naming(stage.outcome))
      all[name] =
          read_plain_end(run_directory + "/" + name + "." + std::to_string(stage.attempt) + "/tests.json", tests_limit);
  }
  return all;
}

RunView::RunView(Terminal terminal, std::function<void(std::string_view)> out, std::function<Time()> now,
                 GlimpseOf glimpse)
    : terminal_(terminal), out_(std::move(out)), now_(std::move(now)), glimpse_(std::move(glimpse)) {}

void RunView::on_row(const Row& row) {
  record_.add(row);
  if (terminal_.live) {
    tick();
  } else {
    print_plain(row);
  }
}

// A run's plan never changes.
int RunView::name_width() {
  if (name_width_ == 0 && record_.state.plan) name_width_ = width_of_names(*record_.state.plan);
  return name_width_ == 0 ? least_width : name_width_;
}

void RunView::print_plain(const Row& row) {
  auto name = [&](const std::string& stage) { return padded(stage, name_width()); };
  std::string line;
  if (const auto* e = std::get_if<RunRequested>(&row.event)) {
    line = to_string(e->run) + "  " + e->branch + " " + e->commit.substr(0, 7) + "  " + e->cause;
  } else if (const auto* rejected = std::get_if<PlanRejected>(&row.event)) {
    line = rejected->diagnostics;
    out_(line + (line.empty() || line.back() != '\n' ? "\n" : ""));
    return;
  } else if (const auto* started = std::get_if<StageStarted>(&row.event)) {
    line = name(started->stage) + "  started" +
           (started->attempt > 1 ? " (attempt " + std::to_string(started->attempt) + ")" : "");
  } else if (const auto* finished = std::get_if<StageFinished>(&row.event)) {
    const auto* stage = record_.stage(finished->stage);
    const auto took =
        stage == nullptr || stage->attempts.empty() ? Milliseconds{0} : row.at - stage->attempts.back().started;
    line = name(finished->stage) + "  " + to_string(finished->outcome.outcome) + " in " + human_duration(took);
    if (!finished->outcome.reason.empty()) line += ": " + finished->outcome.reason;
  } else if (const auto* skipped = std::get_if<StageSkipped>(&row.event)) {
    line = name(skipped->stage) + "  skipped: " + skipped->reason;
  } else if (const auto* awaited = std::get_if<ApprovalAwaited>(&row.event)) {
    line = name(awaited->stage) +
           (asks_here_
                ? "  asks: "
                : "  waits for approval: quietgate approve " + to_string(awaited->run) + " " + awaited->stage + ": ") +
           awaited->message;
  } else if (const auto* given = std::get_if<ApprovalGiven>(&row.event)) {
    line = name(given->stage) + "  " + (given->granted ? "approved by " : "refused by ") + given->by +
           (given->reason.empty() ? "" : ": " + given->reason);
  } else if (const auto* promoted = std::get_if<CommitPromoted>(&row.event)) {
    line = name(promoted->stage) + "  " + promoted->branch + (promoted->rollback ? " is back at " : " is now ") +
           promoted->to.substr(0, 7);
  } else if (const auto* cancel = std::get_if<CancelRequested>(&row.event)) {
    const auto& newer = cancel->superseded_by;
    const auto& ends = record_.state.cancel;
    const bool waits = newer.number > 0 && !(ends && ends->superseded_by == newer);
    line = waits ? "newer run " + to_string(newer) + " waits: this one releases" : cancel->cause;
  } else {
    return;
  }
  out_(printable(line) + "\n");
}

std::string RunView::doing(const StageSpec& spec, const StageState& state, Milliseconds elapsed, int room) {
  if (state.status == StageStatus::awaiting_approval) {
    const auto* told = record_.stage(spec.name);
    return fitted(terminal_,
                  inked(terminal_, Ink::yellow,
                        asks_here_ ? std::string("asks you")
                                   : "waits for: quietgate approve " + to_string(record_.state.id) + " " + spec.name) +
                      dot(terminal_) + (told == nullptr ? std::string() : printable(told->approval_message)),
                  room);
  }
  const auto glimpse = glimpse_ ? glimpse_(record_.state.id, spec.name, state.attempt) : Glimpse{};
  std::string text;
  if (glimpse.elapsed && *glimpse.elapsed < *glimpse.duration) {
    text = bar(terminal_, *glimpse.elapsed, *glimpse.duration);
  } else if (const auto* gate = gate_of(spec); gate != nullptr && gate->quiet_for > elapsed) {
    text = bar(terminal_, elapsed, gate->quiet_for);
  }
  if (!glimpse.line.empty()) text += (text.empty() ? "" : dot(terminal_)) + inked(terminal_, Ink::dim, glimpse.line);
  return fitted(terminal_, text, room);
}

std::string RunView::waits_for(const std::string& stage) {
  return glimpse_ ? printable(glimpse_(record_.state.id, stage, 0).line) : std::string();
}

std::string RunView::stage_line(const StageSpec& spec, int width) {
  const auto& state = record_.state.stages.at(spec.name);
  std::string sign;
  std::string took;
  std::string text;
  const auto name = fitted(terminal_, spec.name, width);
  const int room = terminal_.width - 1 - (2 + 2 + width + 2 + 8);
  if (ended(state)) {
    sign = mark(terminal_, state.outcome.outcome);
    if (state.status == StageStatus::finished) took = human_duration(state.finished - state.started);
    text = printable(state.outcome.reason);
    if (state.outcome.outcome == Outcome::skipped) text = inked(terminal_, Ink::dim, text);
  } else if (state.status == StageStatus::waiting) {
    sign = inked(terminal_, Ink::dim, terminal_.unicode ? "○" : ".");
    std::string needs;
    for (const auto& need : spec.needs) needs += (needs.empty() ? "after " : ", ") + need;
    const bool next = std::all_of(spec.needs.begin(), spec.needs.end(), [&](const std::string& need) {
      auto found = record_.state.stages.find(need);
      return found == record_.state.stages.end() || ended(found->second);
    });
    const auto reason = next ? waits_for(spec.name) : std::string();
    text = inked(terminal_, Ink::dim, reason.empty() ? needs : reason);
  } else {
    const auto elapsed = std::max(Milliseconds{0}, now_() - state.attempt_started);
    sign = state.status == StageStatus::running ? inked(terminal_, Ink::cyan, spinner(terminal_, frame_))
                                                : inked(terminal_, Ink::yellow, "?");
    took = whole_seconds(elapsed);
    if (state.attempt > 1) text = "attempt " + std::to_string(state.attempt) + dot(terminal_);
    text += doing(spec, state, elapsed, room - columns_of(text));
  }
  const auto line = "  " + sign + " " + padded(name, width) + "  " + padded(took, 8) + text;
  return fitted(terminal_, line, terminal_.width - 1) + "\n";
}

std::string RunView::tree() {
  const auto& state = record_.state;
  auto head = inked(terminal_, Ink::bold, to_string(state.id)) + dot(terminal_) + printable(state.branch) + " " +
              state.commit.substr(0, 7) + dot(terminal_) + inked(terminal_, Ink::dim, printable(state.cause));
  std::string text = fitted(terminal_, head, terminal_.width - 1) + "\n";
  if (!state.plan) {
    auto doing = state.cancel ? "ends: " + printable(state.cancel->cause) : std::string("waits for its turn");
    if (const auto reason = waits_for(""); !state.cancel && !reason.empty()) doing = reason;
    return text + "  " + inked(terminal_, Ink::cyan, spinner(terminal_, frame_)) + " " +
           fitted(terminal_, doing, terminal_.width - 5) + "\n";
  }
  const auto width = name_width();
  // Taller than the terminal can't be drawn in place: what ended first gives way.
  const auto& stages = state.plan->stages;
  const auto room = static_cast<std::size_t>(std::max(3, terminal_.height - 4));
  std::size_t hidden = 0;
  for (const auto& spec : stages) {
    if (stages.size() - hidden > room && ended(state.stages.at(spec.name))) ++hidden;
  }
  if (hidden > 0) text += inked(terminal_, Ink::dim, "  " + std::to_string(hidden) + " stages that have ended") + "\n";
  std::size_t left_out = hidden;
  std::size_t shown = 0;
  for (const auto& spec : stages) {
    if (left_out > 0 && ended(state.stages.at(spec.name))) {
      --left_out;
      continue;
    }
    if (shown++ == room) break;
    text += stage_line(spec, width);
  }
  if (state.cancel) text += fitted(terminal_, "  ends: " + printable(state.cancel->cause), terminal_.width - 1) + "\n";
  return text;
}

void RunView::erase() {
  if (drawn_ > 0) out_("\x1b[" + std::to_string(drawn_) + "A\r\x1b[J");
  drawn_ = 0;
}

void RunView::tick() {
  if (!terminal_.live || held_ || record_.state.id.number == 0) return;
  ++frame_;
  const auto text = tree();
  // One write for all of it, each line cleared as it is drawn: no flicker.
  std::string screen = drawn_ > 0 ? "\x1b[" + std::to_string(drawn_) + "A\r" : "";
  std::size_t begin = 0;
  int lines = 0;
  while (begin < text.size()) {
    const auto end = text.find('\n', begin);
    screen += text.substr(begin, end - begin) + "\x1b[K\n";
    begin = end + 1;
    ++lines;
  }
  out_(screen + "\x1b[J");
  drawn_ = lines;
}

void RunView::hold(bool held) {
  if (held_ != held) drawn_ = 0;  // what was drawn stays above what is there now
  held_ = held;
}

void RunView::say(const std::string& line) {
  erase();
  out_(printable(line) + "\n");
  tick();
}

void RunView::finish(const std::map<std::string, std::string>& tests) {
  erase();
  if (!terminal_.live) out_("\n");
  out_(run_report(record_, terminal_, now_(), {}, {}, tests));
}

int exit_code_of(const RunRecord& record) {
  if (!record.over()) return 0;
  switch (record.state.outcome) {
    case Outcome::passed:
      return 0;
    case Outcome::inconclusive:
      return 5;
    case Outcome::cancelled:
      return 130;
    default:
      break;
  }
  for (const auto& [name, stage] : record.state.stages) {
    if (stage.outcome.gate && stage.outcome.gate->verdict == GateVerdict::blind) return 5;
  }
  return 1;
}

}  // namespace quietgate
