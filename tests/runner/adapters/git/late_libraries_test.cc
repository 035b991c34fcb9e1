#include "runner/adapters/git/late_libraries.h"

#include <git2.h>
#include <gtest/gtest.h>
#include <libssh2.h>
#include <malloc.h>

#include <fstream>
#include <string>

namespace quietgate {
namespace {

bool loaded(const std::string& library) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("/" + library + ".so") != std::string::npos) return true;
  }
  return false;
}

class LateLibraries : public ::testing::Test {
 protected:
  void SetUp() override {
    if (loaded("libgit2")) GTEST_SKIP() << "there is no archive of libgit2: its library brings the others";
  }
};

TEST_F(LateLibraries, SshIsLoadedWhenItIsFirstUsed) {
  begin_libgit2();
  EXPECT_FALSE(loaded("libssh2"));
  EXPECT_FALSE(loaded("libgssapi_krb5"));
  ASSERT_TRUE(load_ssh().ok());
  EXPECT_TRUE(loaded("libssh2"));
  EXPECT_TRUE(load_ssh().ok());
  LIBSSH2_SESSION* session = libssh2_session_init();
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(libssh2_session_method_pref(session, LIBSSH2_METHOD_HOSTKEY, "ssh-ed25519"), 0);
  EXPECT_EQ(libssh2_session_free(session), 0);
}

TEST_F(LateLibraries, BeginningKeepsNoAuthorities) {
  constexpr std::size_t most = 100'000;  // bytes; the authorities of Debian take 400,000
  const auto before = ::mallinfo2().uordblks;
  begin_libgit2();
  EXPECT_LT(::mallinfo2().uordblks, before + most);
}

TEST_F(LateLibraries, AuthoritiesAreReadWhenTheyAreNamed) {
  begin_libgit2();
  EXPECT_NE(git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, "/proc/self/cmdline", nullptr), 0);
}

}  // namespace
}  // namespace quietgate
