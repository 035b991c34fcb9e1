// The slots for running stages: of the service, and of repositories with their own limit. Some are reserved for
// protected branches (slot_request.h).
#pragma once

#include <map>
#include <string>

#include "runner/engine/admission/slot_queue.h"
#include "runner/engine/admission/slot_request.h"

namespace quietgate {

class SlotCounts {
 public:
  SlotCounts(int stages, std::map<std::string, int> repositories);

  // Counts a stage that starts (1) or ends (-1), if its request needs a slot.
  void count(const SlotRequest& request, int by);
  // Whether no slot is left for such a request.
  bool service_full(const SlotRequest& request) const;
  bool repository_full(const SlotRequest& request) const;
  bool free_for(const SlotRequest& request) const;
  const SlotsHeld& held() const { return held_; }

  // `4 of 4 stages run`, for a waiting stage; a free slot may be reserved.
  std::string service_in_words() const;
  std::string repository_in_words(const std::string& repository) const;

 private:
  int stages_;
  std::map<std::string, int> repositories_;
  int used_ = 0;
  SlotsHeld held_;
  int unprotected_ = 0;  // used slots of unprotected branches
  std::map<std::string, int> unprotected_by_;
};

}  // namespace quietgate
