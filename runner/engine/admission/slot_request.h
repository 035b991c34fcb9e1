// What stages need to begin, and the limits.
//
// Some slots of the service, and of a repository with its own limit, are reserved for stages of protected branches, so
// that other branches cannot hold up commits that may be promoted.
#pragma once

#include <map>
#include <set>
#include <string>

#include "runner/model/types.h"

namespace quietgate {

struct Limits {
  int stages = 4;                           // running at once in the service
  std::map<std::string, int> repositories;  // running at once in one repository; default: the service's limit
  std::map<std::string, int> locks;         // how many runs may hold a lock at once; default one
};

// The number of slots reserved for protected branches: a quarter, and at least one of two or more.
constexpr int reserved_slots(int slots) {
  return slots < 2 ? 0 : slots < 8 ? 1 : slots / 4;
}

// What a stage needs to begin.
struct SlotRequest {
  RunId run;
  std::string stage;
  bool needs_slot = true;
  std::string lock;             // empty: none
  bool keeps = false;           // the run keeps the lock after the stage has ended
  std::set<std::string> later;  // locks that stages of this run may still request
  Time since{};                 // time of the request, or of the grant
  std::string branch;           // of the run
  bool unprotected = false;     // the branch is not a protected branch
};

}  // namespace quietgate
