#include "runner/leader/program.h"

extern "C" const char quietgate_leader_begin[];
extern "C" const char quietgate_leader_end[];

namespace quietgate {

std::string_view leader_program() {
  return {quietgate_leader_begin, static_cast<std::size_t>(quietgate_leader_end - quietgate_leader_begin)};
}

}  // namespace quietgate
