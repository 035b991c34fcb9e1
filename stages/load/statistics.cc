#include "stages/load/statistics.h"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <numeric>

namespace quietgate {

namespace {

constexpr double confidence = 0.95;

// Of all ways to draw so many of these (doubled) ranks, the share whose sum is at least `least`.
double share_at_least(const std::vector<int>& ranks, std::size_t drawn, std::int64_t least) {
  std::int64_t sum = 0;
  for (int rank : ranks) sum += rank;
  const auto width = static_cast<std::size_t>(sum) + 1;
  // ways[k][s]: subsets of k ranks that sum to s; counts beyond 2^53 lose digits far behind those that matter.
  std::vector<std::vector<double>> ways(drawn + 1, std::vector<double>(width, 0));
  ways[0][0] = 1;
  std::size_t seen = 0;
  for (int rank : ranks) {
    ++seen;
    for (std::size_t k = std::min(drawn, seen); k >= 1; --k) {
      for (std::size_t s = width; s-- > static_cast<std::size_t>(rank);) {
        ways[k][s] += ways[k - 1][s - static_cast<std::size_t>(rank)];
      }
    }
  }
  double all = 0, extreme = 0;
  for (std::size_t s = 0; s < width; ++s) {
    all += ways[drawn][s];
    if (static_cast<std::int64_t>(s) >= least) extreme += ways[drawn][s];
  }
  return extreme / all;
}

}  // namespace

std::int64_t least_samples(double q) {
  return static_cast<std::int64_t>(std::ceil(std::log(1 - confidence) / std::log(q) - 1e-9));
}

std::int64_t upper_rank(std::int64_t count, double q) {
  if (count < least_samples(q)) return 0;
  // The least r for which at least r samples lie above... : P(Binomial(count, q) <= r - 1) >= confidence.
  const boost::math::binomial_distribution<double> below(static_cast<double>(count), q);
  std::int64_t low = static_cast<std::int64_t>(q * static_cast<double>(count)), high = count;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    const bool enough = middle >= 1 && boost::math::cdf(below, static_cast<double>(middle - 1)) >= confidence;
    if (enough) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

double upper_ratio(std::int64_t seen, std::int64_t count) {
  if (count <= 0 || seen >= count) return 1;
  const boost::math::beta_distribution<double> beta(static_cast<double>(seen) + 1, static_cast<double>(count - seen));
  return boost::math::quantile(beta, confidence);
}

std::int64_t least_for_ratio(double limit) {
  if (limit >= 1) return 1;
  return static_cast<std::int64_t>(std::ceil(std::log(1 - confidence) / std::log1p(-limit) - 1e-9));
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

std::vector<double> adjusted(const std::vector<double>& p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] > p[b]; });
  std::vector<double> q(p.size());
  double least = 1;
  // From the largest down: none may be below one with a larger p.
  for (std::size_t above = 0; above < order.size(); ++above) {
    const auto rank = static_cast<double>(order.size() - above);
    least = std::min(least, p[order[above]] * static_cast<double>(p.size()) / rank);
    q[order[above]] = least;
  }
  return q;
}

Shift compare(const std::vector<double>& base, const std::vector<double>& candidates) {
  Shift shift;
  shift.base = median(base);
  std::vector<double> differences;
  for (double candidate : candidates) {
    for (double other : base) {
      differences.push_back(candidate - other);
      if (candidate > other) shift.u += 1;
      if (candidate == other) shift.u += 0.5;
    }
  }
  shift.estimate = median(differences);
  // Ranks are doubled, so that the mean ranks of ties are whole numbers.
  std::vector<double> all = base;
  all.insert(all.end(), candidates.begin(), candidates.end());
  std::sort(all.begin(), all.end());
  std::vector<int> ranks;
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin;
    while (end < all.size() && all[end] == all[begin]) ++end;
    ranks.insert(ranks.end(), end - begin, static_cast<int>(begin + 1 + end));
    begin = end;
  }
  const auto n = static_cast<double>(candidates.size());
  const auto least = std::llround(2 * (shift.u + n * (n + 1) / 2));
  shift.p = share_at_least(ranks, candidates.size(), least);
  return shift;
}

}  // namespace quietgate
