// The evidence that a promotion leaves.
#include <nlohmann/json.hpp>

#include "tests/support/promote_world.h"

namespace quietgate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct PlainSealer final : Sealer {
  std::string seal(std::string_view statement) const override { return "sealed " + std::string(statement); }
};

// A run on record with its plan: the evidence tells both.
struct EvidenceWorld : PromoteWorld {
  EvidenceWorld() {
    Plan plan;
    StageSpec production;
    production.name = "production";
    production.body = spec;
    plan.stages = {production};
    happened(PlanCompiled{{"sample", 7}, plan});
  }
};

TEST(PromoteEvidence, IsSealedAndAttachedOnce) {
  const PlainSealer sealer;
  EvidenceWorld world;
  world.sealer = &sealer;
  EXPECT_EQ(world.run().reason, "production moved from 0000000 to aaaaaaa");
  EXPECT_THAT(world.events(), ElementsAre("PlanCompiled", "PromotionIntended", "CommitPromoted", "EvidenceSealed",
                                          "EvidencePublished"));
  const auto sealed = std::get<EvidenceSealed>(world.bench.journal.rows[3].event);
  EXPECT_THAT(sealed.envelope, HasSubstr(tested));
  EXPECT_THAT(world.git.notes[tested], ElementsAre(sealed.envelope));
  EXPECT_EQ(world.run().outcome, Outcome::passed) << "taken up again after its end";
  EXPECT_EQ(world.events().size(), 5U);
}

TEST(PromoteEvidence, SealsTheJudgementThatWasOverriddenAsItWas) {
  const PlainSealer sealer;
  EvidenceWorld world;
  world.sealer = &sealer;
  world.add_gate();
  world.prometheus.alerts = R"({"labels":{},"state":"firing","activeAt":"2026-01-01T00:00:01Z","value":"7"})";
  EXPECT_EQ(world.run().outcome, Outcome::failed);
  const auto judged_at = world.bench.journal.rows.back().at;
  world.prometheus.alerts.clear();  // whatever it says by now
  world.bench.clock.advance(Milliseconds{7'200'000});
  world.attempt = 2;
  world.happened(PromotionRequested{{"sample", 7}, "ana", "the alert is wrong", true});
  const auto asked_at = world.bench.clock.now();
  EXPECT_EQ(world.run().outcome, Outcome::passed);
  std::string envelope;
  for (const auto& row : world.bench.journal.rows) {
    if (const auto* e = std::get_if<EvidenceSealed>(&row.event)) envelope = e->envelope;
  }
  const auto predicate = nlohmann::json::parse(envelope.substr(envelope.find('{')))["predicate"];
  EXPECT_EQ(predicate["gate"]["verdict"], "loud");
  EXPECT_EQ(predicate["gate"]["sentence"], "HighErrors is firing since 00:00:01Z, value 7");
  EXPECT_EQ(predicate["override"], (nlohmann::json{{"by", "ana"},
                                                   {"reason", "the alert is wrong"},
                                                   {"at", iso_time(asked_at)},
                                                   {"verdict", "loud"},
                                                   {"sentence", "HighErrors is firing since 00:00:01Z, value 7"},
                                                   {"judged_at", iso_time(judged_at)}}));
}

TEST(PromoteEvidence, HoldsNoSecret) {
  const PlainSealer sealer;
  EvidenceWorld world;
  world.sealer = &sealer;
  world.secrets = {"hunter\"2"};
  world.spec.branch = "hunter\"2";  // wherever it may stand
  world.git.remote["hunter\"2"] = base;
  EXPECT_EQ(world.run().outcome, Outcome::passed);
  const auto sealed = std::get<EvidenceSealed>(world.bench.journal.rows[3].event);
  EXPECT_THAT(sealed.envelope, Not(HasSubstr("hunter"))) << "nor as JSON writes it";
  EXPECT_THAT(sealed.envelope, HasSubstr("***"));
}

TEST(PromoteEvidence, ARemoteThatRefusesTheNoteTakesNothingBack) {
  const PlainSealer sealer;
  EvidenceWorld world;
  world.sealer = &sealer;
  world.git.refuse_notes = "notes are protected";
  auto outcome = world.run();
  EXPECT_EQ(outcome.outcome, Outcome::passed);
  EXPECT_THAT(outcome.reason, HasSubstr("its evidence is not attached to the commit yet: the server refused "
                                        "refs/notes/quietgate: notes are protected"));
  EXPECT_EQ(world.last_event<EvidenceSealed>().commit, tested);
  world.git.refuse_notes.clear();
  world.git.lose_notes = true;
  EXPECT_THAT(world.run().reason, HasSubstr("connection lost"));
  EXPECT_EQ(world.events().size(), 4U) << "it is sealed once";
}

TEST(PromoteEvidence, IsSealedByWhoeverTakesUpAPromotionThatWasNot) {
  const PlainSealer sealer;
  EvidenceWorld world;
  world.sealer = &sealer;
  world.happened(intent());
  world.happened(CommitPromoted{{"sample", 7}, "production", "production", base, tested});
  EXPECT_EQ(world.run().outcome, Outcome::passed);
  EXPECT_THAT(world.events(), ElementsAre("PlanCompiled", "PromotionIntended", "CommitPromoted", "EvidenceSealed",
                                          "EvidencePublished"));
}

TEST(PromoteEvidence, ThereIsNoneOfWhatWasNotPromoted) {
  const PlainSealer sealer;
  EvidenceWorld world;
  world.sealer = &sealer;
  world.git.remote["production"] = others;
  EXPECT_EQ(world.run().outcome, Outcome::failed);
  world.git.remote["production"] = tested;
  EvidenceWorld there;
  there.sealer = &sealer;
  there.git.remote["production"] = tested;
  EXPECT_EQ(there.run().reason, "production is already at aaaaaaa");
  EXPECT_THAT(there.events(), ElementsAre("PlanCompiled"));
}

}  // namespace
}  // namespace quietgate
