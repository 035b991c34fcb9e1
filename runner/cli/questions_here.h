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

class QuestionsHere {
 public:
  struct Person {
    std::string name;
    bool answers = false;  // there is a terminal to ask at
    int input = 0;         // a descriptor, read line by line
  };
  // `out` writes to the terminal.
  QuestionsHere(Person person, std::function<void(std::string_view)> out)
      : person_(std::move(person)), out_(std::move(out)) {}

  // To be called often, with the run as it is: asks what is not asked yet, and never blocks. Answers the decisions that
  // were made; where nobody can be asked, the refusal of each question at once.
  std::vector<ApprovalGiven> look(const RunRecord& record);
  // A question stands on the screen: nothing else may be drawn.
  bool asking() const { return asked_.has_value(); }

 private:
  struct Asked {
    std::string stage;
    int attempt = 0;
    std::optional<bool> granted;  // known: the reason is asked for
  };
  std::optional<std::string> line();  // nothing: it isn't there yet
  void begin(const RunRecord& record, const std::string& stage, int attempt);
  std::optional<ApprovalGiven> answer(const RunId& run);

  Person person_;
  std::function<void(std::string_view)> out_;
  std::optional<Asked> asked_;
  std::set<std::string> done_;  // `stage.attempt`
  std::string typed_;
  bool ended_ = false;  // the input
};

}  // namespace quietgate
