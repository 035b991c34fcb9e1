#include "runner/adapters/journal_sqlite/journal_rows.h"

#include <sodium.h>

namespace quietgate {

const char* const row_columns = "SELECT sequence, at, type, payload, checksum FROM events ";
const char* const insert_row =
    "INSERT INTO events (sequence, at, type, repository, number, payload, checksum) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, CAST(?7 AS BLOB))";

std::string checksum_of(std::int64_t sequence, std::int64_t at, const std::string& type, const std::string& payload) {
  crypto_generichash_state state;
  std::string digest(16, '\0');
  auto add = [&](const void* bytes, std::size_t size) {
    crypto_generichash_update(&state, static_cast<const unsigned char*>(bytes), size);
  };
  crypto_generichash_init(&state, nullptr, 0, digest.size());
  add(&sequence, sizeof sequence);
  add(&at, sizeof at);
  add(type.data(), type.size() + 1);
  add(payload.data(), payload.size());
  crypto_generichash_final(&state, reinterpret_cast<unsigned char*>(digest.data()), digest.size());
  return digest;
}

Result<Row> row_from(const Statement& statement) {
  const auto sequence = statement.integer(0);
  const auto at = statement.integer(1);
  const auto type = statement.text(2);
  const auto payload = statement.text(3);
  if (statement.text(4) != checksum_of(sequence, at, type, payload)) {
    return infrastructure_error(
        "row " + std::to_string(sequence) + " of the journal is damaged (its checksum does not match)",
        "stop the service and run `quietgate doctor --repair`, or restore the journal from a backup");
  }
  auto event = event_from_json(type, payload);
  if (!event) return event.error();
  return Row{sequence, Time{Milliseconds{at}}, std::move(*event)};
}

std::size_t insert(Statement& statement, std::int64_t sequence, Time time, const Event& event) {
  const std::int64_t at = time.time_since_epoch().count();
  const std::string type = type_of(event);
  const auto payload = to_json(event);
  const auto checksum = checksum_of(sequence, at, type, payload);
  statement.bind(sequence, at, type, repository_of(event), run_of(event).number, payload, checksum).run();
  return payload.size();
}

}  // namespace quietgate
