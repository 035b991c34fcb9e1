// The Server-Sent Events in a stream of bytes.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace quietgate {

// One event of a stream.
struct StreamEvent {
  std::string id;
  std::string type;
  std::string data;
};

// Takes a stream's bytes in any pieces, and calls `take` for each event until it returns false. An event of more than
// 64 MiB ends the stream.
class StreamReader {
 public:
  explicit StreamReader(std::function<bool(const StreamEvent&)> take) : take_(std::move(take)) {}
  bool feed(std::string_view bytes);

 private:
  bool line(std::string_view text);
  std::function<bool(const StreamEvent&)> take_;
  std::string partial_;
  StreamEvent event_;
};

}  // namespace quietgate
