#include "runner/api/auth/authentication.h"

#include <gtest/gtest.h>

#include "runner/api/answers.h"

namespace quietgate {
namespace {

const std::string token(64, 'a');
const Authentication authentication(token);

TEST(Authentication, TheTokenMayDoEverything) {
  const auto principal = authentication.principal({false, "Bearer " + token, "ana"});
  EXPECT_EQ(principal.name, "token");
  EXPECT_EQ(actor_of(principal), "ana (by the token)");
  for (const auto each :
       {Permission::read, Permission::operate, Permission::promote, Permission::override_gate, Permission::administer})
    EXPECT_FALSE(permission_refusal(principal, each)) << to_string(each);
}

TEST(Authentication, WithoutTheTokenOneMayRead) {
  for (const std::string& shown : {std::string(), std::string("Bearer "), "Bearer " + token.substr(1),
                                   "Bearer " + token + "a", token, "bearer " + token}) {
    const auto here = authentication.principal({true, shown, "ana"});
    EXPECT_EQ(here.name, "loopback") << shown;
    EXPECT_EQ(here.claimed, "") << "a name counts for nothing without the token";
    EXPECT_EQ(authentication.principal({false, shown, {}}).name, "network");
    EXPECT_FALSE(permission_refusal(here, Permission::read));
    for (const auto each :
         {Permission::operate, Permission::promote, Permission::override_gate, Permission::administer}) {
      const auto refusal = permission_refusal(here, each);
      ASSERT_TRUE(refusal) << to_string(each);
      EXPECT_EQ(refusal->status, 401);
    }
  }
}

TEST(Authentication, AnEmptyTokenIsNobodys) {
  EXPECT_EQ(Authentication("").principal({true, "Bearer ", {}}).name, "loopback");
}

TEST(Authentication, AClaimIsOneShortLineAndNeverMoreThanAClaim) {
  const auto claimed = [](const std::string& name) {
    return actor_of(authentication.principal({true, "Bearer " + token, name}));
  };
  EXPECT_EQ(claimed(""), "somebody (by the token)");
  EXPECT_EQ(claimed("ana\nroot"), "somebody (by the token)");
  EXPECT_EQ(claimed(std::string(101, 'a')), "somebody (by the token)");
  EXPECT_EQ(claimed("root (by root)"), "root (by root) (by the token)");
}

TEST(Permissions, WhoIsKnownAndMayNotIsToldWhatIsMissing) {
  Principal ci;
  ci.name = "ci";
  ci.known_by = Principal::KnownBy::token;
  ci.permissions = {Permission::read, Permission::promote};
  EXPECT_FALSE(permission_refusal(ci, Permission::promote));
  const auto refusal = permission_refusal(ci, Permission::override_gate);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 403);
  EXPECT_EQ(refusal->body,
            "{\"error\":{\"message\":\"`ci` lacks the permission `override`\",\"advice\":\"it has: `read`, "
            "`promote`\"}}\n");
}

}  // namespace
}  // namespace quietgate
