// Real Git servers on loopback, started by a test and gone with it: nginx with git-http-backend (http, https, basic
// authentication), git daemon, sshd. Each on a free port, with everything in one temporary folder.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace quietgate {

class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string path(const std::string& inside = {}) const;
  std::string write(const std::string& inside, const std::string& text) const;  // returns the path

 private:
  std::filesystem::path path_;
};

struct Printed {
  int exit_code = -1;
  std::string out;  // stdout and stderr, without the last newline
};

// Runs a program to its end in a clean environment with HOME=`home`.
Printed run_program(const std::vector<std::string>& arguments, const std::string& home, const std::string& input = {});

// A server process in its own group; the group is killed with it.
class ServerProcess {
 public:
  ServerProcess(std::vector<std::string> arguments, const std::string& home, const std::string& log);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  bool running();

 private:
  int pid_ = -1;
};

int free_port();

// ca.pem, leaf.pem and leaf.key in `folder`, by openssl: an authority, and a certificate of it for localhost.
void make_certificates(const TempFolder& folder);

class PrivilegeFolder;

class GitServers {
 public:
  GitServers();
  ~GitServers();

  // A bare repository `<name>.git` that all servers serve; returns its path.
  std::string make_repository(const std::string& name);
  // git in the repository `name`; fails the test when git fails.
  std::string git(const std::string& name, std::vector<std::string> arguments, const std::string& input = {});
  // A commit on top of `parents` (branch names or ids) with exactly these files; moves `branch` there.
  std::string commit(const std::string& name, const std::string& branch,
                     const std::vector<std::pair<std::string, std::string>>& files,
                     const std::vector<std::string>& parents = {});
  std::string tip(const std::string& name, const std::string& branch);
  void hook(const std::string& name, const std::string& which, const std::string& script);

  // Base URLs, ending in a slash; the server is started at the first use. Empty: a program is missing (say `missing`).
  std::string file() const;
  std::string http();
  std::string http_with_password();  // user `ana`, password `correct-horse`
  std::string https();               // for the name localhost, by the authority in authority()
  std::string daemon();
  std::string ssh();  // key in ssh_key(), host in known_hosts()
  std::string authority() const { return folder_.path("ca.pem"); }
  std::string ssh_key() const { return folder_.path("id"); }
  std::string known_hosts() const { return folder_.path("known_hosts"); }
  int ssh_port() const { return ssh_port_; }
  const std::string& missing() const { return missing_; }
  std::string log() const;  // of the servers, for a failed test
  const TempFolder& folder() const { return folder_; }

 private:
  bool start_web();
  bool need(const std::string& program, const std::string& package);
  void start(std::vector<std::string> arguments);
  bool wait_for_port(int port);

  TempFolder folder_;
  std::string missing_;
  int web_port_ = 0;
  int password_port_ = 0;
  int tls_port_ = 0;
  int daemon_port_ = 0;
  int ssh_port_ = 0;
  std::unique_ptr<PrivilegeFolder> privilege_folder_;  // outlives the processes
  std::vector<std::unique_ptr<ServerProcess>> processes_;
};

// Accepts connections and mistreats each: says `greeting`, then one byte of `drip` every 20 ms, or nothing, until the
// client goes.
class HostileServer {
 public:
  HostileServer(std::string greeting, std::string drip, bool close_after = false);
  ~HostileServer();
  HostileServer(const HostileServer&) = delete;
  HostileServer& operator=(const HostileServer&) = delete;
  int port() const { return port_; }

 private:
  void serve();
  std::string greeting_;
  std::string drip_;
  bool close_after_;
  int listener_ = -1;
  int wake_[2] = {-1, -1};
  int port_ = 0;
  std::thread thread_;
};

}  // namespace quietgate
