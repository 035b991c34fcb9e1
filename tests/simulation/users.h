// People: they push, force, delete, move production by hand, cancel, retry, approve, promote and destroy, at random
// moments and sometimes twice.
#pragma once

#include <functional>

#include "tests/simulation/invariants.h"
#include "tests/simulation/scenario.h"

namespace quietgate {

class Users {
 public:
  // Sends one HTTP request to the service; 0 when nobody answers.
  using Ask = std::function<int(const std::string& method, const std::string& target, const std::string& body)>;
  Users(World& world, std::map<std::string, SimRemote>& remotes, Invariants& invariants, Ask ask);

  void begin();  // the first commits
  void act();    // something, or nothing
  // Every approval that is awaited gets its answer.
  void decide_all();
  void move_production(const std::string& repository);

 private:
  bool hurry();
  void push(const std::string& repository);
  void force(const std::string& repository);
  void request(const std::string& repository);
  void roll_back();
  void decide(const RunId& run, const std::string& stage, bool granted);
  void point(const std::string& repository, const std::string& branch, const CommitId& commit);
  std::optional<RunId> some_run();

  World& world_;
  std::map<std::string, SimRemote>& remotes_;
  Invariants& invariants_;
  Ask ask_;
  std::map<std::string, Scenario> scenarios_;
};

}  // namespace quietgate
