// The clients and the baseline of scripts/bench that Python is too slow for. Each prints one JSON object.
//   http_bench get PORT PATH CONNECTIONS SECONDS      as many answers as there are, over kept connections
//   http_bench follow PORT PATH CONNECTIONS LINES     followers of a log of lines `T<monotonic ns>`; each is to see all
//   http_bench drain PORT PATH BYTES_PER_SECOND       one follower that reads no faster; BYTES_PER_SECOND 0: never
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double now_seconds() {
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

std::int64_t now_nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "http_bench: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

int connected(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (socket < 0 || ::connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fail("connect");
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

void send_all(int socket, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) fail("send");
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void raise_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

double at_share(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  auto place = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

std::string request_for(const std::string& path, const char* more) {
  return "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + more + "\r\n";
}

// ---- get

struct Getter {
  int socket = -1;
  std::string answer;
  double sent = 0;
};

// The answer's whole length, once its head is there; 0: not yet.
std::size_t length_of(const std::string& answer) {
  const auto head = answer.find("\r\n\r\n");
  if (head == std::string::npos) return 0;
  const auto at = answer.find("Content-Length: ");
  if (at == std::string::npos || at > head) fail("an answer without a length");
  return head + 4 + static_cast<std::size_t>(std::atoll(answer.c_str() + at + 16));
}

int get(int port, const std::string& path, int connections, double seconds) {
  const auto request = request_for(path, "");
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Getter> getters(static_cast<std::size_t>(connections));
  for (std::size_t i = 0; i < getters.size(); ++i) {
    getters[i].socket = connected(port);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, getters[i].socket, &event);
    getters[i].sent = now_seconds();
    send_all(getters[i].socket, request);
  }
  std::vector<double> times;
  std::array<char, 256 * 1024> bytes{};
  std::array<epoll_event, 64> events{};
  long errors = 0;
  const double begin = now_seconds();
  while (now_seconds() - begin < seconds) {
    const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < ready; ++i) {
      auto& getter = getters[events[static_cast<std::size_t>(i)].data.u64];
      const auto got = ::recv(getter.socket, bytes.data(), bytes.size(), 0);
      if (got <= 0) fail("the server hung up");
      getter.answer.append(bytes.data(), static_cast<std::size_t>(got));
      const auto length = length_of(getter.answer);
      if (length == 0 || getter.answer.size() < length) continue;
      if (getter.answer.compare(0, 12, "HTTP/1.1 200") != 0) ++errors;
      const double now = now_seconds();
      times.push_back((now - getter.sent) * 1000);
      getter.answer.erase(0, length);
      getter.sent = now;
      send_all(getter.socket, request);
    }
  }
  const double took = now_seconds() - begin;
  std::printf("{\"requests\": %zu, \"per_second\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"errors\": %ld}\n",
              times.size(), static_cast<double>(times.size()) / took, at_share(times, 0.5), at_share(times, 0.99),
              errors);
  return 0;
}

// ---- follow

int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : (c == '/' ? 63 : -1);
}

void decode(std::string_view text, std::string& out) {
  unsigned bits = 0;
  int count = 0;
  for (char c : text) {
    const int value = value_of(c);
    if (value < 0) break;
    bits = (bits << 6) | static_cast<unsigned>(value);
    if ((count += 6) >= 8) out += static_cast<char>(bits >> (count -= 8) & 0xff);
  }
}

struct Follower {
  int socket = -1;
  std::string raw;   // bytes that are no whole line yet
  std::string text;  // decoded likewise
  long lines = 0;
  bool over = false;
};

// Lines of the log in what was decoded; answers how many, and notes how late each was.
void count_lines(Follower& follower, std::int64_t now, std::vector<double>& late) {
  std::size_t begin = 0;
  for (auto end = follower.text.find('\n'); end != std::string::npos; end = follower.text.find('\n', begin)) {
    if (follower.text[begin] == 'T') {
      ++follower.lines;
      late.push_back(static_cast<double>(now - std::atoll(follower.text.c_str() + begin + 1)) / 1e6);
    }
    begin = end + 1;
  }
  follower.text.erase(0, begin);
}

void take(Follower& follower, std::string_view fresh, std::int64_t now, std::vector<double>& late) {
  follower.raw += fresh;
  std::size_t begin = 0;
  for (auto end = follower.raw.find('\n'); end != std::string::npos; end = follower.raw.find('\n', begin)) {
    const auto line = std::string_view(follower.raw).substr(begin, end - begin);
    if (line.starts_with("data: ")) decode(line.substr(6), follower.text);
    if (line.starts_with("T")) (follower.text += line) += '\n';  // the relay's are bare
    if (line.starts_with("event: end")) follower.over = true;
    begin = end + 1;
  }
  follower.raw.erase(0, begin);
  count_lines(follower, now, late);
}

int follow(int port, const std::string& path, int connections, long lines) {
  raise_descriptors();
  const auto request = request_for(path, "Accept: text/event-stream\r\n");
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<Follower>> followers;
  for (int i = 0; i < connections; ++i) {
    auto follower = std::make_unique<Follower>();
    follower->socket = connected(port);
    send_all(follower->socket, request);
    ::fcntl(follower->socket, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = follower.get();
    ::epoll_ctl(poll, EPOLL_CTL_ADD, follower->socket, &event);
    followers.push_back(std::move(follower));
  }
  std::fprintf(stderr, "ready\n");
  std::vector<double> late;
  std::array<char, 64 * 1024> bytes{};
  std::array<epoll_event, 256> events{};
  int open = connections;
  double last = now_seconds();
  while (open > 0 && now_seconds() - last < 15) {
    const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 200);
    for (int i = 0; i < ready; ++i) {
      auto& follower = *static_cast<Follower*>(events[static_cast<std::size_t>(i)].data.ptr);
      const auto got = ::recv(follower.socket, bytes.data(), bytes.size(), 0);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      last = now_seconds();
      if (got > 0)
        take(follower, std::string_view(bytes.data(), static_cast<std::size_t>(got)), now_nanoseconds(), late);
      if (got > 0 && !follower.over && follower.lines < lines) continue;
      ::close(follower.socket);
      --open;
    }
  }
  long complete = 0;
  for (const auto& follower : followers) complete += follower->lines >= lines ? 1 : 0;
  std::printf("{\"complete\": %ld, \"of\": %d, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n", complete, connections,
              at_share(late, 0.5), at_share(late, 0.99));
  return 0;
}

// ---- drain

int drain(int port, const std::string& path, double rate) {
  const int socket = connected(port);
  send_all(socket, request_for(path, "Accept: text/event-stream\r\n"));
  std::fprintf(stderr, "ready\n");
  if (rate <= 0) {
    ::pause();
    return 0;
  }
  Follower follower;
  long long bytes_seen = 0;
  std::array<char, 256 * 1024> bytes{};
  std::string pending;
  const double begin = now_seconds();
  double read = 0;
  while (!follower.over) {
    const auto got = ::recv(socket, bytes.data(), bytes.size(), 0);
    if (got <= 0) break;
    read += static_cast<double>(got);
    pending.append(bytes.data(), static_cast<std::size_t>(got));
    std::size_t at = 0;
    for (auto end = pending.find('\n'); end != std::string::npos; end = pending.find('\n', at)) {
      const auto line = std::string_view(pending).substr(at, end - at);
      if (line.starts_with("data: ")) {
        follower.text.clear();
        decode(line.substr(6), follower.text);
        bytes_seen += static_cast<long long>(follower.text.size());
      }
      if (line.starts_with("event: end")) follower.over = true;
      at = end + 1;
    }
    pending.erase(0, at);
    const double ahead = read / rate - (now_seconds() - begin);
    if (ahead > 0) ::usleep(static_cast<useconds_t>(ahead * 1e6));
  }
  std::printf("{\"bytes\": %lld, \"ended\": %s, \"seconds\": %.3f}\n", bytes_seen, follower.over ? "true" : "false",
              now_seconds() - begin);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "get" && argc == 6) return get(std::atoi(argv[2]), argv[3], std::atoi(argv[4]), std::atof(argv[5]));
  if (mode == "follow" && argc == 6) return follow(std::atoi(argv[2]), argv[3], std::atoi(argv[4]), std::atol(argv[5]));
  if (mode == "drain" && argc == 5) return drain(std::atoi(argv[2]), argv[3], std::atof(argv[4]));
  std::fprintf(stderr, "usage: see the head of tests/bench/http_bench.cc\n");
  return 2;
}
