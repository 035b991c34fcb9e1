#include "runner/adapters/git/git_stream.h"

#include <fcntl.h>
#include <git2.h>
#include <git2/sys/stream.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace quietgate {

namespace {

// libgit2's registration of streams has no payload: the thread that makes the call is the only link to its bound.
thread_local NetworkBound* current_bound = nullptr;

constexpr Milliseconds connect_patience{10'000};

// libgit2's ssh transport reads the socket out of the stream it asked for, so the order of these members is its own.
struct BoundedStream {
  git_stream parent;
  char* host;
  char* port;
  int socket;
};
static_assert(std::is_standard_layout_v<BoundedStream>);

struct Lookup {
  ~Lookup() {
    if (found) freeaddrinfo(found);
  }
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;
  int code = 0;
  addrinfo* found = nullptr;
};

using Addresses = std::shared_ptr<Lookup>;

// A resolver can't be interrupted, so a name is looked up on a thread of its own, which may outlive the wait.
Addresses resolve(const std::string& host, const std::string& port, NetworkBound& bound) {
  auto lookup = std::make_shared<Lookup>();
  addrinfo numeric{};
  numeric.ai_socktype = SOCK_STREAM;
  numeric.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  if (getaddrinfo(host.c_str(), port.c_str(), &numeric, &lookup->found) == 0) return lookup;
  std::thread([lookup, host, port] {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int code = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
    std::lock_guard lock(lookup->mutex);
    lookup->code = code;
    lookup->found = found;
    lookup->done = true;
    lookup->ended.notify_one();
  }).detach();
  std::unique_lock lock(lookup->mutex);
  while (!lookup->ended.wait_for(lock, Milliseconds(50), [&] { return lookup->done; })) {
    if (bound.over()) return nullptr;
  }
  if (lookup->code == 0) return lookup;
  bound.break_by(NetworkBound::Broken::unresolved, host + ": " + gai_strerror(lookup->code));
  return nullptr;
}

int fail(const char* text) {
  git_error_set_str(GIT_ERROR_NET, text);
  return -1;
}

int connect_to(const addrinfo& address, NetworkBound& bound, int& error) {
  const int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address.ai_protocol);
  error = socket < 0 ? errno : 0;
  if (socket < 0) return -1;
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (::connect(socket, address.ai_addr, address.ai_addrlen) == 0) return socket;
  error = errno;
  if (error == EINPROGRESS) {
    if (bound.wait(socket, POLLOUT, connect_patience, NetworkBound::Broken::unreachable)) {
      socklen_t size = sizeof error;
      if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) return socket;
    }
  }
  ::close(socket);
  return -1;
}

int stream_connect(git_stream* stream) {
  auto* self = reinterpret_cast<BoundedStream*>(stream);
  auto* bound = current_bound;
  if (!bound) return fail("this connection has no limits set");
  if (!bound->allows(self->host, self->port)) {
    bound->break_by(NetworkBound::Broken::redirected, std::string(self->host) + ":" + self->port);
    return fail("redirected to another place");
  }
  if (bound->over()) return fail("out of time");
  const auto addresses = resolve(self->host, self->port, *bound);
  if (!addresses) return fail("cannot find the host");
  int error = 0;
  for (const auto* one = addresses->found; one && self->socket < 0 && !bound->over(); one = one->ai_next) {
    self->socket = connect_to(*one, *bound, error);
  }
  if (self->socket < 0) {
    bound->break_by(NetworkBound::Broken::unreachable, strerror(error));
    return fail("cannot connect");
  }
  bound->watch(self->socket);
  return 0;
}

// Calls `transfer` until it did something, or failed, or the bound broke.
template <class Transfer>
ssize_t transferred(BoundedStream* self, short events, Transfer transfer) {
  auto* bound = current_bound;
  for (;;) {
    if (!bound || bound->broken() != NetworkBound::Broken::none || bound->over()) return fail("out of time");
    const ssize_t moved = transfer(self->socket);
    if (moved >= 0) return moved;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return fail(strerror(errno));
    if (!bound->wait(self->socket, events, bound->idle(), NetworkBound::Broken::idle)) return fail("out of time");
  }
}

ssize_t stream_read(git_stream* stream, void* data, std::size_t size) {
  auto* self = reinterpret_cast<BoundedStream*>(stream);
  const auto got = transferred(self, POLLIN, [=](int socket) { return ::recv(socket, data, size, 0); });
  if (got > 0 && !current_bound->receive(static_cast<std::uint64_t>(got))) return fail("too much data");
  return got;
}

ssize_t stream_write(git_stream* stream, const char* data, std::size_t size, int flags) {
  auto* self = reinterpret_cast<BoundedStream*>(stream);
  return transferred(self, POLLOUT, [=](int socket) { return ::send(socket, data, size, flags | MSG_NOSIGNAL); });
}

int stream_close(git_stream* stream) {
  auto* self = reinterpret_cast<BoundedStream*>(stream);
  if (self->socket < 0) return 0;
  if (current_bound) current_bound->watch(-1);
  ::close(self->socket);
  self->socket = -1;
  return 0;
}

void stream_free(git_stream* stream) {
  auto* self = reinterpret_cast<BoundedStream*>(stream);
  stream_close(stream);  // the TLS stream above does not always get to its own close
  std::free(self->host);
  std::free(self->port);
  delete self;
}

int make_stream(git_stream** out, const char* host, const char* port) {
  auto* self = new (std::nothrow) BoundedStream{};
  if (!self) return -1;
  self->host = strdup(host);
  self->port = strdup(port);
  self->socket = -1;
  self->parent.version = GIT_STREAM_VERSION;
  self->parent.connect = stream_connect;
  self->parent.read = stream_read;
  self->parent.write = stream_write;
  self->parent.close = stream_close;
  self->parent.free = stream_free;
  *out = &self->parent;
  return 0;
}

}  // namespace

NetworkScope::NetworkScope(NetworkBound& bound) : before_(current_bound) {
  current_bound = &bound;
}

NetworkScope::~NetworkScope() {
  current_bound = before_;
}

void register_bounded_streams() {
  git_stream_registration registration{};
  registration.version = GIT_STREAM_VERSION;
  registration.init = make_stream;
  git_stream_register(GIT_STREAM_STANDARD, &registration);
}

}  // namespace quietgate
