#include "runner/cli/terminal/run_view.h"

#include <utility>

#include "runner/cli/terminal/event_line.h"
#include "runner/cli/terminal/run_report.h"
#include "runner/cli/terminal/run_tree.h"
#include "runner/cli/terminal/screen_text.h"

namespace quietgate {

RunView::RunView(Terminal terminal, std::function<void(std::string_view)> out, std::function<Time()> now,
                 ActivityOf activity)
    : terminal_(terminal), out_(std::move(out)), now_(std::move(now)), activity_(std::move(activity)) {}

void RunView::on_row(const Row& row) {
  record_.add(row);
  if (terminal_.live) return tick();
  if (const auto line = event_line(row, record_, asks_here_); !line.empty()) out_(line + "\n");
}

void RunView::erase() {
  if (drawn_ > 0) out_("\x1b[" + std::to_string(drawn_) + "A\r\x1b[J");
  drawn_ = 0;
}

void RunView::tick() {
  if (!terminal_.live || held_ || record_.state.id.number == 0) return;
  ++frame_;
  const auto text = RunTree(record_, {terminal_, now_(), frame_, asks_here_, activity_}).text();
  // One write for all of it, each line cleared as it is drawn: no flicker.
  std::string screen = drawn_ > 0 ? "\x1b[" + std::to_string(drawn_) + "A\r" : "";
  std::size_t begin = 0;
  int lines = 0;
  while (begin < text.size()) {
    const auto end = text.find('\n', begin);
    screen += text.substr(begin, end - begin) + "\x1b[K\n";
    begin = end + 1;
    ++lines;
  }
  out_(screen + "\x1b[J");
  drawn_ = lines;
}

void RunView::hold(bool held) {
  if (held_ != held) drawn_ = 0;  // what was drawn stays above what is there now
  held_ = held;
}

void RunView::say(const std::string& line) {
  erase();
  out_(printable(line) + "\n");
  tick();
}

void RunView::finish(const RunDetails& details) {
  erase();
  if (!terminal_.live) out_("\n");
  out_(run_report(record_, terminal_, now_(), details));
}

}  // namespace quietgate
