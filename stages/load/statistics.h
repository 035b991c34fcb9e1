// The statistics of loads. Pure. Sources: Clopper and Pearson, Biometrika 26 (1934); Mann and Whitney, Annals of
// Mathematical Statistics 18 (1947), here with the exact distribution, ties at their mean rank; Hodges and Lehmann,
// Annals of Mathematical Statistics 34 (1963); Benjamini and Hochberg, Journal of the Royal Statistical Society B 57
// (1995); order statistics as bounds of quantiles: Conover, Practical
// Nonparametric Statistics, section 3.2.
#pragma once

#include <cstdint>
#include <vector>

namespace quietgate {

// The least number of samples from which a percentile can be bounded with 95 % confidence whatever the distribution:
// p95 59, p99 299.
std::int64_t least_samples(double q);

// The rank, from 1, of the sample that is an upper bound of the quantile with 95 % confidence; 0: too few samples.
std::int64_t upper_rank(std::int64_t count, double q);

// The one-sided upper limit of a ratio with 95 % confidence, when so many of so many were seen (Clopper-Pearson); 1
// when nothing was seen.
double upper_ratio(std::int64_t seen, std::int64_t count);

// The least number of samples, none of which is seen, for an upper limit of at most this ratio.
std::int64_t least_for_ratio(double limit);

struct Shift {
  double u = 0;         // Mann and Whitney's U of the candidates: pairs in which the candidate is larger, ties half
  double p = 1;         // exact, one-sided: of a U at least so large if nothing had changed
  double estimate = 0;  // Hodges and Lehmann's: the median of all differences candidate - base
  double base = 0;      // the base's median
};

// Whether the candidates are larger. At least one value a side, at most 200 in all, all of them finite.
Shift compare(const std::vector<double>& base, const std::vector<double>& candidates);

double median(std::vector<double> values);  // of at least one value

// The p of tests that are made together, each adjusted for the others (Benjamini and Hochberg's q), in the same order:
// of all that are significant at q, at most the share q is expected to be so by chance.
std::vector<double> adjusted(const std::vector<double>& p);

}  // namespace quietgate
