#include "runner/service/config.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace quietgate {
namespace {

std::string problems(const std::string& text) {
  const auto config = parse_config(text, "/etc/quietgate/config.yaml");
  return config.ok() ? "" : config.error().message;
}

TEST(Config, AHostIsNamedWithoutSchemeAndPort) {
  EXPECT_NE(problems("data: /d\nhosts: [\"http://ci\"]\nrepositories: []\n").find("is not the name of a host"),
            std::string::npos);
  EXPECT_NE(problems("data: /d\nhosts: [\"ci:8330\"]\nrepositories: []\n").find("is not the name of a host"),
            std::string::npos);
}

TEST(Config, EveryKeyAtTheTopIsDocumented) {
  std::ifstream file(std::string(QUIETGATE_SOURCE_DIR) + "/docs/configuration.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto example =
      text.substr(text.find("```yaml"), text.find("```", text.find("```yaml") + 3) - text.find("```yaml"));
  for (const auto& key : config_keys()) EXPECT_NE(example.find("\n" + key + ":"), std::string::npos) << key;
  EXPECT_EQ(config_keys().size(), 14U);
}

TEST(Config, ReadsEverything) {
  const auto config = parse_config(R"(
data: ../state
listen: "[::1]:0"
hosts: [CI.example.org, "[fe80::1]"]
concurrency: 2
locks: {staging-cluster: 3, licences: 1}
retention: {runs: 20, days: 90, promotions: 5}
keep_free: 2GiB
servers:
  - url: https://metrics.example.org/prom
    username: ci
    password: {environment: METRICS}
    ca_file: metrics.pem
  - url: http://mimir:9009/prometheus
    token: {command: [gcloud, auth, print-access-token]}
    headers: {X-Scope-OrgID: team-a, Cookie: {file: cookie}}
repositories:
  - name: hello-flask
    url: https://git.example.org/hello.git
    branches: ["**"]
    protected: [main, "release/*"]
    pipeline: ci/quietgate.yaml
    concurrency: 1
    poll: 1m
    deadline: 5s
    credentials:
      username: x
      password: {file: token}
      ssh_key: /keys/id
      known_hosts: hosts
      ca_file: ca.pem
    secrets:
      A: {environment: TOKEN_A}
      B: {command: [pass, show, b]}
  - {name: b, url: ../repositories/b}
  - {name: c, url: "git@example.org:c.git"}
)",
                                   "/etc/quietgate/config.yaml");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->data, "/etc/state");
  EXPECT_EQ(config->address, "::1");
  EXPECT_EQ(config->port, 0);
  EXPECT_EQ(config->hosts, (std::vector<std::string>{"ci.example.org", "[fe80::1]"}));
  EXPECT_EQ(config->concurrency, 2);
  ASSERT_EQ(config->servers.size(), 2U);
  EXPECT_EQ(config->servers[0].url, "https://metrics.example.org/prom");
  EXPECT_EQ(config->servers[0].username, "ci");
  EXPECT_EQ(config->servers[0].password->environment, "METRICS");
  EXPECT_EQ(config->servers[0].ca_file, "/etc/quietgate/metrics.pem");
  EXPECT_EQ(config->servers[1].token->command.size(), 3U);
  EXPECT_EQ(config->servers[1].headers.at("X-Scope-OrgID"), "team-a");
  EXPECT_EQ(config->servers[1].secret_headers.at("Cookie").file, "/etc/quietgate/cookie");
  EXPECT_EQ(config->locks, (std::map<std::string, int>{{"staging-cluster", 3}, {"licences", 1}}));
  EXPECT_EQ(config->repositories[0].concurrency, 1);
  EXPECT_FALSE(config->repositories[1].concurrency);
  EXPECT_EQ(config->retention, (RetentionRule{20, std::chrono::hours(24 * 90), 5}));
  EXPECT_EQ(config->keep_free, (LowWaterRule{2ULL << 30, 100}));
  ASSERT_EQ(config->repositories.size(), 3u);
  const RepositoryConfig& first = config->repositories[0];
  EXPECT_EQ(first.protected_branches, (std::vector<std::string>{"main", "release/*"}));
  EXPECT_EQ(first.pipeline, "ci/quietgate.yaml");
  EXPECT_EQ(first.poll, Milliseconds(60'000));
  EXPECT_EQ(first.deadline, Milliseconds(5'000));
  EXPECT_EQ(first.credentials.password->file, "/etc/quietgate/token");
  EXPECT_EQ(first.credentials.ssh_key, "/keys/id");
  EXPECT_EQ(first.credentials.known_hosts, "/etc/quietgate/hosts");
  EXPECT_EQ(first.secrets.at("A").environment, "TOKEN_A");
  EXPECT_EQ(first.secrets.at("B").command, (std::vector<std::string>{"pass", "show", "b"}));
  EXPECT_EQ(config->repositories[1].url, "/etc/repositories/b");
  EXPECT_EQ(config->repositories[2].url, "git@example.org:c.git");
}

TEST(Config, AServerIsAnAddressWithOneWayToSayWhoAsks) {
  const auto with = [](const std::string& server) {
    return problems("data: /d\nrepositories: [{name: a, url: /a}]\nservers:\n  - " + server + "\n");
  };
  const auto has = [&](const std::string& server, const std::string& words) {
    return with(server).find(words) != std::string::npos;
  };
  EXPECT_EQ(with("{url: \"https://a/b\"}"), "");
  EXPECT_TRUE(has("{url: \"ftp://a/b\"}", "begins with neither http:// nor https://")) << with("{url: \"ftp://a/b\"}");
  EXPECT_TRUE(has("{url: \"https:///b\"}", "names no host"));
  EXPECT_TRUE(has("{url: \"https://a/?q\"}", "more than scheme, host, port and path"));
  EXPECT_TRUE(has("{url: \"https://ana:hunter2@a/\"}", "holds a name or a password"));
  EXPECT_FALSE(has("{url: \"https://ana:hunter2@a/\"}", "hunter2"));
  EXPECT_TRUE(has("{username: ana}", "url"));
  EXPECT_TRUE(has("{url: \"https://a\", username: ana}", "`username` and `password` go together"));
  EXPECT_TRUE(has("{url: \"https://a\", username: ana, password: {file: p}, token: {file: t}}", "not both"));
  EXPECT_TRUE(has("{url: \"https://a\", token: hunter2}", "the value of `token` is written in the file"));
  EXPECT_TRUE(has("{url: \"https://a\", headers: {Authorization: hunter2}}",
                  "the value of `Authorization` is written in the file"));
  EXPECT_FALSE(has("{url: \"https://a\", headers: {Authorization: hunter2}}", "hunter2"));
  EXPECT_TRUE(has("{url: \"https://a\", headers: {\"a b\": c}}", "a header's name"));
}

TEST(Config, ALimitIsASizeWithItsUnit) {
  const auto with = [](const std::string& log) {
    return parse_config("data: /d\nrepositories: [{name: a, url: /a}]\nlimits: {log: " + log + "}\n", "/x.yaml");
  };
  EXPECT_EQ(with("500MiB")->limits.log, 500ULL << 20);
  EXPECT_EQ(with("64KiB")->limits.log, 64ULL << 10);
  for (const char* wrong : {"1GB", "63KiB", "-1GiB", "9999999999999GiB", "1.5GiB", "MiB"}) {
    const auto config = with(wrong);
    ASSERT_FALSE(config.ok()) << wrong;
    EXPECT_NE(config.error().message.find("`log` is " + std::string(wrong)), std::string::npos)
        << config.error().message;
    EXPECT_NE(config.error().message.find("a size of at least 64KiB, such as 500MiB or 1GiB"), std::string::npos);
  }
}

TEST(Config, ATreeHasALimitToo) {
  const auto with = [](const std::string& tree) {
    return parse_config("data: /d\nrepositories: [{name: a, url: /a}]\nlimits: {tree: " + tree + "}\n", "/x.yaml");
  };
  EXPECT_EQ(with("2GiB")->limits.tree, 2ULL << 30);
  EXPECT_EQ(with("2GiB")->limits.log, 1ULL << 30);
  const auto config = with("1023KiB");
  ASSERT_FALSE(config.ok());
  EXPECT_NE(config.error().message.find("a size of at least 1MiB, such as 500MiB or 1GiB"), std::string::npos)
      << config.error().message;
}

TEST(Config, Defaults) {
  setenv("XDG_STATE_HOME", "/var/state", 1);
  const auto config = parse_config("repositories: [{name: a, url: /a}]", "/x.yaml");
  unsetenv("XDG_STATE_HOME");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->data, "/var/state/quietgate");
  EXPECT_EQ(config->address, "127.0.0.1");
  EXPECT_EQ(config->port, 8330);
  EXPECT_EQ(config->repositories[0].protected_branches, (std::vector<std::string>{"main", "master"}));
  EXPECT_EQ(config->repositories[0].poll, Milliseconds(10'000));
}

TEST(Config, LiteralSecretsAreErrorsThatDoNotShowThem) {
  EXPECT_EQ(problems(R"(data: /d
repositories:
  - name: a
    url: https://bob:hunter2@example.org/a
    credentials: {password: hunter2}
    secrets:
      TOKEN: hunter2
)"),
            R"(/etc/quietgate/config.yaml:4:5: error: `url` holds a password
      = expected a URL without it
      = give it under `credentials: {username: ..., password: {file: ...}}`
/etc/quietgate/config.yaml:5:19: error: the value of `password` is written in the file
      = expected the source of the value: {file: PATH}, {environment: NAME} or {command: [PROGRAM, ...]}
      = move the value out of this file, and change it if others could read the file
/etc/quietgate/config.yaml:7:7: error: the value of `TOKEN` is written in the file
      = expected the source of the value: {file: PATH}, {environment: NAME} or {command: [PROGRAM, ...]}
      = move the value out of this file, and change it if others could read the file
)");
}

TEST(Config, EveryMistakeIsSaid) {
  EXPECT_EQ(problems(R"(data: /d
listen: 8330
concurency: 4
repositories:
  - name: Hello
    url: ftp://example.org/x
    protected: ["[a"]
    secrets: {T: {file: a, environment: B}}
  - {name: b}
  - {name: b, url: /b, poll: 10}
)"),
            R"(/etc/quietgate/config.yaml:2:9: error: `listen` is a whole number
    2 | listen: 8330
      |         ^~~~
      = expected text
      = write "8330" with quotes
/etc/quietgate/config.yaml:3:1: error: the configuration has no key `concurency`
    3 | concurency: 4
      | ^~~~~~~~~~
      = expected one of data, listen, hosts, concurrency, locks, retention, keep_free, limits, isolation, sandbox, heartbeat, notifications, servers, repositories
      = did you mean `concurrency`?
/etc/quietgate/config.yaml:5:11: error: `Hello` is not a name that can be used here
    5 |   - name: Hello
      |           ^~~~~
      = expected lower-case letters, digits, `.`, `_` and `-`; a letter or a digit first
/etc/quietgate/config.yaml:6:10: error: `url` begins with `ftp://`
    6 |     url: ftp://example.org/x
      |          ^~~~~~~~~~~~~~~~~~~
      = expected a path, or one of file, http, https, git, ssh followed by `://`
/etc/quietgate/config.yaml:7:17: error: `[a` is not a glob pattern: the `[` is never closed by `]`
    7 |     protected: ["[a"]
      |                 ^~~~
/etc/quietgate/config.yaml:8:15: error: `T` names several sources
    8 |     secrets: {T: {file: a, environment: B}}
      |               ^
      = expected one of file, environment, command
/etc/quietgate/config.yaml:9:5: error: the repository needs `url`
    9 |   - {name: b}
      |     ^
      = expected a URL or path that `git clone` accepts
/etc/quietgate/config.yaml:10:5: error: two repositories are named `b`
   10 |   - {name: b, url: /b, poll: 10}
      |     ^
      = expected a name for each
/etc/quietgate/config.yaml:10:30: error: `poll` is `10`
   10 |   - {name: b, url: /b, poll: 10}
      |                              ^~
      = expected a duration such as 45s, 1h30m or 250ms, at most 30d
      = a number has no unit: did you mean `10s`?
)");
}

TEST(Config, MissingFile) {
  const auto config = load_config("/no/such/config.yaml");
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().message, "the configuration file /no/such/config.yaml can't be read");
}

class Secrets : public testing::Test {
 protected:
  Secrets() {
    std::string pattern = testing::TempDir() + "secretsXXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~Secrets() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& content) {
    std::ofstream(folder_ / "secret", std::ios::binary) << content;
    return (folder_ / "secret").string();
  }
  static std::string read(const SecretSource& source) {
    const auto value = read_secret(source);
    return value.ok() ? *value : "ERROR " + value.error().message;
  }
  static SecretSource file(std::string path) { return {std::move(path), {}, {}}; }
  static SecretSource command(std::vector<std::string> argv) { return {{}, {}, std::move(argv)}; }
  std::filesystem::path folder_;
};

TEST_F(Secrets, FromFile) {
  EXPECT_EQ(read(file(write("hunter2\n"))), "hunter2");
  EXPECT_EQ(read(file(write("a\nb\n\n"))), "a\nb\n");
  const std::string path = write("\n");
  EXPECT_EQ(read(file(path)), "ERROR the secret from the file " + path + " is empty");
  write(std::string(64 * 1024 + 1, 'x'));
  EXPECT_EQ(read(file(path)), "ERROR the secret from the file " + path + " is longer than 64 KiB");
  EXPECT_EQ(read(file("/dev/zero")), "ERROR the file /dev/zero is not a regular file");
  EXPECT_EQ(read(file("/no/such")), "ERROR the file /no/such can't be opened: No such file or directory");
}

TEST_F(Secrets, FromEnvironment) {
  setenv("QUIETGATE_TEST_SECRET", "hunter2", 1);
  EXPECT_EQ(read({{}, "QUIETGATE_TEST_SECRET", {}}), "hunter2");
  unsetenv("QUIETGATE_TEST_SECRET");
  EXPECT_EQ(read({{}, "QUIETGATE_TEST_SECRET", {}}), "ERROR the environment variable QUIETGATE_TEST_SECRET is not set");
}

TEST_F(Secrets, FromCommand) {
  EXPECT_EQ(read(command({"printf", "hunter2\\n"})), "hunter2");
  EXPECT_EQ(read(command({"sh", "-c", "printf x; exit 3"})), "ERROR the command sh ended with exit status 3");
  EXPECT_EQ(read(command({"no-such-program-here"})),
            "ERROR the command no-such-program-here can't be started: No such file or directory");
  EXPECT_EQ(read(command({"sh", "-c", "kill -9 $$"})), "ERROR the command sh was ended by signal 9");
  EXPECT_EQ(read(command({"sh", "-c", "yes"})), "ERROR the secret from the command sh is longer than 64 KiB");
}

TEST_F(Secrets, CommandsDescendantsAreNotWaitedFor) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(read(command({"sh", "-c", "sleep 300 & printf hunter2"})), "hunter2");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

TEST_F(Secrets, CommandHasADeadline) {
  EXPECT_EQ(read(command({"sh", "-c", "sleep 300"})), "ERROR the command sh did not end within 10 seconds");
}

}  // namespace
}  // namespace quietgate
