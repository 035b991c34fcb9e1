#include "runner/leader/order.h"

#include <cstring>

namespace quietgate {

namespace {

constexpr std::uint64_t order_version = 4;

struct Packing {
  std::string bytes;
  void field(const std::uint64_t& number) { bytes.append(reinterpret_cast<const char*>(&number), sizeof number); }
  void field(const std::string& text) {
    field(static_cast<std::uint64_t>(text.size()));
    bytes += text;
  }
  void field(const std::vector<std::string>& texts) {
    field(static_cast<std::uint64_t>(texts.size()));
    for (const auto& text : texts) field(text);
  }
};

struct Unpacking {
  std::string_view rest;
  bool good = true;
  void field(std::uint64_t& number) {
    if (rest.size() < sizeof number) {
      good = false;
      number = 0;
      return;
    }
    std::memcpy(&number, rest.data(), sizeof number);
    rest.remove_prefix(sizeof number);
  }
  void field(std::string& text) {
    std::uint64_t size = 0;
    field(size);
    if (size > rest.size()) {
      good = false;
      return;
    }
    text = rest.substr(0, size);
    rest.remove_prefix(size);
  }
  void field(std::vector<std::string>& texts) {
    std::uint64_t count = 0;
    field(count);
    for (std::uint64_t i = 0; good && i < count; ++i) field(texts.emplace_back());
  }
};

// One list of fields for both directions.
template <class Archive, class Order>
void fields(Archive& archive, Order& order, std::uint64_t (&numbers)[5]) {
  archive.field(numbers[0]);
  archive.field(order.record);
  archive.field(order.id);
  archive.field(order.boot);
  archive.field(order.argv);
  archive.field(order.environment);
  archive.field(order.working_directory);
  archive.field(order.log);
  archive.field(order.stdout_file);
  archive.field(order.secrets);
  archive.field(numbers[1]);
  archive.field(numbers[2]);
  archive.field(numbers[3]);
  archive.field(numbers[4]);
  archive.field(order.sandbox.argv);
  archive.field(order.sandbox.filter);
  archive.field(order.sandbox.user);
  archive.field(order.sandbox.group);
  archive.field(order.sandbox.joins);
  archive.field(order.sandbox.joins_start);
}

}  // namespace

std::string encode(const LeaderOrder& order) {
  Packing packing;
  const auto flags = (order.keep_descendants ? 1U : 0U) | (order.journaled ? 2U : 0U) | (order.tells_begin ? 4U : 0U) |
                     (order.sandbox.holds ? 8U : 0U);
  std::uint64_t numbers[5] = {order_version, flags, static_cast<std::uint64_t>(order.stop_signal),
                              static_cast<std::uint64_t>(order.grace_milliseconds), order.log_limit};
  fields(packing, order, numbers);
  return std::move(packing.bytes);
}

std::optional<LeaderOrder> decode_order(std::string_view bytes) {
  Unpacking unpacking{bytes};
  LeaderOrder order;
  std::uint64_t numbers[5] = {};
  fields(unpacking, order, numbers);
  if (!unpacking.good || !unpacking.rest.empty() || numbers[0] != order_version || order.argv.empty()) return {};
  order.keep_descendants = (numbers[1] & 1U) != 0;
  order.journaled = (numbers[1] & 2U) != 0;
  order.tells_begin = (numbers[1] & 4U) != 0;
  order.sandbox.holds = (numbers[1] & 8U) != 0;
  order.stop_signal = static_cast<std::int32_t>(numbers[2]);
  order.grace_milliseconds = static_cast<std::int64_t>(numbers[3]);
  order.log_limit = numbers[4];
  return order;
}

}  // namespace quietgate
