// Asks the person at the terminal what a stage of a local run waits for: no service is there to ask through.
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
    bool answers = false;  // there is a terminal to ask at
    int input = 0;         // a descriptor, read line by line
  };
  // `out` writes to the terminal.
  ApprovalPrompt(Person person, std::function<void(std::string_view)> out)
      : person_(std::move(person)), out_(std::move(out)) {}

  // Call it about ten times a second with the run as it is: asks what is not asked yet; never blocks. Returns the
  // decisions that were made; where nobody can be asked, the refusal of each question at once.
  std::vector<ApprovalGiven> poll(const RunRecord& record);
  // A question stands on the screen: nothing else may be drawn.
  bool asking() const { return asked_.has_value(); }

 private:
  struct Asked {
    std::string stage;
    int attempt = 0;
    std::optional<bool> granted;  // known: the reason is asked for
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
