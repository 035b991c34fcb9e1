#include "stages/environments/contract/environment.h"

#include <gtest/gtest.h>

#include "stages/environments/terraform/terraform_own.h"
#include "tests/support/folder.h"
#include "tests/support/specs.h"

namespace quietgate {
namespace {

TEST(EnvironmentDescriptor, WhatVersion1SaidOfTerraformIsTheProvisionersOwn) {
  TestFolder root;
  root.write("environment.json", R"({"version":1,"id":"e","run":"hello/3","stage":"staging","attempt":1,"nonce":"",
    "provisioner":"terraform","keep":false,"commit":"c","ports":{},"environment":{},"secrets":[],"steps":[],
    "services":[],"directory":"infra","variables":{"size":"1"}})");
  const EnvironmentFolder folder{root.path};
  auto read = load_environment(folder);
  ASSERT_TRUE(read) << read.error().message;
  const TerraformSpec module{"infra", {{"size", "1"}}};
  EXPECT_EQ(*own_spec(read->own), module);
  ASSERT_TRUE(save(*read, folder));
  EXPECT_EQ(load_environment(folder)->own, own_json(module));
}

// As the version before wrote it, whose services still run.
constexpr const char* with_services =
    R"({"version":2,"id":"hello-3-staging","run":"hello/3","stage":"staging","attempt":2,
  "nonce":"n","provisioner":"processes","keep":false,"commit":"c","ports":{},"environment":{},"secrets":[],
  "steps":["/d/runs/hello/3/staging.2/steps"],"services":[SERVICES]})";
std::string described(const std::string& services) {
  std::string text = with_services;
  return text.replace(text.find("SERVICES"), 8, services);
}

TEST(EnvironmentDescriptor, ItsServicesAreStepsAndStandInItAsTheyAlwaysHave) {
  TestFolder data;
  const EnvironmentFolder folder{data / "environments/hello-3-staging"};
  data.write("environments/hello-3-staging/environment.json",
             described(R"("/d/environments/hello-3-staging/services/3-1/web","/d/x/services/3-2/db")"));
  auto read = load_environment(folder);
  ASSERT_TRUE(read) << read.error().message;
  const StepName web{EnvironmentOwner{"hello-3-staging", "services", "3-1"}, "web"};
  EXPECT_EQ(read->services, (std::vector<StepName>{web, read->service("db")}));
  ASSERT_TRUE(save(*read, folder));
  const auto written = data.read("environments/hello-3-staging/environment.json");
  EXPECT_NE(written.find("\"" + folder.root + "/services/3-1/web\""), std::string::npos) << written;
  EXPECT_NE(written.find("\"" + folder.root + "/services/3-2/db\""), std::string::npos) << written;
  EXPECT_NE(written.find("\"" + data.path + "/runs/hello/3/staging.2/steps\""), std::string::npos) << written;
}

TEST(EnvironmentDescriptor, OneThatNamesWhatIsNoServiceIsBroken) {
  for (const char* other : {"\"\"", "\"/etc\"", "\"/d/services/../../x\"", "\"/d/services/3-1/a b\""}) {
    TestFolder root;
    root.write("environment.json", described(other));
    const auto read = load_environment({root.path});
    ASSERT_FALSE(read) << other;
    EXPECT_NE(read.error().message.find("names a service that is none"), std::string::npos) << read.error().message;
  }
}

TEST(EnvironmentDescriptor, VersionsOfLaterAreRefused) {
  TestFolder root;
  root.write("environment.json", R"({"version":3})");
  EXPECT_FALSE(load_environment({root.path}));
}

}  // namespace
}  // namespace quietgate
