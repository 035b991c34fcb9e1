#include "stages/prometheus/json_document.h"

#include <array>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace quietgate {

using Kind = JsonView::Kind;

class JsonDocument::Writer {
 public:
  explicit Writer(JsonDocument& document) : values_(document.values_), strings_(document.strings_) {}

  void add(Kind kind, double number = 0, Piece text = {}) {
    const auto next = static_cast<std::uint32_t>(values_.size()) + 1;
    values_.push_back({kind, next, std::exchange(key_, {}), text, number});
  }
  void open(Kind kind) {
    open_.push_back(static_cast<std::uint32_t>(values_.size()));
    add(kind);
  }
  void close() {
    values_[open_.back()].next = static_cast<std::uint32_t>(values_.size());
    open_.pop_back();
  }
  void name(Piece key) { key_ = key; }  // of the value that comes next
  std::string& strings() { return strings_; }
  // What was added to the strings since.
  Piece since(std::size_t begin) const {
    return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(strings_.size() - begin)};
  }

 private:
  std::vector<Value>& values_;
  std::string& strings_;
  std::vector<std::uint32_t> open_;
  Piece key_;
};

namespace {

constexpr int deepest = 32;

constexpr auto plain_bytes = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = ' '; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

// Of the well-formed UTF-8 sequence of several bytes that begins there; 0: none does.
std::size_t sequence_size(const char* at, const char* end) {
  const auto byte = [at](std::size_t index) { return static_cast<unsigned char>(at[index]); };
  const auto first = byte(0);
  const std::size_t size = first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : 4;
  if (first < 0xc2 || first > 0xf4 || static_cast<std::size_t>(end - at) < size) return 0;
  const unsigned char least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned char most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < least || byte(1) > most) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  }
  return size;
}

// The double nearest to a decimal number of few digits: the digits and the power of ten are doubles to the last bit,
// and so one division rounds as it should. Nothing for others.
std::optional<double> short_decimal(std::string_view text) {
  constexpr std::array powers{1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
  constexpr std::size_t most_digits = 15;
  std::int64_t digits = 0;
  std::size_t fraction = text.size();  // where it begins
  if (text.size() > most_digits) return std::nullopt;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '.') {
      fraction = at + 1;
    } else if (text[at] >= '0' && text[at] <= '9') {
      digits = digits * 10 + (text[at] - '0');
    } else {
      return std::nullopt;
    }
  }
  const auto decimals = text.size() - fraction;
  if (decimals >= powers.size()) return std::nullopt;
  return static_cast<double>(digits) / powers[decimals];
}

void append_utf8(std::string& text, unsigned code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
    return;
  }
  if (code < 0x800) {
    text += static_cast<char>(0xc0 | (code >> 6));
  } else {
    text += static_cast<char>(0xe0 | (code >> 12));
    text += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
  }
  text += static_cast<char>(0x80 | (code & 0x3f));
}

}  // namespace

class JsonDocument::Scanner {
 public:
  Scanner(std::string_view text, JsonDocument& document)
      : at_(text.data()), end_(text.data() + text.size()), writer_(document) {}

  bool scan() {
    if (!value(0)) return false;
    skip_space();
    return at_ == end_;
  }

 private:
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool take_after_space(char c) {
    skip_space();
    return take(c);
  }

  bool value(int depth) {
    skip_space();
    if (at_ == end_ || depth > deepest) return false;
    switch (*at_) {
      case '{':
        return container(Kind::object, '}', depth);
      case '[':
        return container(Kind::array, ']', depth);
      case '"':
        if (const auto text = string()) {
          writer_.add(Kind::string, 0, *text);
          return true;
        }
        return false;
      case 't':
        return word("true", Kind::boolean, 1);
      case 'f':
        return word("false", Kind::boolean, 0);
      case 'n':
        return word("null", Kind::null, 0);
      default:
        return number();
    }
  }

  bool container(Kind kind, char last, int depth) {
    ++at_;
    writer_.open(kind);
    if (!take_after_space(last)) {
      do {
        if (kind == Kind::object && !name()) return false;
        if (!value(depth + 1)) return false;
      } while (take_after_space(','));
      if (!take(last)) return false;
    }
    writer_.close();
    return true;
  }

  bool name() {
    skip_space();
    const auto key = at_ != end_ && *at_ == '"' ? string() : std::nullopt;
    if (!key || !take_after_space(':')) return false;
    writer_.name(*key);
    return true;
  }

  bool word(std::string_view word, Kind kind, double number) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) return false;
    at_ += word.size();
    writer_.add(kind, number);
    return true;
  }

  bool digits() {
    const char* from = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return at_ != from;
  }

  bool number() {
    const char* from = at_;
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!digits()) return false;
    }
    if (const auto number = short_decimal({from, at_})) {
      writer_.add(Kind::number, *number);
      return true;
    }
    double number = 0;
    const auto [rest, wrong] = std::from_chars(from, at_, number);
    if (wrong != std::errc{} || rest != at_) return false;
    writer_.add(Kind::number, number);
    return true;
  }

  std::optional<Piece> string() {
    auto& strings = writer_.strings();
    const auto begin = strings.size();
    for (++at_;;) {
      const char* from = at_;
      while (at_ != end_ && plain_bytes[static_cast<unsigned char>(*at_)]) ++at_;
      strings.append(from, at_);
      if (take('"')) return writer_.since(begin);
      if (at_ == end_) return std::nullopt;
      if (take('\\')) {
        if (!escape()) return std::nullopt;
        continue;
      }
      const auto size = sequence_size(at_, end_);
      if (size == 0) return std::nullopt;
      strings.append(at_, size);
      at_ += size;
    }
  }

  bool escape() {
    constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    if (take('u')) return code();
    const auto which = at_ == end_ ? std::string_view::npos : letters.find(*at_);
    if (which == std::string_view::npos) return false;
    writer_.strings() += meant[which];
    ++at_;
    return true;
  }

  // Of one that stands for itself: pairs of surrogates are rare.
  bool code() {
    unsigned code = 0;
    if (end_ - at_ < 4) return false;
    const auto [rest, wrong] = std::from_chars(at_, at_ + 4, code, 16);
    if (wrong != std::errc{} || rest != at_ + 4 || (code >= 0xd800 && code <= 0xdfff)) return false;
    at_ = rest;
    append_utf8(writer_.strings(), code);
    return true;
  }

  const char* at_;
  const char* end_;
  Writer writer_;
};

class JsonDocument::Listener final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Listener(JsonDocument& document) : writer_(document) {}

  bool null() override { return add(Kind::null, 0); }
  bool boolean(bool truth) override { return add(Kind::boolean, truth ? 1 : 0); }
  bool number_integer(number_integer_t number) override { return add(Kind::number, static_cast<double>(number)); }
  bool number_unsigned(number_unsigned_t number) override { return add(Kind::number, static_cast<double>(number)); }
  bool number_float(number_float_t number, const string_t&) override { return add(Kind::number, number); }
  bool binary(binary_t&) override { return false; }
  bool string(string_t& text) override {
    writer_.add(Kind::string, 0, kept(text));
    return true;
  }
  bool key(string_t& text) override {
    writer_.name(kept(text));
    return true;
  }
  bool start_object(std::size_t) override { return open(Kind::object); }
  bool start_array(std::size_t) override { return open(Kind::array); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

 private:
  bool add(Kind kind, double number) {
    writer_.add(kind, number);
    return true;
  }
  bool open(Kind kind) {
    writer_.open(kind);
    return true;
  }
  bool close() {
    writer_.close();
    return true;
  }
  Piece kept(const std::string& text) {
    const auto begin = writer_.strings().size();
    writer_.strings() += text;
    return writer_.since(begin);
  }

  Writer writer_;
};

std::optional<JsonDocument> JsonDocument::parse(std::string_view text) {
  if (text.size() >= std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  JsonDocument document;
  document.strings_.reserve(text.size() / 2);
  document.values_.reserve(text.size() / 16);
  if (Scanner(text, document).scan()) return document;
  // What is odd, or no JSON at all, is for a parser that knows everything, however long it takes.
  document = JsonDocument();
  Listener listener(document);
  if (!nlohmann::json::sax_parse(text.data(), text.data() + text.size(), &listener)) return std::nullopt;
  return document;
}

bool JsonView::is(Kind kind) const {
  return document_->values_[at_].kind == kind;
}

bool JsonView::truth() const {
  return is(Kind::boolean) && document_->values_[at_].number != 0;
}

double JsonView::number() const {
  return is(Kind::number) ? document_->values_[at_].number : 0;
}

std::string_view JsonView::text() const {
  return document_->piece(document_->values_[at_].text);
}

std::string_view JsonView::key() const {
  return document_->piece(document_->values_[at_].key);
}

std::optional<JsonView> JsonView::find(std::string_view name) const {
  std::optional<JsonView> found;
  if (!is(Kind::object)) return found;
  const auto& values = document_->values_;
  for (auto at = at_ + 1; at != values[at_].next; at = values[at].next) {
    if (values[at].key.size == name.size() && document_->piece(values[at].key) == name)
      found.emplace(JsonView(*document_, at));
  }
  return found;
}

JsonView::Iterator& JsonView::Iterator::operator++() {
  at_ = document_->values_[at_].next;
  return *this;
}

JsonView::Iterator JsonView::begin() const {
  return {*document_, at_ + 1};
}

JsonView::Iterator JsonView::end() const {
  return {*document_, document_->values_[at_].next};
}

bool JsonView::empty() const {
  return document_->values_[at_].next == at_ + 1;
}

}  // namespace quietgate
