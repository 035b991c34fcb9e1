#include "tests/support/git_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace quietgate {

namespace fs = std::filesystem;

namespace {

constexpr auto patience = std::chrono::seconds(20);

std::string slurp(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

int bound_socket(int port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
  return listener;
}

int port_of(int listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

// Between fork and exec: only what is safe there.
[[noreturn]] void become(const std::vector<std::string>& arguments, const std::string& home, int in, int out) {
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(out, 2);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const std::string home_line = "HOME=" + home;
  std::vector<const char*> environment{home_line.c_str(),
                                       "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                       "GIT_CONFIG_NOSYSTEM=1",
                                       "GIT_AUTHOR_NAME=Ana",
                                       "GIT_AUTHOR_EMAIL=ana@example.org",
                                       "GIT_COMMITTER_NAME=Ana",
                                       "GIT_COMMITTER_EMAIL=ana@example.org",
                                       "LC_ALL=C.UTF-8",
                                       nullptr};
  std::vector<const char*> words;
  for (const auto& argument : arguments) words.push_back(argument.c_str());
  words.push_back(nullptr);
  ::execvpe(words[0], const_cast<char**>(words.data()), const_cast<char**>(environment.data()));
  ::_exit(127);
}

}  // namespace

// sshd that runs as root insists on this folder. Tests that run side by side share one; the last of them removes it,
// and its mode tells theirs from the system's.
class PrivilegeFolder {
 public:
  PrivilegeFolder() : lock_(::open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    ::flock(lock_, LOCK_SH);
    ::mkdir(path, ours);
  }
  ~PrivilegeFolder() {
    struct stat found {};
    if (::flock(lock_, LOCK_EX | LOCK_NB) == 0 && ::stat(path, &found) == 0 && (found.st_mode & 0777) == ours) {
      ::rmdir(path);
    }
    ::close(lock_);
  }
  PrivilegeFolder(const PrivilegeFolder&) = delete;
  PrivilegeFolder& operator=(const PrivilegeFolder&) = delete;

 private:
  static constexpr const char* path = "/run/sshd";
  static constexpr mode_t ours = 0711;
  int lock_;
};

TempFolder::TempFolder() {
  auto pattern = (fs::temp_directory_path() / "quietgate-git-XXXXXX").string();
  path_ = ::mkdtemp(pattern.data());
}
TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}
std::string TempFolder::path(const std::string& inside) const {
  return inside.empty() ? path_.string() : (path_ / inside).string();
}
std::string TempFolder::write(const std::string& inside, const std::string& text) const {
  fs::create_directories((path_ / inside).parent_path());
  std::ofstream(path_ / inside, std::ios::binary) << text;
  return path(inside);
}

Printed run_program(const std::vector<std::string>& arguments, const std::string& home, const std::string& input) {
  TempFolder scratch;
  const int in = ::open(scratch.write("in", input).c_str(), O_RDONLY | O_CLOEXEC);
  const int out = ::open(scratch.path("out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const pid_t pid = ::fork();
  if (pid == 0) become(arguments, home, in, out);
  ::close(in);
  ::close(out);
  int status = 0;
  ::waitpid(pid, &status, 0);
  Printed printed{WIFEXITED(status) ? WEXITSTATUS(status) : 128, slurp(scratch.path("out"))};
  while (!printed.out.empty() && printed.out.back() == '\n') printed.out.pop_back();
  return printed;
}

ServerProcess::ServerProcess(std::vector<std::string> arguments, const std::string& home, const std::string& log) {
  const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::setpgid(0, 0);
    become(arguments, home, in, out);
  }
  ::setpgid(pid_, pid_);
  ::close(in);
  ::close(out);
}

ServerProcess::~ServerProcess() {
  if (pid_ <= 0) return;
  ::kill(-pid_, SIGKILL);  // also children that would outlive it, as fcgiwrap's do
  ::waitpid(pid_, nullptr, 0);
}

bool ServerProcess::running() {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

int free_port() {
  const int listener = bound_socket(0);
  const int port = port_of(listener);
  ::close(listener);
  return port;
}

GitServers::GitServers() {
  fs::create_directories(folder_.path("srv"));
  ::chmod(folder_.path().c_str(), 0755);
}

GitServers::~GitServers() {
  if (::testing::Test::HasFailure()) std::fprintf(stderr, "%s\n", log().c_str());
  processes_.clear();
}

std::string GitServers::make_repository(const std::string& name) {
  const auto path = folder_.path("srv/" + name + ".git");
  run_program({"git", "init", "-q", "--bare", "-b", "main", path}, folder_.path());
  git(name, {"config", "http.receivepack", "true"});
  return path;
}

std::string GitServers::git(const std::string& name, std::vector<std::string> arguments, const std::string& input) {
  arguments.insert(arguments.begin(), {"git", "-C", folder_.path("srv/" + name + ".git")});
  auto printed = run_program(arguments, folder_.path(), input);
  EXPECT_EQ(printed.exit_code, 0) << arguments[3] << ": " << printed.out;
  return printed.out;
}

std::string GitServers::commit(const std::string& name, const std::string& branch,
                               const std::vector<std::pair<std::string, std::string>>& files,
                               const std::vector<std::string>& parents) {
  const std::string message = "Change " + branch;
  std::string stream = "commit refs/heads/" + branch + "\ncommitter Ana <ana@example.org> 1700000000 +0000\ndata " +
                       std::to_string(message.size()) + "\n" + message + "\n";
  for (std::size_t i = 0; i < parents.size(); ++i) {
    stream += (i == 0 ? "from " : "merge ") + git(name, {"rev-parse", parents[i]}) + "\n";
  }
  stream += "deleteall\n";
  for (const auto& [path, text] : files) {
    // `link:PATH` and `run:PATH` are a link and a program.
    std::string mode = "100644";
    auto plain = path;
    if (path.starts_with("link:")) mode = "120000";
    if (path.starts_with("run:")) mode = "100755";
    if (mode != "100644") plain = path.substr(path.find(':') + 1);
    stream += "M " + mode + " inline " + plain + "\ndata " + std::to_string(text.size()) + "\n" + text + "\n";
  }
  git(name, {"fast-import", "--quiet", "--force"}, stream);
  return tip(name, branch);
}

std::string GitServers::tip(const std::string& name, const std::string& branch) {
  return git(name, {"for-each-ref", "--format=%(objectname)", "refs/heads/" + branch});
}

void GitServers::hook(const std::string& name, const std::string& which, const std::string& script) {
  const auto path = folder_.write("srv/" + name + ".git/hooks/" + which, "#!/bin/sh\n" + script);
  ::chmod(path.c_str(), 0755);
}

std::string GitServers::file() const {
  return "file://" + folder_.path("srv") + "/";
}

bool GitServers::need(const std::string& program, const std::string& package) {
  for (const char* folder : {"/usr/sbin/", "/usr/bin/", "/usr/lib/git-core/"}) {
    if (::access((folder + program).c_str(), X_OK) == 0) return true;
  }
  missing_ = "NEEDS `" + program + "`: apt-get install " + package;
  return false;
}

void GitServers::start(std::vector<std::string> arguments) {
  processes_.push_back(std::make_unique<ServerProcess>(std::move(arguments), folder_.path(), folder_.path("log")));
}

bool GitServers::wait_for_port(int port) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until && processes_.back()->running()) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const bool answered = ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    if (answered) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ADD_FAILURE() << "a server did not start on port " << port << ":\n" << log();
  return false;
}

std::string GitServers::log() const {
  return slurp(folder_.path("log")) + slurp(folder_.path("nginx.log"));
}

void make_certificates(const TempFolder& folder) {
  folder.write("leaf.ext", "subjectAltName=DNS:localhost\n");
  auto openssl = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    auto printed = run_program(arguments, folder.path());
    EXPECT_EQ(printed.exit_code, 0) << printed.out;
  };
  openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
           "/CN=quietgate test authority", "-keyout", folder.path("ca.key"), "-out", folder.path("ca.pem")});
  openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-keyout",
           folder.path("leaf.key"), "-out", folder.path("leaf.csr")});
  openssl({"x509", "-req", "-days", "2", "-in", folder.path("leaf.csr"), "-CA", folder.path("ca.pem"), "-CAkey",
           folder.path("ca.key"), "-CAcreateserial", "-extfile", folder.path("leaf.ext"), "-out",
           folder.path("leaf.pem")});
}

bool GitServers::start_web() {
  if (web_port_ != 0) return true;
  if (!need("nginx", "nginx") || !need("fcgiwrap", "fcgiwrap") || !need("openssl", "openssl")) return false;
  const auto home = folder_.path();
  make_certificates(folder_);
  folder_.write("passwords", "ana:{PLAIN}correct-horse\n");
  start({"fcgiwrap", "-c", "4", "-s", "unix:" + folder_.path("fcgi")});
  web_port_ = free_port();
  password_port_ = free_port();
  tls_port_ = free_port();
  const auto backend =
      "location /renamed.git/ { rewrite ^/renamed[.]git/(.*)$ /hello.git/$1 redirect; }\n"
      "location / { include /etc/nginx/fastcgi_params; fastcgi_param SCRIPT_FILENAME "
      "/usr/lib/git-core/git-http-backend; fastcgi_param GIT_PROJECT_ROOT " +
      folder_.path("srv") + "; fastcgi_param GIT_HTTP_EXPORT_ALL 1; fastcgi_param PATH_INFO $uri; fastcgi_param HOME " +
      home + "; fastcgi_buffering off; fastcgi_request_buffering off; fastcgi_pass unix:" + folder_.path("fcgi") +
      "; }";
  auto listen = [&](int port, const std::string& more) {
    return "server { listen 127.0.0.1:" + std::to_string(port) + more + " " + backend + " }\n";
  };
  std::string config = "daemon off; worker_processes 1; pid " + folder_.path("nginx.pid") + "; error_log " +
                       folder_.path("nginx.log") + " warn;\n";
  if (::getuid() == 0) config += "user root;\n";
  config += "events { worker_connections 64; }\nhttp { access_log off; client_max_body_size 0;\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    config += std::string(kind) + "_temp_path " + folder_.path(std::string("temp-") + kind) + ";\n";
  }
  config += listen(web_port_, ";") +
            listen(password_port_, "; auth_basic git; auth_basic_user_file " + folder_.path("passwords") + ";") +
            listen(tls_port_, " ssl; ssl_certificate " + folder_.path("leaf.pem") + "; ssl_certificate_key " +
                                  folder_.path("leaf.key") + ";") +
            "}\n";
  start({"nginx", "-p", home, "-e", folder_.path("nginx.log"), "-c", folder_.write("nginx.conf", config)});
  return wait_for_port(web_port_);
}

std::string GitServers::http() {
  return start_web() ? "http://127.0.0.1:" + std::to_string(web_port_) + "/" : std::string();
}
std::string GitServers::http_with_password() {
  return start_web() ? "http://127.0.0.1:" + std::to_string(password_port_) + "/" : std::string();
}
std::string GitServers::https() {
  return start_web() ? "https://localhost:" + std::to_string(tls_port_) + "/" : std::string();
}

std::string GitServers::daemon() {
  if (daemon_port_ == 0) {
    if (!need("git-daemon", "git")) return {};
    daemon_port_ = free_port();
    start({"git", "daemon", "--listen=127.0.0.1", "--port=" + std::to_string(daemon_port_),
           "--base-path=" + folder_.path("srv"), "--export-all", "--enable=receive-pack", "--reuseaddr"});
    wait_for_port(daemon_port_);
  }
  return "git://127.0.0.1:" + std::to_string(daemon_port_) + "/";
}

std::string GitServers::ssh() {
  const auto* user = ::getpwuid(::getuid());
  if (ssh_port_ == 0) {
    if (!need("sshd", "openssh-server") || !need("ssh-keygen", "openssh-client")) return {};
    if (::getuid() == 0) privilege_folder_ = std::make_unique<PrivilegeFolder>();
    for (const char* key : {"id", "host"}) {
      run_program({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder_.path(key)}, folder_.path());
    }
    ssh_port_ = free_port();
    folder_.write("known_hosts", "[127.0.0.1]:" + std::to_string(ssh_port_) + " " + slurp(folder_.path("host.pub")));
    const auto config = folder_.write(
        "sshd.conf", "Port " + std::to_string(ssh_port_) + "\nListenAddress 127.0.0.1\nHostKey " +
                         folder_.path("host") + "\nAuthorizedKeysFile " + folder_.path("id.pub") +
                         "\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
                         "PermitRootLogin prohibit-password\nPidFile none\n");
    start({"/usr/sbin/sshd", "-D", "-e", "-f", config});
    wait_for_port(ssh_port_);
  }
  return "ssh://" + std::string(user->pw_name) + "@127.0.0.1:" + std::to_string(ssh_port_) + folder_.path("srv") + "/";
}

HostileServer::HostileServer(std::string greeting, std::string drip, bool close_after)
    : greeting_(std::move(greeting)), drip_(std::move(drip)), close_after_(close_after) {
  listener_ = bound_socket(0);
  port_ = port_of(listener_);
  ::listen(listener_, 8);
  if (::pipe2(wake_, O_CLOEXEC) != 0) std::abort();
  thread_ = std::thread([this] { serve(); });
}

HostileServer::~HostileServer() {
  ::close(wake_[1]);
  thread_.join();
  ::close(wake_[0]);
  ::close(listener_);
}

void HostileServer::serve() {
  std::vector<int> clients;
  std::size_t dripped = 0;
  for (;;) {
    pollfd waited[2] = {{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    ::poll(waited, 2, drip_.empty() ? -1 : 20);
    if (waited[0].revents != 0) break;
    if (waited[1].revents != 0) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      ::send(client, greeting_.data(), greeting_.size(), MSG_NOSIGNAL);
      if (close_after_) ::shutdown(client, SHUT_WR);
      clients.push_back(client);
    }
    if (drip_.empty()) continue;
    for (const int client : clients) ::send(client, &drip_[dripped % drip_.size()], 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    ++dripped;
  }
  for (const int client : clients) ::close(client);
}

}  // namespace quietgate
