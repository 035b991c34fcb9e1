#include "runner/adapters/git/git_authentication.h"

#include <unistd.h>

#include <utility>

#include "runner/adapters/git/git_handles.h"
#include "runner/adapters/git/git_known_hosts.h"

namespace quietgate {

int GitAuthentication::give(git_credential** out, const char* user, unsigned allowed) {
  const auto& known = remote_.credentials;
  const bool ssh = url_.kind == GitUrl::Kind::ssh;
  const char* name = user ? user : known.username.empty() ? "git" : known.username.c_str();
  if (!ssh && !known.username.empty()) name = known.username.c_str();
  if (allowed & GIT_CREDENTIAL_USERNAME) return git_credential_username_new(out, name);
  // Asked again after an answer: the server did not like it, and the answer would stay the same.
  if (std::exchange(credentials_given_, true)) {
    trouble_ = Trouble::credentials_rejected;
    return GIT_EAUTH;
  }
  if (ssh && (allowed & GIT_CREDENTIAL_SSH_KEY) && !known.ssh_key.empty()) return give_ssh_key(out, name);
  if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) && !known.password.empty()) {
    return git_credential_userpass_plaintext_new(out, name, known.password.c_str());
  }
  trouble_ = url_.has_password ? Trouble::credentials_rejected : Trouble::credentials_wanted;
  return GIT_EAUTH;
}

int GitAuthentication::give_ssh_key(git_credential** out, const char* user) const {
  const auto& key = remote_.credentials.ssh_key;
  const auto half = key + ".pub";
  const char* passphrase = remote_.credentials.password.c_str();
  return git_credential_ssh_key_new(out, user, ::access(half.c_str(), R_OK) == 0 ? half.c_str() : nullptr, key.c_str(),
                                    passphrase);
}

int GitAuthentication::check(const git_cert* certificate, bool valid) {
  if (certificate->cert_type == GIT_CERT_HOSTKEY_LIBSSH2) {
    return check_host(*reinterpret_cast<const git_cert_hostkey*>(certificate));
  }
  if (valid) return 0;
  trouble_ = Trouble::certificate;
  trouble_words_ =
      user_error("the certificate of " + url_.shown + " is not trusted: " + last_git_error(),
                 "if the server uses a private authority, name its certificate in ca_file; the certificate must be "
                 "valid for the host in the URL, which must be a name, not an address");
  return GIT_ECERTIFICATE;
}

int GitAuthentication::check_host(const git_cert_hostkey& certificate) {
  const auto& configured = remote_.credentials.known_hosts;
  const auto file = configured.empty() ? default_known_hosts() : configured;
  const std::string_view key(certificate.hostkey, certificate.hostkey_len);
  const auto verdict = (certificate.type & GIT_CERT_SSH_RAW) ? check_host_key(file, url_.host, url_.port, key)
                                                             : HostKeyVerdict::unreadable;
  if (verdict == HostKeyVerdict::known) return 0;
  trouble_ = Trouble::host_key;
  const auto place = file.empty() ? std::string("a known_hosts file") : file;
  const auto scan = "ssh-keyscan -p " + std::to_string(url_.port) + " " + url_.host + " >> " + place;
  const auto shown = "the host key of " + url_.shown + " (" + printable(host_key_type(key), 40) + ")";
  if (verdict == HostKeyVerdict::different) {
    trouble_words_ = user_error(shown + " is not the key that " + place + " has for this host",
                                "if the server's key was changed on purpose, replace its lines there (" + scan +
                                    "); otherwise somebody may be intercepting the connection");
  } else if (verdict == HostKeyVerdict::unknown) {
    trouble_words_ = user_error(shown + " is not in " + place,
                                "add it with: " + scan + "  and compare it with what the server's owner publishes");
  } else {
    trouble_words_ = user_error("cannot check " + shown + ": cannot read " + place, "make it with: " + scan);
  }
  return GIT_ECERTIFICATE;
}

std::optional<Error> GitAuthentication::error() const {
  const auto& where = url_.shown;
  const bool ssh = url_.kind == GitUrl::Kind::ssh;
  switch (trouble_) {
    case Trouble::none:
      return std::nullopt;
    case Trouble::credentials_wanted:
      return user_error(where + " asks for credentials and none are configured",
                        ssh ? "configure ssh_key (an ed25519 private key) for this repository"
                            : "configure a username and a password or token for this repository");
    case Trouble::credentials_rejected:
      return user_error(where + " refused the configured credentials",
                        ssh ? "check that the key is authorised there, and that it is not an RSA key"
                            : "check the username and the password or token, and that the token has not expired");
    case Trouble::certificate:
    case Trouble::host_key:
      return trouble_words_;
  }
  return std::nullopt;
}

}  // namespace quietgate
