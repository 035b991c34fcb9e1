#include "runner/service/config_upkeep.h"

#include <limits>

namespace quietgate {

void read_retention(const ConfigValues& values, const Found& found, RetentionRule& out) {
  MapReader map(values, found, "`retention`");
  constexpr std::int64_t most = 1'000'000;
  if (const Found runs = map.find("runs")) out.runs = values.integer(runs, 1, most).value_or(out.runs);
  if (const Found days = map.find("days"))
    out.age = std::chrono::hours(24 * values.integer(days, 1, 36'500).value_or(90));
  if (const Found promotions = map.find("promotions"))
    out.promotions = values.integer(promotions, 1, most).value_or(out.promotions);
  map.finish();
}

void read_keep_free(const ConfigValues& values, const Found& found, LowWaterRule& out) {
  const auto text = values.loose_text(found).value_or("5%");
  const auto digits = text.find_first_not_of("0123456789");
  const bool share = digits > 0 && digits < 3 && text.substr(digits) == "%";
  const int percent = share ? std::stoi(text.substr(0, digits)) : 100;
  const auto bytes = share ? std::numeric_limits<std::uint64_t>::max() : parse_size(text);
  if (!bytes || (share && percent > 50))
    return values.wrong(found, "`keep_free` is neither a share nor a size",
                        "up to 50%, or a size such as 500MiB or 2GiB");
  out = {*bytes, percent};
}

void read_limits(const ConfigValues& values, const Found& found, LimitsConfig& out) {
  MapReader map(values, found, "`limits`");
  if (const Found log = map.find("log")) out.log = values.size(log, 64 << 10).value_or(out.log);
  if (const Found tree = map.find("tree")) out.tree = values.size(tree, 1 << 20).value_or(out.tree);
  map.finish();
}

void read_isolation(const ConfigValues& values, const Found& found, IsolationConfig& out) {
  const auto text = values.text(found, 100).value_or("bubblewrap");
  out.none = text == "none";
  if (!out.none && text != "bubblewrap")
    values.wrong(found, "`isolation` is `" + text + "`",
                 "`bubblewrap`, or `none` where every pipeline may do all that this service's user may");
}

void read_sandbox(const ConfigValues& values, const Found& found, IsolationConfig& out) {
  MapReader map(values, found, "`sandbox`");
  if (const Found user = map.find("user")) out.user = values.text(user, 32).value_or("");
  if (const Found show = map.find("show")) {
    for (const Found& path : values.list(show)) out.shown.push_back(values.local_path(path));
  }
  map.finish();
}

void read_heartbeat(const ConfigValues& values, const Found& found, HeartbeatRule& out) {
  MapReader map(values, found, "`heartbeat`");
  if (const Found url = map.require("url", "the URL of a monitor that notices missing calls")) {
    out.url = values.text(url, 4000).value_or("");
    if (!out.url.empty() && !out.url.starts_with("http://") && !out.url.starts_with("https://"))
      values.wrong(url, "`url` is not http or https", "an address such as https://heartbeat.example.org/ID");
  }
  if (const Found every = map.find("every"))
    out.every = values.duration(every, Milliseconds{1'000}).value_or(out.every);
  map.finish();
}

}  // namespace quietgate
