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

TEST(EnvironmentDescriptor, VersionsOfLaterAreRefused) {
  TestFolder root;
  root.write("environment.json", R"({"version":3})");
  EXPECT_FALSE(load_environment({root.path}));
}

}  // namespace
}  // namespace quietgate
