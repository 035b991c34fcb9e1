// Many inputs are asked about together, and each for itself only where one is missing.
#include "stages/gate/evidence_gathering.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/support/stage_bench.h"

namespace quietgate {
namespace {

constexpr double begin = 1'000'000;
constexpr int steps = 11;

// Answers which of its metrics are there at which of the steps; everything else is a failure that tells of itself.
class Inputs final : public Http {
 public:
  std::map<std::string, std::set<int>> missing;  // steps, by metric
  std::size_t most = 1'000;                      // metrics in one question that it has an answer for
  int asked = 0;

  Task<Result<HttpResponse>> send(HttpRequest request, Stop& stop) override {
    stop.throw_if_requested();
    HttpResponse response;
    response.status = 200;
    if (request.url.ends_with("/-/ready")) co_return response;
    if (!request.url.ends_with("/api/v1/query_range")) {
      response.status = 404;
      co_return response;
    }
    ++asked;
    const auto& form = request.body;
    std::size_t metrics = 0;
    std::set<int> without;
    for (auto at = form.find("input_"); at != std::string::npos; at = form.find("input_", at + 1)) {
      ++metrics;
      const auto name = form.substr(at, form.find_first_of("%&+ ", at) - at);
      if (auto found = missing.find(name); found != missing.end())
        without.insert(found->second.begin(), found->second.end());
    }
    if (metrics / 2 > most) {
      response.status = 503;
      co_return response;
    }
    std::string values;
    for (int step = 0; step < steps; ++step) {
      if (without.contains(step)) continue;
      values += fmt::format(R"({}[{:.3f},"1"])", values.empty() ? "" : ",", begin + step);
    }
    const auto series = values.empty() ? std::string() : R"({"metric":{},"values":[)" + values + "]}";
    response.body = R"({"status":"success","data":{"resultType":"matrix","result":[)" + series + "]}}";
    co_return response;
  }
};

struct World {
  StageBench bench;
  Stop stop;
  Inputs server;
  GateEvidence evidence;

  explicit World(int rules) {
    evidence.begin = begin;
    evidence.end = begin + steps - 1;
    for (int number = 0; number < rules; ++number) {
      ExpectedRule rule;
      rule.group = "g";
      rule.name = fmt::format("Rule{}", number);
      rule.query = fmt::format("input_{} > 1", number);
      rule.interval = 1;
      rule.alerting = true;
      evidence.rules.push_back(rule);
    }
  }
  void gather() {
    GateServer asked(server, bench.clock, "http://p:9090", true, stop);
    EvidenceGathering gathering(asked);
    auto all = [&]() -> Task<bool> {
      co_await gathering.gather(evidence);
      co_return true;
    };
    bench.await(all());
  }
  std::size_t steps_with(const std::string& metric) const {
    const auto& counts = evidence.inputs.at(metric).counts;
    return counts && !counts->empty() ? counts->front().samples.size() : 0;
  }
};

TEST(EvidenceGathering, InputsThatAreThereAreAskedAboutTogether) {
  World world(100);
  world.gather();
  EXPECT_EQ(world.server.asked, 7);  // 16 at a time
  for (int number = 0; number < 100; ++number) EXPECT_EQ(world.steps_with(fmt::format("input_{}", number)), 11u);
}

TEST(EvidenceGathering, AMissingInputTellsOfItselfAlone) {
  World world(100);
  world.server.missing["input_7"] = {3, 4};
  world.server.missing["input_70"] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  world.gather();
  EXPECT_EQ(world.steps_with("input_7"), 9u);
  EXPECT_EQ(world.steps_with("input_70"), 0u);
  EXPECT_TRUE(world.evidence.inputs.at("input_70").counts);
  for (int number = 0; number < 100; ++number) {
    if (number == 7 || number == 70) continue;
    EXPECT_EQ(world.steps_with(fmt::format("input_{}", number)), 11u) << number;
  }
  EXPECT_LE(world.server.asked, 7 + 2 * 16);
}

TEST(EvidenceGathering, TwoHalvesOfTheWindowAreNoWhole) {
  World world(2);
  world.server.missing["input_0"] = {0, 1, 2, 3, 4};
  world.server.missing["input_1"] = {5, 6, 7, 8, 9, 10};
  world.gather();
  EXPECT_EQ(world.steps_with("input_0"), 6u);
  EXPECT_EQ(world.steps_with("input_1"), 5u);
}

TEST(EvidenceGathering, AServerThatCanOnlyAnswerForOneIsAskedForEach) {
  World world(40);
  world.server.most = 1;
  world.server.missing["input_39"] = {1};
  world.gather();
  EXPECT_EQ(world.server.asked, 41);
  EXPECT_EQ(world.steps_with("input_0"), 11u);
  EXPECT_EQ(world.steps_with("input_39"), 10u);
}

}  // namespace
}  // namespace quietgate
