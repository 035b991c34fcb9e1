// What a `test` stage is to do.
#pragma once

#include <string>
#include <vector>

#include "runner/model/command.h"
#include "runner/model/stage_body.h"

namespace quietgate {

struct TestSpec {
  std::vector<Command> commands;       // run one after another; the first that fails ends the stage
  std::string junit;                   // (template) glob of JUnit XML files, relative to the checkout; empty: none
  std::vector<std::string> artifacts;  // (template) globs of files to keep, relative to the checkout
  bool operator==(const TestSpec&) const = default;
};

template <class A>
void fields(A& a, TestSpec& v) {
  a("commands", v.commands);
  a("junit", v.junit);
  a("artifacts", v.artifacts);
}

StageBody body_of(const TestSpec& spec);

}  // namespace quietgate
