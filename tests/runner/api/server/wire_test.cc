#include "runner/api/server/wire.h"

#include <gtest/gtest.h>

namespace quietgate {
namespace {

int status(const HeadFacts& facts) {
  const auto refusal = refusal_of(facts);
  return refusal ? refusal->status : 0;
}

TEST(Wire, ARequestEndsInOnePlace) {
  EXPECT_EQ(status({11, 3, {}, {}, {}}), 0);
  EXPECT_EQ(status({11, 3, {"0"}, {}, {}}), 0);
  EXPECT_EQ(status({11, 3, {}, {"Chunked"}, "100-Continue"}), 0);
  EXPECT_EQ(status({11, 3, {"2", "2"}, {}, {}}), 400);
  for (const char* odd : {"", "+2", "-2", "2, 2", "0x2", " 2", "2 ", "9999999999999999999"})
    EXPECT_EQ(status({11, 3, {odd}, {}, {}}), 400) << odd;
  EXPECT_EQ(status({11, 3, {"2"}, {"chunked"}, {}}), 400);
  EXPECT_EQ(status({10, 3, {}, {"chunked"}, {}}), 400);
  for (const char* odd : {"", "gzip", "identity", "chunked, gzip", "gzip, chunked", "xchunked", "chunked;a=b"})
    EXPECT_EQ(status({11, 3, {}, {odd}, {}}), 501) << odd;
  EXPECT_EQ(status({11, 3, {}, {"chunked", "chunked"}, {}}), 501);
  EXPECT_EQ(status({11, 3, {}, {}, "tea"}), 417);
  EXPECT_EQ(status({11, 100, {}, {}, {}}), 0);
  EXPECT_EQ(status({11, 101, {}, {}, {}}), 431);
}

TEST(Wire, TheTargetsHostCounts) {
  ApiRequest request;
  request.host = "evil.example";
  request.target = "HTTP://127.0.0.1:8330/healthz?a=http://b/";
  take_host_of_target(request);
  EXPECT_EQ(request.host, "127.0.0.1:8330");
  EXPECT_EQ(request.target, "/healthz?a=http://b/");
  request.target = "http://localhost";
  take_host_of_target(request);
  EXPECT_EQ(request.host, "localhost");
  EXPECT_EQ(request.target, "/");
  request.target = "/http://localhost/";
  take_host_of_target(request);
  EXPECT_EQ(request.target, "/http://localhost/");
}

}  // namespace
}  // namespace quietgate
