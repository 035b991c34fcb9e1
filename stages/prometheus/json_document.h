// A JSON text that is read once and let go: its values in one list and their strings in one piece. A tree of maps costs
// many times as much to build and to take apart, and a gate reads the same large answers again and again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quietgate {

class JsonDocument;

// A value of a document, which must outlive it. Asked for what it is not, it says nothing: empty, 0, false.
class JsonView {
 public:
  enum class Kind : unsigned char { null, boolean, number, string, array, object };
  class Iterator;

  bool is(Kind kind) const;
  bool truth() const;
  double number() const;  // integers as the nearest double
  std::string_view text() const;
  std::string_view key() const;  // its name, of an object's member
  // An object's member. Of several with one name the last counts, as it does in nlohmann::json.
  std::optional<JsonView> find(std::string_view name) const;
  // The elements of an array, the members of an object, in the order of the text.
  Iterator begin() const;
  Iterator end() const;
  bool empty() const;

 private:
  friend class JsonDocument;
  JsonView(const JsonDocument& document, std::uint32_t at) : document_(&document), at_(at) {}
  const JsonDocument* document_;
  std::uint32_t at_;
};

class JsonView::Iterator {
 public:
  Iterator(const JsonDocument& document, std::uint32_t at) : document_(&document), at_(at) {}
  JsonView operator*() const { return {*document_, at_}; }
  Iterator& operator++();
  bool operator==(const Iterator& other) const { return at_ == other.at_; }

 private:
  const JsonDocument* document_;
  std::uint32_t at_;
};

class JsonDocument {
 public:
  // Nothing when nlohmann::json would refuse the text: strict, valid UTF-8, no number beyond a double, any depth.
  static std::optional<JsonDocument> parse(std::string_view text);
  JsonView root() const { return {*this, 0}; }

 private:
  friend class JsonView;
  friend class JsonView::Iterator;
  class Writer;    // adds value after value
  class Scanner;   // reads what servers write, and gives up on the rest
  class Listener;  // takes what nlohmann's parser reads
  struct Piece {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };
  struct Value {
    JsonView::Kind kind = JsonView::Kind::null;
    std::uint32_t next = 0;  // behind everything that is inside of it
    Piece key;
    Piece text;
    double number = 0;  // of a boolean 0 or 1
  };
  std::string_view piece(Piece piece) const { return {strings_.data() + piece.begin, piece.size}; }

  std::vector<Value> values_;  // a container stands before what it holds
  std::string strings_;
};

}  // namespace quietgate
