#include "runner/adapters/git/git_trust.h"

#include <array>
#include <filesystem>

#include "runner/adapters/git/git_handles.h"

namespace quietgate {

namespace {

std::string system_authorities() {
  constexpr std::array places{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                              "/etc/ssl/cert.pem"};
  std::error_code ignored;
  for (const char* place : places) {
    if (std::filesystem::is_regular_file(place, ignored)) return place;
  }
  return {};
}

}  // namespace

GitTrust::Turn::~Turn() {
  if (!trust_) return;
  {
    std::lock_guard lock(trust_->mutex_);
    --trust_->users_;
  }
  trust_->changed_.notify_all();
}

Result<std::optional<GitTrust::Turn>> GitTrust::take(const std::string& ca_file, NetworkBound& bound) {
  const auto file = ca_file.empty() ? system_authorities() : ca_file;
  if (file.empty()) {
    return user_error("there are no certificate authorities to check https servers with",
                      "install the package ca-certificates, or name the server's own authority in ca_file");
  }
  std::unique_lock lock(mutex_);
  const auto ticket = queue_.insert(queue_.end(), next_++);
  auto leave = [&] {
    queue_.erase(ticket);
    changed_.notify_all();
  };
  auto my_turn = [&] { return queue_.begin() == ticket && (users_ == 0 || loaded_ == file); };
  while (!changed_.wait_for(lock, Milliseconds(100), my_turn)) {
    if (!bound.over()) continue;
    leave();
    return std::optional<Turn>();
  }
  leave();
  if (loaded_ != file) {
    loaded_.reset();
    git_error_clear();
    if (git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, file.c_str(), nullptr) != 0) {
      return user_error("cannot read certificate authorities from " + file + ": " + last_git_error(),
                        "ca_file must be a readable file of certificates in PEM format");
    }
    loaded_ = file;
  }
  ++users_;
  return std::optional<Turn>(std::in_place, *this);
}

}  // namespace quietgate
