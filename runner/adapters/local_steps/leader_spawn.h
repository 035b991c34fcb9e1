// How a leader comes into being.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "runner/adapters/local_steps/children.h"
#include "runner/base/descriptor.h"
#include "runner/base/result.h"
#include "runner/base/task.h"
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
  // Gives it the order, whose id is `id()`, and a copy of the lock. False: it is gone; another may do. Errors are
  // infrastructure. Whatever the answer, its process is then its holder's, to be reaped: `leading()`.
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
// to. It has inherited nothing: no descriptor, no variable, no blocked or ignored signal. It ends with this, and so
// does the leader that waits.
class LeaderSource {
 public:
  LeaderSource(Executor executor, std::shared_ptr<Children> children)
      : executor_(std::move(executor)), children_(std::move(children)) {}
  ~LeaderSource();
  LeaderSource(const LeaderSource&) = delete;
  LeaderSource& operator=(const LeaderSource&) = delete;
  // The one that waits; or a new one, which may take a second and a new source when somebody has killed or stopped
  // them. Several may be asked for at once. Errors are infrastructure.
  Task<Result<WaitingLeader>> take();
  // Has the next one made, without waiting for it.
  void prepare();
  void put_back(WaitingLeader leader);
  // Whether the living process runs the leaders' program.
  bool made(pid_t process) const;

 private:
  enum class Met { here, gone, late, refused, unwatched };
  Result<void> start();
  void retire();
  Result<std::optional<WaitingLeader>> ask();
  Met meet(WaitingLeader& leader);
  void dismiss(WaitingLeader leader);

  Executor executor_;
  std::shared_ptr<Children> children_;
  Descriptor program_;
  Descriptor pid_;    // of the source
  pid_t number_ = 0;  // likewise
  Descriptor socket_;
  std::uint64_t sources_ = 0;  // so far
  std::optional<WaitingLeader> next_;
  int why_ = EAGAIN;  // the last one could not be made, or watched
};

// What a leader has told on its socket: its pid, which is its for as long as we don't reap it, for it is our child; or,
// as a negative number, why the source could not make it; 0: nothing, it is gone.
pid_t told_pid(int socket);
// 128 random bits in hexadecimal.
std::string random_id();
// The kernel's id of this boot; empty when it tells none.
std::string boot_id();

}  // namespace quietgate
