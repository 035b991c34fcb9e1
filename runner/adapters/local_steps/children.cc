#include "runner/adapters/local_steps/children.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <list>

#include "runner/adapters/local_steps/leader_spawn.h"
#include "runner/adapters/local_steps/orphans.h"
#include "runner/adapters/local_steps/readiness.h"
#include "runner/ports/step_executor.h"

namespace quietgate {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds look_at_children_again{100};

bool reaped(pid_t child) {
  siginfo_t how = {};
  return ::waitid(P_PID, static_cast<id_t>(child), &how, WEXITED | WNOHANG) != 0 || how.si_pid != 0;
}

}  // namespace

std::string reap(int process) {
  siginfo_t how = {};
  if (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(process), &how, WEXITED | WNOHANG) != 0) return {};
  if (how.si_pid == 0) return {};
  StepExit exit;
  exit.how = how.si_code == CLD_EXITED ? StepExit::How::exited : StepExit::How::signalled;
  exit.code = how.si_status;
  return describe(exit);
}

// Handlers share it: one may be queued already when nobody wants it any more.
struct Children::Watch : std::enable_shared_from_this<Watch> {
  explicit Watch(const Executor& executor) : timer(executor) {}

  using Watched = std::list<asio::posix::stream_descriptor>;
  Watched processes, tellers;
  std::list<pid_t> unwatched;
  OrphanReaper orphans;
  asio::steady_timer timer;
  bool looking = false;
  bool over = false;

  void await(Watched& among, Watched::iterator place, void (Watch::*then)(int)) {
    place->async_wait(asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this(), &among, place, then](boost::system::error_code ended) {
                        if (ended || self->over) return;
                        if (!is_readable(place->native_handle())) return self->await(among, place, then);
                        ((*self).*then)(place->native_handle());
                        among.erase(place);
                      });
  }
  void add(Watched& among, Descriptor descriptor, void (Watch::*then)(int)) {
    if (over || !descriptor) return;
    among.emplace_back(timer.get_executor(), descriptor.release());
    await(among, std::prev(among.end()), then);
  }
  void ended(int process) {
    reap(process);
    orphans.reap();
  }
  void told(int socket) {
    if (const auto child = told_pid(socket); child > 0) look_after(child);
  }
  void look_after(pid_t child) {
    if (over || reaped(child)) return;
    unwatched.push_back(child);
    if (!looking) look_later();
  }
  void look_later() {
    looking = true;
    timer.expires_after(look_at_children_again);
    timer.async_wait([self = shared_from_this()](boost::system::error_code cancelled) {
      if (cancelled || self->over) return;
      self->unwatched.remove_if(reaped);
      self->looking = false;
      if (!self->unwatched.empty()) self->look_later();
    });
  }
};

Children::Children(Executor executor) : watch_(std::make_shared<Watch>(std::move(executor))) {}

Children::~Children() {
  leave();
}

void Children::leave() {
  watch_->over = true;
  watch_->processes.clear();
  watch_->tellers.clear();
  watch_->timer.cancel();
}

void Children::reap_at_end(Descriptor process) {
  watch_->add(watch_->processes, std::move(process), &Watch::ended);
}

void Children::reap_at_end(pid_t child) {
  if (child > 0) watch_->look_after(child);
}

void Children::end(Descriptor process) {
  if (process) ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
  reap_at_end(std::move(process));
}

void Children::end(pid_t child) {
  if (child > 0) ::kill(child, SIGKILL);
  reap_at_end(child);
}

void Children::reap_who_tells(Descriptor socket) {
  // It reads that nobody needs it, and ends; what it says before can still be read.
  if (socket) ::shutdown(socket.get(), SHUT_WR);
  watch_->add(watch_->tellers, std::move(socket), &Watch::told);
}

}  // namespace quietgate
