#include "runner/adapters/journal_sqlite/journal_pages.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "runner/adapters/journal_sqlite/journal_rows.h"
#include "runner/base/descriptor.h"

namespace quietgate {

namespace {

using Bytes = std::string_view;

constexpr std::uint64_t most_payload = 256U << 20;
constexpr unsigned char leaf_of_a_table = 0x0d;
constexpr unsigned char leaf_of_an_index = 0x0a;
constexpr unsigned char inner_of_an_index = 0x02;

std::uint64_t big_endian(Bytes bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

std::uint32_t word(Bytes bytes, std::size_t at, bool big) {
  if (big) return static_cast<std::uint32_t>(big_endian(bytes, at, 4));
  std::uint32_t value = 0;
  for (std::size_t i = 4; i > 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[at + i - 1]);
  return value;
}

// Takes a variable-length integer off the front; nothing when the bytes end before it does.
std::optional<std::uint64_t> take_varint(Bytes& bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 9 && i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    value = i == 8 ? value << 8 | byte : value << 7 | (byte & 0x7fU);
    if (i == 8 || byte < 0x80) {
      bytes.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

class Pages {
 public:
  Result<void> open(const std::string& path) {
    file_ = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    log_ = Descriptor(::open((path + "-wal").c_str(), O_RDONLY | O_CLOEXEC));
    if (!file_ && errno != ENOENT) {
      return infrastructure_error("can't read " + path + ": " + strerrordesc_np(errno));
    }
    const auto header = read(file_, 0, 100);
    if (header.size() == 100 && header.starts_with("SQLite format 3")) {
      const auto told = big_endian(header, 16, 2);
      const std::uint64_t size = told == 1 ? 65536 : told;
      if (size >= 512 && (size & (size - 1)) == 0) size_ = size;
      usable_ = size_ - static_cast<unsigned char>(header[20]);
      told_ = big_endian(header, 28, 4);
    }
    struct stat about = {};
    if (file_ && ::fstat(file_.get(), &about) == 0)
      count_ = (static_cast<std::uint64_t>(about.st_size) + size_ - 1) / size_;
    read_log();
    return {};
  }
  std::uint64_t count() const { return count_; }
  // Of its header's pages some are nowhere.
  bool ends_early() const {
    const auto logged = in_log_.empty() ? 0 : in_log_.rbegin()->first;
    return told_ > std::max(count_, logged);
  }
  std::size_t usable() const { return usable_; }
  std::string page(std::uint64_t number) const { return read(file_, (number - 1) * size_, size_); }
  std::string logged(std::uint64_t number) const {
    const auto found = in_log_.find(number);
    return found == in_log_.end() ? std::string() : read(log_, found->second, size_);
  }
  std::vector<std::uint64_t> all_logged() const {
    std::vector<std::uint64_t> all;
    for (const auto& [number, offset] : in_log_) all.push_back(number);
    return all;
  }

 private:
  static std::string read(const Descriptor& file, std::uint64_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    const auto got = file ? ::pread(file.get(), bytes.data(), size, static_cast<off_t>(offset)) : -1;
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }

  // The newest committed frame of each page. The chain of checksums ends where a crash tore it.
  void read_log() {
    const auto header = read(log_, 0, 32);
    if (header.size() < 32) return;
    const auto magic = big_endian(header, 0, 4);
    if (magic != 0x377f0682 && magic != 0x377f0683) return;
    const bool big = magic == 0x377f0683;
    if (big_endian(header, 8, 4) != size_) return;
    std::uint32_t one = 0;
    std::uint32_t two = 0;
    const auto add = [&](Bytes bytes) {
      for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
        one += word(bytes, at, big) + two;
        two += word(bytes, at + 4, big) + one;
      }
    };
    const auto holds = [&](Bytes bytes, std::size_t at) {
      return big_endian(bytes, at, 4) == one && big_endian(bytes, at + 4, 4) == two;
    };
    add(Bytes(header).substr(0, 24));
    if (!holds(header, 24)) return;
    std::map<std::uint64_t, std::uint64_t> open;  // of a transaction that isn't known to be committed
    for (std::uint64_t at = 32;; at += 24 + size_) {
      const auto frame = read(log_, at, 24 + size_);
      if (frame.size() < 24 + size_ || frame.compare(8, 8, header, 16, 8) != 0) return;
      add(Bytes(frame).substr(0, 8));
      add(Bytes(frame).substr(24));
      if (!holds(frame, 16)) return;
      open[big_endian(frame, 0, 4)] = at + 24;
      if (big_endian(frame, 4, 4) == 0) continue;
      for (const auto& [number, offset] : open) in_log_[number] = offset;
      open.clear();
    }
  }

  Descriptor file_;
  Descriptor log_;
  std::size_t size_ = 4096;
  std::size_t usable_ = 4096;
  std::uint64_t count_ = 0;
  std::uint64_t told_ = 0;                         // by the header
  std::map<std::uint64_t, std::uint64_t> in_log_;  // page number to offset
};

// A cell's whole payload, its overflow pages included; shorter than told when they are not there.
std::string payload_of(const Pages& pages, Bytes cell, std::uint64_t size, bool logged) {
  const auto usable = pages.usable();
  const auto most = usable - 35;
  std::uint64_t local = size;
  if (size > most) {
    const auto least = (usable - 12) * 32 / 255 - 23;
    local = least + (size - least) % (usable - 4);
    if (local > most) local = least;
  }
  if (cell.size() < local + (size > local ? 4 : 0)) return {};
  std::string payload(cell.substr(0, local));
  auto next = size > local ? big_endian(cell, local, 4) : 0;
  while (next != 0 && payload.size() < size) {
    auto page = logged ? pages.logged(next) : std::string();
    if (page.empty()) page = pages.page(next);
    if (page.size() < usable) return {};
    payload.append(page, 4, std::min<std::uint64_t>(usable - 4, size - payload.size()));
    next = big_endian(page, 0, 4);
  }
  return payload;
}

// The columns of a record, numbers as text; empty when it is none of ours.
std::vector<std::string> columns_of(Bytes record) {
  auto rest = record;
  const auto header = take_varint(rest);
  if (!header || *header > record.size() || *header < record.size() - rest.size()) return {};
  auto types = rest.substr(0, *header - (record.size() - rest.size()));
  auto values = record.substr(*header);
  std::vector<std::string> columns;
  while (!types.empty()) {
    const auto type = take_varint(types);
    if (!type) return {};
    constexpr std::size_t sizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
    if (*type == 10 || *type == 11) return {};
    const std::uint64_t size = *type < 10 ? sizes[*type] : (*type - 12) / 2;
    if (size > values.size()) return {};
    if (*type >= 12) {
      columns.emplace_back(values.substr(0, size));
    } else if (*type == 8 || *type == 9) {
      columns.push_back(*type == 8 ? "0" : "1");
    } else {
      auto number = static_cast<std::int64_t>(big_endian(values, 0, size) << (64 - 8 * std::max<std::size_t>(size, 1)));
      columns.push_back(std::to_string(size == 0 ? 0 : number >> (64 - 8 * size)));
    }
    values.remove_prefix(size);
  }
  return columns;
}

void look_at(const Pages& pages, const std::string& page, std::uint64_t number, bool logged,
             const std::function<void(const FoundRow&)>& take) {
  const std::size_t head = number == 1 ? 100 : 0;
  if (page.size() < pages.usable() || static_cast<unsigned char>(page[head]) != leaf_of_a_table) return;
  const auto cells = big_endian(page, head + 3, 2);
  for (std::size_t i = 0; i < cells && head + 8 + 2 * i + 2 <= pages.usable(); ++i) {
    const auto at = big_endian(page, head + 8 + 2 * i, 2);
    if (at < head + 8 || at >= pages.usable()) continue;
    auto cell = Bytes(page).substr(at, pages.usable() - at);
    const auto size = take_varint(cell);
    const auto sequence = take_varint(cell);
    if (!size || !sequence || *size > most_payload) continue;
    auto columns = columns_of(payload_of(pages, cell, *size, logged));
    if (columns.size() != 7) continue;
    FoundRow row;
    row.sequence = static_cast<std::int64_t>(*sequence);
    row.at = std::strtoll(columns[1].c_str(), nullptr, 10);
    row.type = std::move(columns[2]);
    row.payload = std::move(columns[5]);
    if (columns[6] == checksum_of(row.sequence, row.at, row.type, row.payload)) take(row);
  }
}

// Entries are short: none of them needs another page.
void look_at_index(const Pages& pages, const std::string& page, std::uint64_t number,
                   const std::function<void(const FoundEntry&)>& take) {
  const std::size_t head = number == 1 ? 100 : 0;
  if (page.size() < pages.usable()) return;
  const auto kind = static_cast<unsigned char>(page[head]);
  if (kind != leaf_of_an_index && kind != inner_of_an_index) return;
  const std::size_t pointers = head + (kind == leaf_of_an_index ? 8 : 12);
  const std::size_t child = kind == leaf_of_an_index ? 0 : 4;
  const auto most = (pages.usable() - 12) * 64 / 255 - 23;
  const auto cells = big_endian(page, head + 3, 2);
  for (std::size_t i = 0; i < cells && pointers + 2 * i + 2 <= pages.usable(); ++i) {
    const auto at = big_endian(page, pointers + 2 * i, 2) + child;
    if (at < pointers || at >= pages.usable()) continue;
    auto cell = Bytes(page).substr(at, pages.usable() - at);
    const auto size = take_varint(cell);
    if (!size || *size > most || *size > cell.size()) continue;
    const auto columns = columns_of(cell.substr(0, *size));
    // Repository, number, sequence, and the sequence again: other indices have other columns.
    if (columns.size() != 4 || columns[2] != columns[3] || columns[0].empty()) continue;
    FoundEntry entry;
    entry.run = {columns[0], std::strtoll(columns[1].c_str(), nullptr, 10)};
    entry.sequence = std::strtoll(columns[2].c_str(), nullptr, 10);
    if (entry.run.number > 0 && entry.sequence > 0) take(entry);
  }
}

}  // namespace

Result<bool> find_entries(const std::string& path, const std::function<void(const FoundEntry&)>& take) {
  Pages pages;
  if (auto opened = pages.open(path); !opened) return opened.error();
  for (std::uint64_t number = 1; number <= pages.count(); ++number)
    look_at_index(pages, pages.page(number), number, take);
  for (const auto number : pages.all_logged()) look_at_index(pages, pages.logged(number), number, take);
  return pages.ends_early();
}

Result<void> find_rows(const std::string& path, const std::function<void(const FoundRow&)>& take) {
  Pages pages;
  if (auto opened = pages.open(path); !opened) return opened;
  for (std::uint64_t number = 1; number <= pages.count(); ++number) {
    look_at(pages, pages.page(number), number, false, take);
  }
  for (const auto number : pages.all_logged()) look_at(pages, pages.logged(number), number, true, take);
  return {};
}

}  // namespace quietgate
