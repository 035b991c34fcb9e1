#include "runner/ports/step_name.h"

#include <algorithm>

namespace quietgate {

namespace {

constexpr std::size_t longest_word = 200;
constexpr std::size_t longest_folder = 255;  // that a disk takes

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_word(const std::string& text) {
  return !text.empty() && text.size() <= longest_word && std::all_of(text.begin(), text.end(), is_plain);
}

// As a folder may be called that holds nothing but what is its own.
bool is_folder_word(const std::string& text) {
  return !text.empty() && text.size() <= longest_folder && text.front() != '.' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c != '/' && static_cast<unsigned char>(c) >= ' ' && c != 127; });
}

bool is_step_word(const std::string& text) {
  const auto dot = text.find('.');
  if (dot == std::string::npos) return is_word(text);
  return text.size() <= longest_word && is_word(text.substr(0, dot)) && is_word(text.substr(dot + 1));
}

bool is_run(const RunId& run) {
  return is_folder_word(run.repository) && run.number > 0;
}

struct Sound {
  bool operator()(const AttemptOwner& of) const {
    return is_run(of.attempt.run) && is_folder_word(of.attempt.stage) && of.attempt.attempt > 0 && of.aside >= 0;
  }
  bool operator()(const EnvironmentOwner& of) const {
    return is_folder_word(of.environment) && is_word(of.part) && is_word(of.work);
  }
  bool operator()(const PlanCheckOwner& of) const { return is_run(of.run); }
};

struct Shown {
  std::string operator()(const AttemptOwner& of) const {
    auto text = to_string(of.attempt.run) + " " + of.attempt.stage + "." + std::to_string(of.attempt.attempt);
    if (of.aside > 0) text += " (moved aside: " + std::to_string(of.aside) + ")";
    return text;
  }
  std::string operator()(const EnvironmentOwner& of) const { return of.environment + " " + of.part + " " + of.work; }
  std::string operator()(const PlanCheckOwner& of) const { return to_string(of.run) + " check"; }
};

Error refused(const std::string& shown) {
  return infrastructure_error("\"" + shown + "\" can't be the name of a step");
}

}  // namespace

StepText log_of(const AttemptId& attempt) {
  return {AttemptOwner{attempt}, {}, StepText::Kind::log};
}

StepText log_of(const StepName& step) {
  return {step.owner, step.step, StepText::Kind::log};
}

StepText output_of(const StepName& step) {
  return {step.owner, step.step, StepText::Kind::output};
}

Result<void> check_name(const StepOwner& owner) {
  if (!std::visit(Sound(), owner)) return refused(to_string(owner));
  return {};
}

Result<void> check_name(const StepName& step) {
  if (!std::visit(Sound(), step.owner) || !is_step_word(step.step)) return refused(to_string(step));
  return {};
}

Result<void> check_name(const StepText& text) {
  if (text.step.empty() && text.kind == StepText::Kind::log) return check_name(text.owner);
  return check_name(StepName{text.owner, text.step});
}

std::string to_string(const StepOwner& owner) {
  return std::visit(Shown(), owner);
}

std::string to_string(const StepName& step) {
  return to_string(step.owner) + " " + step.step;
}

}  // namespace quietgate
