// The places for stages at work: of the service, and of repositories with a number of their own. The last are kept for
// protected branches (slot_request.h).
#pragma once

#include <map>
#include <string>

#include "runner/engine/admission/slot_queue.h"
#include "runner/engine/admission/slot_request.h"

namespace quietgate {

class SlotPlaces {
 public:
  SlotPlaces(int stages, std::map<std::string, int> repositories);

  // One more (1) or one less (-1) is at work, when the request needs a place.
  void count(const SlotRequest& request, int by);
  // Whether none is left for such a request.
  bool service_full(const SlotRequest& request) const;
  bool repository_full(const SlotRequest& request) const;
  bool free_for(const SlotRequest& request) const;
  const PlacesHeld& held() const { return held_; }

  // `4 of 4 stages run`, for who waits: what is free is not for it.
  std::string service_in_words() const;
  std::string repository_in_words(const std::string& repository) const;

 private:
  int stages_;
  std::map<std::string, int> repositories_;
  int used_ = 0;
  PlacesHeld held_;
  int unprotected_ = 0;  // of those used, those of unprotected branches
  std::map<std::string, int> unprotected_by_;
};

}  // namespace quietgate
