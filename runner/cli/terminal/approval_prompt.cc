#include "runner/cli/terminal/approval_prompt.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "runner/cli/terminal/screen_text.h"

namespace quietgate {

namespace {

constexpr std::size_t longest_line = 2'000;

std::string trimmed_answer(std::string text) {
  const auto is_space = [](unsigned char c) { return std::isspace(c) != 0 || std::iscntrl(c) != 0; };
  while (!text.empty() && is_space(static_cast<unsigned char>(text.back()))) text.pop_back();
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), is_space));
  return text.substr(0, longest_line);
}

bool is_yes(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text == "y" || text == "yes";
}

}  // namespace

std::optional<std::string> ApprovalPrompt::line() {
  for (;;) {
    if (const auto end = typed_.find('\n'); end != std::string::npos) {
      auto text = typed_.substr(0, end);
      typed_.erase(0, end + 1);
      return trimmed_answer(std::move(text));
    }
    if (input_ended_) return std::string();
    pollfd ready{person_.input, POLLIN, 0};
    if (::poll(&ready, 1, 0) <= 0) return std::nullopt;
    std::array<char, 256> bytes{};
    const auto count = ::read(person_.input, bytes.data(), bytes.size());
    input_ended_ = count <= 0;
    if (count > 0) typed_.append(bytes.data(), static_cast<std::size_t>(count));
    if (typed_.size() > 2 * longest_line) input_ended_ = true;
  }
}

void ApprovalPrompt::begin(const RunRecord& record, const std::string& stage, int attempt) {
  const auto* told = record.stage(stage);
  (void)::tcflush(person_.input, TCIFLUSH);  // what was typed before is no answer
  out_("\n" + printable(stage) + " asks: " + printable(told == nullptr ? std::string() : told->approval_message) +
       "\nyes or no? [y/N] ");
  asked_ = Asked{stage, attempt, {}};
}

std::optional<ApprovalGiven> ApprovalPrompt::answer(const RunId& run) {
  auto text = line();
  if (text && !asked_->granted) {
    asked_->granted = is_yes(*text);
    out_("why? (may be empty) ");
    text = line();
  }
  if (!text) return std::nullopt;
  ApprovalGiven given{run, asked_->stage, person_.name, *text, *asked_->granted};
  answered_.insert(asked_->stage + "." + std::to_string(asked_->attempt));
  asked_.reset();
  out_("\n");
  return given;
}

std::vector<ApprovalGiven> ApprovalPrompt::poll(const RunRecord& record) {
  std::vector<ApprovalGiven> given;
  if (asked_) {
    const auto found = record.state.stages.find(asked_->stage);
    const bool waits = found != record.state.stages.end() && found->second.status == StageStatus::awaiting_approval;
    if (!waits) {  // as when the run was cancelled meanwhile
      out_("\n");
      asked_.reset();
    }
  }
  for (const auto& [name, stage] : record.state.stages) {
    if (asked_ || stage.status != StageStatus::awaiting_approval ||
        answered_.contains(name + "." + std::to_string(stage.attempt)))
      continue;
    if (person_.answers) {
      begin(record, name, stage.attempt);
      continue;
    }
    answered_.insert(name + "." + std::to_string(stage.attempt));
    given.push_back({record.state.id, name, "quietgate run",
                     "nobody can answer here, because standard input is not a terminal; use a terminal, or push the "
                     "commit to a service, which waits for an answer",
                     false});
  }
  if (!asked_) return given;
  if (auto one = answer(record.state.id)) given.push_back(std::move(*one));
  return given;
}

}  // namespace quietgate
