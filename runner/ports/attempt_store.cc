#include "runner/ports/attempt_store.h"

#include "runner/base/plain_file.h"

namespace quietgate {

std::string text_of(AttemptStore& store, const AttemptId& attempt, AttemptFile file, std::int64_t most) {
  auto opened = store.open(attempt, file);
  if (!opened || !opened->has_value() || (*opened)->size > most) return {};
  return read_plain((*opened)->file, 0, static_cast<std::size_t>((*opened)->size));
}

}  // namespace quietgate
