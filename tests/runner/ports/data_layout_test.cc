#include "runner/ports/data_layout.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

const AttemptId unit{{"hello", 7}, "unit", 2};
const StepOwner attempt = AttemptOwner{unit};
const StepOwner services = EnvironmentOwner{"hello-7-staging", services_part, "7-2"};
const StepOwner destroy = EnvironmentOwner{"hello-7-staging", "terraform", "destroy"};
const StepOwner check = PlanCheckOwner{{"hello", 7}};
const std::string run = "/d/runs/hello/7";
const std::string staging = "/d/environments/hello-7-staging";

struct Place {
  StepName name;
  std::string place;
};
const std::vector<Place> places{
    {{attempt, "1-run"}, run + "/unit.2/1-run"},
    {{attempt, "12-run"}, run + "/unit.2/12-run"},
    {{attempt, "1-fault"}, run + "/unit.2/steps/1-fault"},
    {{attempt, "a-run"}, run + "/unit.2/steps/a-run"},
    {{attempt, "-run"}, run + "/unit.2/steps/-run"},
    {{attempt, "ready-web.3"}, run + "/unit.2/steps/ready-web/3"},
    {{AttemptOwner{unit, 1}, "1-run"}, run + "/unit.2.stale-1/1-run"},
    {{services, "web"}, staging + "/services/7-2/web"},
    {{destroy, "1-init"}, staging + "/terraform/destroy/1-init"},
    {{check, "check-1"}, run + "/rules-check/check-1"},
};

// A service of the version before has begun steps there: they are adopted by these names.
TEST(DataLayout, StepsStandWhereTheyAlwaysHave) {
  const DataLayout layout("/d");
  for (const auto& [name, place] : places) {
    EXPECT_EQ(layout.record(name), place + ".step");
    EXPECT_EQ(layout.script(name), place + ".script");
    EXPECT_EQ(layout.step_at(name.owner, place + ".step"), name) << "and back";
    EXPECT_EQ(layout.step_at(services, place + ".step"), name.owner == services ? std::optional(name) : std::nullopt);
  }
}

TEST(DataLayout, ARecordThatNoNameLeadsToIsNobodys) {
  const DataLayout layout("/d");
  for (const char* other : {"/unit.2/1-fault.step", "/unit.2/steps/1-run.step", "/unit.2/steps/a/b/c.step",
                            "/unit.2/steps/a.b.step", "/unit.2/1-run", "/unit.2/.step", "/unit.2/steps/.step",
                            "/unit.2/artifacts/1-run.step", "/unit.1/1-run.step", "/unit.2/1-run.step.stale-1"})
    EXPECT_EQ(layout.step_at(attempt, run + other), std::nullopt) << other;
}

TEST(DataLayout, WhatIsPrintedStandsWhereItAlwaysHas) {
  const DataLayout layout("/d");
  EXPECT_EQ(layout.text(log_of(unit)), run + "/unit.2/log");
  EXPECT_EQ(layout.text(output_of({attempt, "replicas-1-2"})), run + "/unit.2/steps/replicas-1-2.out");
  EXPECT_EQ(layout.text(log_of(StepName{services, "web"})), staging + "/services/7-2/web/log");
  EXPECT_EQ(layout.text({destroy, {}, StepText::Kind::log}), staging + "/terraform/destroy.log");
  const StepOwner printed = EnvironmentOwner{"hello-7-staging", "terraform", "steps-7-2"};
  EXPECT_EQ(layout.text(output_of({printed, "4-apply"})), staging + "/terraform/steps-7-2/4-apply.json");
  EXPECT_EQ(layout.text(log_of(StepName{printed, "1-init"})), staging + "/terraform/steps-7-2/1-init.log");
  EXPECT_EQ(layout.text(log_of(StepName{check, "check-1"})), run + "/rules-check/check-1.log");
}

TEST(DataLayout, FoldersOfARunAreTheirOwners) {
  const RunId id{"hello", 7};
  EXPECT_EQ(owner_in(id, "unit.2"), attempt);
  EXPECT_EQ(owner_in(id, "unit.2.stale-3"), StepOwner(AttemptOwner{unit, 3}));
  EXPECT_EQ(owner_in(id, "rules-check"), check);
  for (const char* other : {"checkout", "unit", "unit.", "unit.0", "unit.02", "unit.x", ".2", "..", "", "unit.2.stale-",
                            "unit.2.stale-0", "unit.2.stale-x", "unit.99999999999"})
    EXPECT_EQ(owner_in(id, other), std::nullopt) << other;
}

TEST(DataLayout, AServiceIsKnownByItsPlaceWhereverTheDataStood) {
  const StepName web{services, "web"};
  EXPECT_EQ(service_at("hello-7-staging", DataLayout("/d").place(web)), web);
  EXPECT_EQ(service_at("hello-7-staging", "/elsewhere/environments/hello-7-staging/services/7-2/web"), web);
  for (const char* other : {"", "/", "web", "7-2/web", "/services/7-2/", "/services//web", "/services/../web",
                            "/services/7-2/..", "/elsewhere/7-2/web"})
    EXPECT_EQ(service_at("hello-7-staging", other), std::nullopt) << other;
  EXPECT_EQ(data_of_environment("/d/environments/hello-7-staging"), "/d");
}

}  // namespace
}  // namespace quietgate
