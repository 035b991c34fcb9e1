#include "tests/simulation/scenario.h"

#include "tests/support/gate_prometheus.h"

namespace quietgate {

std::string Scenario::unit_stage() {
  auto& dice = world_.dice;
  const bool twice = dice.chance(0.4);
  // Now and then one that only a timeout ends.
  const auto takes = dice.chance(0.05) ? 999'999 : dice.between(0, 90);
  std::string text =
      fmt::format("  unit:\n    test: {{run: [{}sim {}s {}]}}\n", dice.chance(0.3) ? "sim 3s passes, " : "", takes,
                  dice.chance(0.85) ? "passes" : "fails");
  if (twice) text += "    retry: {attempts: 2, when: [infrastructure, failed, timeout]}\n";
  if (dice.chance(0.3)) text += dice.chance(0.5) ? "    lock: cluster\n" : "    lock: device\n";
  if (takes > 90 || dice.chance(0.2)) text += "    timeout: 40s\n";
  return text;
}

std::string Scenario::staging_stage() {
  auto& dice = world_.dice;
  std::string text =
      "  staging:\n    needs: [unit]\n    apply:\n      processes:\n        app:\n          run: sim 999999s\n";
  if (dice.chance(0.4)) text += fmt::format("          ready: {{command: sim {}s, within: 10s}}\n", dice.between(0, 5));
  if (dice.chance(0.3)) text += "        other: {run: sim 999999s, needs: [app]}\n";
  text += fmt::format("    time_to_live: {}\n", dice.chance(0.2) ? "30s" : "1h");
  if (dice.chance(0.3)) text += "    retry: {attempts: 2}\n";
  if (dice.chance(0.5)) text += dice.chance(0.7) ? "    lock: cluster\n" : "    lock: device\n";
  return text;
}

std::string Scenario::promote_stage(const std::string& more_needs) {
  auto& dice = world_.dice;
  const std::vector<std::string> servers{"quiet", "quiet", "quiet", "loud", "blind"};
  const auto server = dice.pick(servers);
  std::string text = fmt::format(
      "  metrics:\n    needs: [staging]\n    verify:\n      prometheus: http://{0}\n      last: 5s\n      checks:\n"
      "        - {{name: one, query: up, expect: \"< 2\"}}\n"
      "  production:\n    needs: [metrics{1}]\n    promote:\n      branch: production\n      gate:\n"
      "        prometheus: http://{0}\n        rules: [alerts/*.yml]\n        during: [metrics]\n        quiet_for: "
      "{2}s\n",
      server, more_needs, dice.between(0, 5));
  if (dice.chance(0.3)) text += "      approval: manual\n";
  if (dice.chance(0.2)) text += "    timeout: 60s\n";
  if (dice.chance(0.4)) text += "    retry: {attempts: 3}\n";
  if (dice.chance(0.2)) text += "    lock: production\n";
  return text;
}

// Now and then something takes time between the promotion and the deployment, which may fail.
std::string Scenario::release_stages() {
  auto& dice = world_.dice;
  const bool between = dice.chance(0.5);
  std::string text;
  if (between)
    text += fmt::format("  warm:\n    needs: [production]\n    test: {{run: sim {}s {}}}\n", dice.between(0, 40),
                        dice.chance(0.85) ? "passes" : "fails");
  text += fmt::format(
      "  release:\n    needs: [{}]\n    apply:\n      processes:\n        web:\n          run: sim 999999s\n",
      between ? "warm" : "production");
  if (dice.chance(0.6))
    text += fmt::format("          ready: {{command: sim {}s, within: 15s}}\n", dice.between(0, 20));
  text += "    keep: true\n";
  if (dice.chance(0.3))
    text += fmt::format("  live: {{needs: [release], promote: {{branch: live{}}}}}\n",
                        dice.chance(0.5) ? ", approval: manual" : "");
  return text;
}

std::string Scenario::pipeline() {
  auto& dice = world_.dice;
  if (dice.chance(0.05)) return "this is no pipeline\n";
  const bool human = dice.chance(0.2);
  std::string text = fmt::format(
      "version: 1\nname: sim\non: {{branches: [main, \"feature*\"], ignore_paths: [\"docs/**\"]}}\nconcurrency: {}\n"
      "timeout: {}\nstages:\n",
      concurrency_, dice.chance(0.15) ? "2m" : "1h");
  text += unit_stage();
  const bool lint = dice.chance(0.5);
  if (lint)
    text += fmt::format("  lint:\n    test: {{run: sim {}s}}\n{}", dice.between(0, 60),
                        dice.chance(0.3) ? "    lock: cluster\n" : "");
  text += staging_stage();
  if (human) text += "  human:\n    needs: [unit]\n    approve: {message: \"go on?\"}\n";
  text += promote_stage(std::string(human ? ", human" : "") + (lint ? ", lint" : ""));
  const bool releases = dice.chance(0.4);
  if (releases) text += release_stages();
  if (dice.chance(0.2))
    text += fmt::format("  last:\n    needs: [{}]\n    if: always()\n    lock: device\n    test: {{run: sim 2s}}\n",
                        releases ? "release" : "production");
  return text;
}

std::map<std::string, std::string> Scenario::good_files() {
  return {{".quietgate.yaml", pipeline()}, {"alerts/a.yml", GatePrometheus::rules_file}, {"src/a", "0"}};
}

CommitId Scenario::commit(const CommitId& parent) {
  auto& dice = world_.dice;
  SimRemote::Commit commit{parent, parent.empty() ? good_files() : remote_.commits.at(parent).files};
  ++made_;
  if (!parent.empty() && dice.chance(0.15)) {
    commit.files["docs/a"] = std::to_string(made_);
  } else {
    commit.files["src/a"] = std::to_string(made_);
    commit.files[".quietgate.yaml"] = pipeline();
  }
  const auto id = fmt::format("{:016x}{:024x}", dice.draw(), made_);
  remote_.commits[id] = std::move(commit);
  return id;
}

}  // namespace quietgate
