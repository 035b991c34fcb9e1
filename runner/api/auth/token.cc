#include "runner/api/auth/token.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "runner/base/descriptor.h"

namespace quietgate {

namespace {

constexpr std::size_t token_bytes = 32;

Error told(const std::string& doing, const std::string& path) {
  return infrastructure_error("can't " + doing + " " + path + ": " + std::strerror(errno),
                              "check the permissions of the data directory");
}

Result<void> make(const std::string& path) {
  if (sodium_init() < 0) return infrastructure_error("libsodium can't be initialised");
  std::array<unsigned char, token_bytes> random{};
  randombytes_buf(random.data(), random.size());
  std::array<char, token_bytes * 2 + 1> text{};
  sodium_bin2hex(text.data(), text.size(), random.data(), random.size());
  text.back() = '\n';
  // Written aside and linked in place: no reader ever sees a part, and two who start at once agree on one token.
  const auto aside = path + "." + std::to_string(::getpid());
  Descriptor file(::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file) return told("write", aside);
  const auto written = ::write(file.get(), text.data(), text.size());
  const bool stored = written == static_cast<ssize_t>(text.size()) && ::fsync(file.get()) == 0;
  const bool placed = stored && (::link(aside.c_str(), path.c_str()) == 0 || errno == EEXIST);
  auto problem = placed ? Error{} : told("write", path);
  ::unlink(aside.c_str());
  return placed ? Result<void>{} : Result<void>{problem};
}

}  // namespace

Result<std::string> read_token(const std::string& data) {
  const auto path = data + "/token";
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    return user_error("can't read the token at " + path + ": " + std::strerror(errno),
                      "name the service's data directory with --data, or set the token in QUIETGATE_TOKEN");
  }
  struct stat facts {};
  if (::fstat(file.get(), &facts) == 0 && (facts.st_mode & 077) != 0)
    return user_error(path + " is readable by other users", "make it private: chmod 600 " + path);
  std::array<char, 256> bytes{};
  const auto count = ::read(file.get(), bytes.data(), bytes.size());
  if (count < 0) return told("read", path);
  std::string token(bytes.data(), static_cast<std::size_t>(count));
  while (!token.empty() && std::isspace(static_cast<unsigned char>(token.back())) != 0) token.pop_back();
  const bool plain = std::all_of(token.begin(), token.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (token.size() < 32 || !plain)
    return user_error(path + " does not hold a token", "remove it: the service creates a new token when it starts");
  return token;
}

Result<std::string> load_or_make_token(const std::string& data) {
  struct stat facts {};
  if (::lstat((data + "/token").c_str(), &facts) != 0 && errno == ENOENT) {
    if (auto made = make(data + "/token"); !made) return made.error();
  }
  return read_token(data);
}

}  // namespace quietgate
