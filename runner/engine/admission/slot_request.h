// What stages need to begin, and how much of it there is.
//
// Of the places of the service, and of a repository with a number of its own, some are for stages of protected branches
// alone: whatever other branches do, what may be promoted gets on.
#pragma once

#include <map>
#include <set>
#include <string>

#include "runner/model/types.h"

namespace quietgate {

struct Limits {
  int stages = 4;                           // at work at once in the service
  std::map<std::string, int> repositories;  // of one repository; without an entry only the service's limit counts
  std::map<std::string, int> locks;         // how many runs may hold a lock at once; without an entry one
};

// So many of the places are for protected branches alone: a quarter, at least one of two or more.
constexpr int kept_places(int places) {
  return places < 2 ? 0 : places < 8 ? 1 : places / 4;
}

// What a stage needs to begin.
struct SlotRequest {
  RunId run;
  std::string stage;
  bool place = true;            // it counts as a stage at work
  std::string lock;             // empty: none
  bool keeps = false;           // the lock stays with the run when the stage has ended
  std::set<std::string> later;  // locks that stages of this run may still ask for
  Time since{};                 // asked, or held
  std::string branch;           // of the run
  bool unprotected = false;     // that branch is none of the repository's protected ones
};

}  // namespace quietgate
