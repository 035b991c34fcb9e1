#include "runner/adapters/sandbox/sandbox_policy.h"

#include <initializer_list>
#include <set>

namespace quietgate {

namespace {

class Words {
 public:
  explicit Words(const std::string& program) : all_{program} {}
  void add(std::initializer_list<std::string> words) { all_.insert(all_.end(), words); }
  void bind(const char* how, const std::vector<std::string>& paths) {
    for (const auto& path : paths) {
      make_way(path);
      add({how, path, path});
    }
  }
  // What leads to a path that isn't there yet is made so that the step's user may pass.
  void make_way(const std::string& path) {
    for (auto at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
      const auto folder = path.substr(0, at);
      if (known_.insert(folder).second) add({"--perms", "0755", "--dir", folder});
    }
  }
  void know(const std::string& folder) { known_.insert(folder); }
  std::vector<std::string> take() { return std::move(all_); }

 private:
  std::vector<std::string> all_;
  std::set<std::string> known_;  // folders that are there
};

void add_namespaces(const SandboxPolicy& policy, Words& words) {
  // Of processes that it joins, a sandbox has the user namespace too.
  if (!policy.joins && !policy.made_by_root) words.add({"--unshare-user"});
  // The leader's own program is the first process inside: it tells a signal from an exit status.
  if (!policy.joins) words.add({"--unshare-pid", "--as-pid-1"});
  words.add({"--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"});
  if (policy.network != StepView::Network::host) words.add({"--unshare-net"});
  words.add({"--cap-drop", "ALL"});
  // Only to become the step's user, which has none.
  if (policy.made_by_root) words.add({"--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"});
}

void add_system(const SandboxPolicy& policy, Words& words) {
  for (const auto& entry : policy.system) {
    words.know(entry.path);
    if (entry.link.empty())
      words.add({"--ro-bind", entry.path, entry.path});
    else
      words.add({"--symlink", entry.link, entry.path});
  }
  words.add({"--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/dev/shm"});
  // Sockets of the machine's services stand in /run; of all of it, names of hosts are wanted.
  words.add({"--tmpfs", "/run", "--ro-bind-try", "/run/systemd/resolve", "/run/systemd/resolve"});
  words.add({"--ro-bind-try", "/run/resolvconf", "/run/resolvconf", "--remount-ro", "/run"});
  words.add({"--bind", policy.temporary, "/tmp", "--bind", policy.temporary, "/var/tmp"});
  words.make_way(sandbox_home);
  words.add({"--bind", policy.home, sandbox_home});
  for (const auto& [path, shown] : policy.instead) words.add({"--ro-bind", shown, path});
}

}  // namespace

// The order counts: what comes later is mounted over what came before.
std::vector<std::string> sandbox_arguments(const SandboxPolicy& policy) {
  Words words(policy.program);
  add_namespaces(policy, words);
  add_system(policy, words);
  for (const auto& folder : policy.hidden_folders) words.add({"--tmpfs", folder});
  for (const auto& file : policy.hidden_files) words.add({"--ro-bind", "/dev/null", file});
  words.bind("--ro-bind", policy.readable);
  words.bind("--bind", policy.writable);
  for (const auto& folder : policy.covered) words.add({"--tmpfs", folder, "--remount-ro", folder});
  // Their mount points are made by now.
  for (const auto& folder : policy.hidden_folders) words.add({"--remount-ro", folder});
  words.add({"--remount-ro", "/"});
  return words.take();
}

}  // namespace quietgate
