// Asks the person at the terminal the questions of a local run, which has no service.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runner/api/run_record.h"

namespace quietgate {

class ApprovalPrompt {
 public:
  struct Person {
    std::string name;
    bool answers = false;  // there is a terminal
    int input = 0;         // a descriptor, read line by line
  };
  // `out` writes to the terminal.
  ApprovalPrompt(Person person, std::function<void(std::string_view)> out)
      : person_(std::move(person)), out_(std::move(out)) {}

  // Asks new questions; never blocks. Call it about ten times a second with the current run. Returns new decisions.
  // Without a terminal, it refuses each question at once.
  std::vector<ApprovalGiven> poll(const RunRecord& record);
  // A question is on the screen: draw nothing else.
  bool asking() const { return asked_.has_value(); }

 private:
  struct Asked {
    std::string stage;
    int attempt = 0;
    std::optional<bool> granted;  // set: waiting for the reason
  };
  std::optional<std::string> line();  // nothing: not typed yet
  void begin(const RunRecord& record, const std::string& stage, int attempt);
  std::optional<ApprovalGiven> answer(const RunId& run);

  Person person_;
  std::function<void(std::string_view)> out_;
  std::optional<Asked> asked_;
  std::set<std::string> answered_;  // `stage.attempt`
  std::string typed_;
  bool input_ended_ = false;
};

}  // namespace quietgate
