// Who we are to a server, and whether it is the one that was meant: the credentials that it asks for, its certificate
// or its host key.
#pragma once

#include <git2.h>
#include <git2/sys/credential.h>

#include <optional>

#include "runner/adapters/git/git_url.h"
#include "runner/ports/git.h"

namespace quietgate {

class GitAuthentication {
 public:
  // Both outlive this.
  GitAuthentication(const GitRemote& remote, const GitUrl& url) : remote_(remote), url_(url) {}

  // The answers to libgit2, in its terms: 0, or a negative code. Credentials are given once: a server that asks again
  // didn't like them.
  int give(git_credential** out, const char* user, unsigned allowed);
  // `valid`: libgit2 trusts the certificate.
  int check(const git_cert* certificate, bool valid);
  // Why one of these said no; nothing: none did.
  std::optional<Error> error() const;

 private:
  enum class Trouble { none, credentials_wanted, credentials_rejected, certificate, host_key };
  int give_ssh_key(git_credential** out, const char* user) const;
  int check_host(const git_cert_hostkey& certificate);

  const GitRemote& remote_;
  const GitUrl& url_;
  bool credentials_given_ = false;
  Trouble trouble_ = Trouble::none;
  Error trouble_words_;
};

}  // namespace quietgate
