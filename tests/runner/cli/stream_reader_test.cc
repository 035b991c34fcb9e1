#include "runner/cli/stream_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace quietgate {
namespace {

TEST(StreamReader, ReadsEventsHoweverTheyAreCut) {
  const std::string text = "id: 3\nevent: log\ndata: aGk=\n\n: still here\n\nevent: end\r\ndata: {}\r\n\r\n";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    std::vector<StreamEvent> events;
    StreamReader reader([&](const StreamEvent& event) {
      events.push_back(event);
      return true;
    });
    for (std::size_t at = 0; at < text.size(); at += step) EXPECT_TRUE(reader.feed(text.substr(at, step)));
    ASSERT_EQ(events.size(), 2u) << step;
    EXPECT_EQ(events[0].id, "3");
    EXPECT_EQ(events[0].data, "aGk=");
    EXPECT_EQ(events[1].type, "end");
  }
}

}  // namespace
}  // namespace quietgate
