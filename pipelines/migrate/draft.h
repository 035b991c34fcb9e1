// A pipeline in the making: what was understood of another system's file, and what was not.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace quietgate {

// A command, or several lines of them, and where and with what they run.
struct DraftStep {
  std::string text;
  std::string directory;  // relative to the root; empty: the root
  std::map<std::string, std::string> variables;
  bool may_fail = false;
};

struct DraftStage {
  std::string name;                // as the other system has it
  std::vector<std::string> needs;  // names of stages
  std::string condition;           // an expression of ours; empty: none
  std::map<std::string, std::string> environment;
  std::vector<std::pair<std::string, std::vector<std::string>>> matrix;
  std::string timeout;  // `10m`; empty: the default
  int attempts = 1;
  bool may_fail = false;
  std::vector<DraftStep> steps;
  std::vector<std::string> artifacts;
  std::string junit;
  std::vector<std::string> from;  // stages whose artifacts it gets
};

// What has no counterpart, or must be looked at.
struct MigrationNote {
  std::size_t line = 0;  // in the other system's file
  std::string what;
  bool operator<(const MigrationNote& other) const { return std::tie(line, what) < std::tie(other.line, other.what); }
};

struct Draft {
  std::string name;
  std::vector<std::string> branches;
  std::vector<std::string> paths;
  std::vector<std::string> ignore_paths;
  std::map<std::string, std::string> environment;
  std::set<std::string> secrets;
  std::vector<DraftStage> stages;
  std::set<MigrationNote> notes;

  void note(std::size_t line, std::string what) { notes.insert({line, std::move(what)}); }
};

// The draft as a pipeline file that compiles, with its notes as comments. Stages get names that the language takes;
// what needs a stage that is not there is let go of.
std::string draft_text(const Draft& draft, const std::string& source);

}  // namespace quietgate
