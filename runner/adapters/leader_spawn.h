// How a leader comes into being.
#pragma once

#include <cerrno>
#include <optional>
#include <string>

#include "runner/core/result.h"
#include "runner/leader/descriptor.h"
#include "runner/leader/order.h"

namespace quietgate {

struct SpawnedLeader {
  Descriptor pid;  // a pidfd: readable at its end
  Descriptor
      report;  // doesn't block: a packet `+` (runs), `-` (its status is written) or `!` and what failed; see Leader
};

// A leader that is there, and prepared, before its step is known. It ends when nobody holds this any more.
class WaitingLeader {
 public:
  // Of the step that it will lead.
  const std::string& id() const { return id_; }
  // Gives it the order, whose id is `id()`, and a copy of the lock. False: it is gone, and reaped; another may do.
  // Errors are infrastructure.
  Result<bool> give(const LeaderOrder& order, const Descriptor& lock);
  // After give().
  SpawnedLeader leading() && { return {std::move(pid_), std::move(socket_)}; }

 private:
  friend class LeaderSource;
  std::string id_;
  Descriptor pid_;
  Descriptor socket_;
};

// Where leaders come from: a small process, executed from the sealed program in memory, that makes one when it is asked
// to. It has inherited nothing: no descriptor, no variable, no blocked or ignored signal. Ends with this.
class LeaderSource {
 public:
  // Errors are infrastructure.
  Result<WaitingLeader> take();
  // Has the next one made, without waiting for it.
  void prepare();
  void put_back(WaitingLeader leader) { next_ = std::move(leader); }

 private:
  Result<void> start();
  bool ask(WaitingLeader& leader);
  bool meet(WaitingLeader& leader);

  Descriptor program_;
  Descriptor pid_;
  Descriptor socket_;
  std::optional<WaitingLeader> next_;
  int why_ = EAGAIN;  // the source could not make the last one
};

// 128 random bits in hexadecimal.
std::string random_id();
// The kernel's id of this boot; empty when it tells none.
std::string boot_id();

}  // namespace quietgate
