// Secrets are hidden in a stream of bytes before it reaches the disk.
//
// Every occurrence of a secret becomes `***`, also when it is cut by the borders of reads. Occurrences that overlap are
// hidden as one, so nothing of either is left. A secret of several lines is hidden as a whole and line by line (lines
// shorter than `shortest_line` bytes only as part of the whole: a lone `}` tells nothing). Empty secrets are ignored.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quietgate {

class Masker {
 public:
  static constexpr std::size_t shortest_line = 4;
  explicit Masker(const std::vector<std::string>& secrets);

  // Nothing is hidden: the stream may be passed on as it is.
  bool has_no_secrets() const { return patterns_.empty(); }
  // Bytes that may be held back between two calls, at most.
  std::size_t most_held() const { return longest_ == 0 ? 0 : longest_ - 1; }

  // Appends to `out` what may be written now (views into `text`, and of `***`) and returns how many bytes of `text`
  // that accounts for. The caller presents the others again, followed by what comes next: they may be the beginning of
  // a secret. With `last`, nothing follows and all bytes are accounted for.
  std::size_t mask(std::string_view text, bool last, std::vector<std::string_view>& out);

 private:
  struct Match {
    std::size_t start;
    std::size_t length;  // 0: none
  };
  Match next_match(std::string_view text, std::size_t from) const;
  std::size_t longest_at(std::string_view text, std::size_t at) const;
  std::size_t leap(std::string_view text, std::size_t at) const;
  std::size_t first_held(std::string_view text) const;
  std::uint16_t block(const char* at) const;

  std::vector<std::string> patterns_;
  std::size_t shortest_ = 0;
  std::size_t longest_ = 0;
  std::size_t covered_ = 0;  // bytes at the head of the next text that belong to an occurrence already written as `***`
  std::array<bool, 256> first_{};  // bytes that some pattern begins with
  // How far a search may skip when it sees a pair of bytes at the end of the shortest pattern's place (Wu and Manber).
  std::vector<std::uint8_t> skip_;
};

// The text as a whole.
std::string masked(std::string_view text, const std::vector<std::string>& secrets);

}  // namespace quietgate
