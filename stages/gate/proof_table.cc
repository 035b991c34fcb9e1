#include "stages/gate/proof_table.h"

#include <algorithm>

namespace quietgate {

namespace {

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string word_of(const Proof& proof) {
  if (!proof.waived.empty()) return "waived";
  return proof.verdict == GateVerdict::quiet ? "ok" : to_string(proof.verdict);
}

std::string words_of(const Proof& proof) {
  return proof.waived.empty() ? proof.detail : proof.detail + " (waived: " + proof.waived + ")";
}

// Breaks at spaces; a word longer than the width stays whole.
std::vector<std::string> wrap(const std::string& text, std::size_t width) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (width > 0 && text.size() - begin > width) {
    auto at = text.rfind(' ', begin + width);
    if (at == std::string::npos || at <= begin) at = text.find(' ', begin + width);
    if (at == std::string::npos) break;
    lines.push_back(text.substr(begin, at - begin));
    begin = at + 1;
  }
  lines.push_back(text.substr(begin));
  return lines;
}

}  // namespace

std::vector<std::string> format_proofs(const std::vector<Proof>& proofs, std::size_t width) {
  std::size_t ids = 0, names = 0, verdicts = 0;
  for (const auto& proof : proofs) {
    ids = std::max(ids, proof.id.size());
    names = std::max(names, proof.name.size());
    verdicts = std::max(verdicts, word_of(proof).size());
  }
  std::vector<std::string> lines;
  for (const auto& proof : proofs) {
    auto head =
        padded(proof.id, ids) + "  " + padded(word_of(proof), verdicts) + "  " + padded(proof.name, names) + "  ";
    const auto room = width > head.size() + 20 ? width - head.size() : 0;
    for (const auto& part : wrap(words_of(proof), room)) {
      auto line = head + part;
      while (!line.empty() && line.back() == ' ') line.pop_back();
      lines.push_back(std::move(line));
      head.assign(head.size(), ' ');
    }
  }
  return lines;
}

}  // namespace quietgate
