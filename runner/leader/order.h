// What a leader is told to do, as it travels from the runner: in memory only, since it holds secrets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quietgate {

// Of a step in a sandbox: the program that makes it, and who is to be in it.
struct OrderedSandbox {
  std::vector<std::string> argv;  // what is executed, up to the `--` that the leader adds; empty: no sandbox
  std::string filter;             // of system calls: a BPF program as the kernel takes it
  std::uint64_t user = 0;         // which the step becomes inside, and its group; 0: as the leader
  std::uint64_t group = 0;
  std::uint64_t joins = 0;        // a process of a sandbox whose process ids it shares; 0: it has its own
  std::uint64_t joins_start = 0;  // when that one started
  bool holds = false;             // it runs nothing, and keeps its process ids for others
  bool operator==(const OrderedSandbox&) const = default;
};

struct LeaderOrder {
  std::string record;  // of the step: an absolute path
  std::string id;      // unique; the step's processes carry it in their environment as QUIETGATE_STEP
  std::string boot;    // the kernel's boot id
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // `NAME=value`
  std::string working_directory;
  std::string log;
  std::string stdout_file;
  std::vector<std::string> secrets;
  bool keep_descendants = false;
  bool journaled = false;    // that it begins is on record, durably: it need not make that so itself
  bool tells_begin = false;  // the runner waits for the step's begin, not for its end
  std::int32_t stop_signal = 15;
  std::int64_t grace_milliseconds = 10'000;
  std::uint64_t log_limit = 0;  // bytes of the log's file, and of stdout_file; what comes after is not kept. 0: none
  OrderedSandbox sandbox;
  bool operator==(const LeaderOrder&) const = default;
};

inline constexpr const char* step_marker = "QUIETGATE_STEP";

std::string encode(const LeaderOrder& order);
// Nothing when the bytes are not exactly one order of this version.
std::optional<LeaderOrder> decode_order(std::string_view bytes);

}  // namespace quietgate
