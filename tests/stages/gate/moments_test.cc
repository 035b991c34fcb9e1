#include "stages/gate/moments.h"

#include <gmock/gmock.h>

namespace quietgate {
namespace {

using testing::HasSubstr;

const Time now{Milliseconds{1'764'000'000'000}};  // 2025-11-24T16:00:00Z
const LocalTime utc;
const LocalTime ahead{"+02:00", [](Time) { return Milliseconds{7'200'000}; }};

std::string at(const std::string& text, const LocalTime& zone = utc) {
  auto moment = parse_moment(text, now, zone);
  return moment ? iso_time(*moment) : "error: " + moment.error().message;
}

TEST(Moments, AreUnderstoodInManyForms) {
  EXPECT_EQ(at("now"), "2025-11-24T16:00:00.000Z");
  for (const char* text : {"7d", "-7d", "7d ago", "now-7d", "now - 7d", "1w", "7 days ago", " 7  days "})
    EXPECT_EQ(at(text), "2025-11-17T16:00:00.000Z") << text;
  EXPECT_EQ(at("2h30m"), "2025-11-24T13:30:00.000Z");
  EXPECT_EQ(at("90 minutes ago"), "2025-11-24T14:30:00.000Z");
  EXPECT_EQ(at("2025-11-01T10:00:00Z"), "2025-11-01T10:00:00.000Z");
  EXPECT_EQ(at("2025-11-01 10:00:00+02:00"), "2025-11-01T08:00:00.000Z");
  EXPECT_EQ(at("1764000000.5"), "2025-11-24T16:00:00.500Z");
}

TEST(Moments, WithoutAnOffsetAreInTheZone) {
  EXPECT_EQ(at("2025-11-01", ahead), "2025-10-31T22:00:00.000Z");
  EXPECT_EQ(at("2025-11-01 10:00", ahead), "2025-11-01T08:00:00.000Z");
  EXPECT_EQ(at("2025-11-01T10:00:05", ahead), "2025-11-01T08:00:05.000Z");
  EXPECT_EQ(at("today", ahead), "2025-11-23T22:00:00.000Z");
  EXPECT_EQ(at("yesterday"), "2025-11-23T00:00:00.000Z");
  EXPECT_EQ(local_text(now, ahead), "2025-11-24 18:00:00");
}

TEST(Moments, SayWhatIsUnderstood) {
  for (const char* text : {"", "7", "later", "7x", "2025-13-01", "-", "ago", "now+1d", "99999999999999"})
    EXPECT_THAT(at(text), HasSubstr("is not a point in time")) << text;
}

TEST(Moments, KnowTheNight) {
  const auto time = [](const char* text) { return *parse_moment(text, now, utc); };
  EXPECT_TRUE(is_night(time("2024-03-31T22:00:00Z"), utc));
  EXPECT_TRUE(is_night(time("2024-03-31T06:59:59Z"), utc));
  EXPECT_FALSE(is_night(time("2024-03-31T07:00:00Z"), utc));
  EXPECT_FALSE(is_night(time("2024-03-31T05:30:00Z"), ahead)) << "07:30 there";
}

}  // namespace
}  // namespace quietgate
