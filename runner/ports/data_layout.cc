#include "runner/ports/data_layout.h"

namespace quietgate {

const char* file_name(AttemptFile file) {
  constexpr const char* names[] = {
      "log", "progress.json", "tests.json", "measurements.ndjson", "artifacts/load.svg", "artifacts.json"};
  return names[static_cast<int>(file)];
}

std::string DataLayout::mirrors() const {
  return data_ + "/mirrors";
}

std::string DataLayout::mirror(const std::string& repository) const {
  return mirrors() + "/" + repository + ".git";
}

std::string DataLayout::environments() const {
  return data_ + "/environments";
}

std::string DataLayout::runs() const {
  return data_ + "/runs";
}

std::string DataLayout::runs_of(const std::string& repository) const {
  return runs() + "/" + repository;
}

std::string DataLayout::run(const RunId& run) const {
  return runs_of(run.repository) + "/" + std::to_string(run.number);
}

std::string DataLayout::checkout(const RunId& run) const {
  return checkout_in(this->run(run));
}

std::string DataLayout::attempt(const AttemptId& attempt) const {
  return run(attempt.run) + "/" + attempt_folder(attempt.stage, attempt.attempt);
}

std::string DataLayout::file(const AttemptId& attempt, AttemptFile file) const {
  return this->attempt(attempt) + "/" + file_name(file);
}

std::string DataLayout::artifacts(const AttemptId& attempt) const {
  return this->attempt(attempt) + "/artifacts";
}

std::string checkout_in(const std::string& run_folder) {
  return run_folder + "/checkout";
}

std::string new_checkout_in(const std::string& run_folder) {
  return checkout_in(run_folder) + ".new";
}

std::string attempt_folder(const std::string& stage, int attempt) {
  return stage + "." + std::to_string(attempt);
}

}  // namespace quietgate
