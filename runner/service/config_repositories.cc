#include "runner/service/config_repositories.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace quietgate {

namespace {

const std::string repository_characters = "abcdefghijklmnopqrstuvwxyz0123456789._-";

// A word before `:` makes it a URL or `host:path`; everything else is a path here.
void read_url(const ConfigValues& values, const Found& found, RepositoryConfig& repository) {
  const auto text = values.text(found, 4000);
  if (!text) return;
  repository.url = *text;
  const std::size_t scheme = text->find("://");
  if (scheme == std::string::npos) {
    const std::size_t colon = text->find(':');
    if (colon == std::string::npos || text->find('/') < colon) repository.url = values.local_path(found);
    return;
  }
  const std::string_view rest = std::string_view(*text).substr(scheme + 3);
  const std::string_view authority = rest.substr(0, rest.find('/'));
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos && authority.substr(0, at).find(':') != std::string_view::npos) {
    values.diagnostics().hide_line(found.key_at.line);
    values.diagnostics().hide_line(found.node->at.line);
    values.diagnostics().add(found.key_at, "`url` holds a password", "a URL without it",
                             "give it under `credentials: {username: ..., password: {file: ...}}`");
  }
  const std::vector<std::string> schemes{"file", "http", "https", "git", "ssh"};
  if (std::find(schemes.begin(), schemes.end(), text->substr(0, scheme)) == schemes.end())
    values.wrong(found, fmt::format("`url` begins with `{}`", text->substr(0, scheme + 3)),
                 "a path, or one of " + joined(schemes) + " followed by `://`");
}

void read_credentials(const ConfigValues& values, const Found& found, CredentialsConfig& out) {
  MapReader map(values, found, "`credentials`");
  if (const Found name = map.find("username")) out.username = values.text(name, 1000).value_or("");
  if (const Found password = map.find("password")) out.password = values.source(password);
  if (const Found key = map.find("ssh_key")) out.ssh_key = values.local_path(key);
  if (const Found hosts = map.find("known_hosts")) out.known_hosts = values.local_path(hosts);
  if (const Found authority = map.find("ca_file")) out.ca_file = values.local_path(authority);
  map.finish();
}

void read_secrets(const ConfigValues& values, const Found& found, std::map<std::string, SecretSource>& out) {
  MapReader map(values, found, "`secrets`");
  for (const Found& entry : map.entries()) {
    if (values.is_name(entry, entry.name, std::string(letters) + "_", std::string(letters_and_digits) + "_", 200,
                       "a secret's name: a letter or `_`, then letters, digits or `_`"))
      out[entry.name] = values.source(entry);
  }
}

RepositoryConfig read_repository(const ConfigValues& values, const Found& found) {
  RepositoryConfig repository;
  MapReader map(values, found, "the repository");
  if (Found name = map.require("name", "a name of lower-case letters, digits, `.`, `_` and `-`")) {
    repository.name = values.text(name, 100).value_or("");
    name.key_at = name.node->at;
    if (!repository.name.empty())
      values.is_name(name, repository.name, "abcdefghijklmnopqrstuvwxyz0123456789", repository_characters, 100,
                     "lower-case letters, digits, `.`, `_` and `-`; a letter or a digit first");
  }
  if (const Found url = map.require("url", "a URL or path that `git clone` accepts")) read_url(values, url, repository);
  if (const Found globs = map.find("branches")) values.globs(globs, repository.branches);
  if (const Found globs = map.find("protected")) values.globs(globs, repository.protected_branches);
  if (const Found file = map.find("pipeline")) repository.pipeline = values.path(file).value_or("");
  if (const Found count = map.find("concurrency")) repository.concurrency = values.integer(count, 1, 1000);
  if (const Found poll = map.find("poll"))
    repository.poll = values.duration(poll, Milliseconds{100}).value_or(repository.poll);
  if (const Found deadline = map.find("deadline"))
    repository.deadline = values.duration(deadline, Milliseconds{100}).value_or(repository.deadline);
  if (const Found credentials = map.find("credentials")) read_credentials(values, credentials, repository.credentials);
  if (const Found secrets = map.find("secrets")) read_secrets(values, secrets, repository.secrets);
  map.finish();
  return repository;
}

}  // namespace

void read_repositories(const ConfigValues& values, const Found& found, std::vector<RepositoryConfig>& out) {
  std::set<std::string> names;
  for (const Found& item : values.list(found)) {
    out.push_back(read_repository(values, item));
    const std::string& name = out.back().name;
    if (!name.empty() && !names.insert(name).second)
      values.diagnostics().add(item.key_at, fmt::format("two repositories are named `{}`", name), "a name for each");
  }
}

}  // namespace quietgate
