#include "stages/load/chart_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stages/load/chart_panels.h"

namespace quietgate {

namespace {

constexpr double image_width = 900, left = 70, right = 20, height = 130, gap = 50, top = 34;
constexpr double letter = 7;            // of a text, on average and rather too wide
constexpr double longest_hole = 2'500;  // milliseconds: a load has a point for each second
constexpr std::size_t most_points = 2 * static_cast<std::size_t>(image_width - left - right);

// A round number, at least the value; half of it is printable too.
double round_up(double value, bool counts) {
  if (value <= 0) return counts ? 2 : 1;
  if (counts && value <= 10) return 2 * std::ceil(value / 2);
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (double factor : {1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 4.0, 5.0, 6.0, 8.0}) {
    if (factor * power >= value * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

// Between two labels of the time axis, in milliseconds: four to eight of them.
double time_step(double span) {
  constexpr double minute = 60'000, hour = 60 * minute;
  for (double step : {1'000.0, 2'000.0, 5'000.0, 10'000.0, 15'000.0, 30'000.0, minute, 2 * minute, 5 * minute,
                      10 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 6 * hour, 12 * hour}) {
    if (span / step <= 8) return step;
  }
  return std::ceil(span / (8 * 24 * hour)) * 24 * hour;
}

class Drawing {
 public:
  Drawing(const MeasuredSeries& series, const ChartSpan& span) : series_(series), span_(span) {}
  std::string text() {
    for (const auto& panel : chart_panels) draw(panel);
    return fmt::format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" role=\"img\" "
               "font-family=\"sans-serif\" "
               "font-size=\"12\">\n<title>A load over "
               "time</title>\n<style>.b{{fill:#fff}}.t{{font-weight:bold;fill:#333}}"
               ".l{{fill:#555}}.g{{stroke:#ddd}}polyline{{fill:none;stroke-width:1.6;stroke-linejoin:round;"
               "stroke-linecap:round}}\n@media (prefers-color-scheme:dark){{.b{{fill:#16181c}}.t{{fill:#eee}}"
               ".l{{fill:#aaa}}.g{{stroke:#3a3d42}}}}</style>\n<rect width=\"100%\" height=\"100%\" class=\"b\"/>\n",
               image_width, y_ - gap + 30) +
           body_ + "</svg>\n";
  }

 private:
  double x(double time) const {
    return left + (time - span_.begin) / (span_.end - span_.begin) * (image_width - left - right);
  }
  double y(double value) const { return y_ + height - value / most_ * height; }

  void draw(const ChartPanel& panel) {
    std::vector<std::pair<const ChartLine*, const ChartPoints*>> lines;
    double highest = 0;
    for (const auto& line : panel.lines) {
      const auto* points = points_of(series_, line);
      if (points == nullptr) continue;
      lines.emplace_back(&line, points);
      for (const auto& [time, value] : *points) highest = std::max(highest, value);
    }
    if (lines.empty()) return;
    most_ = round_up(highest, panel.counts);
    write(left, y_ - 8, "start", "t", panel.title);
    value_axis();
    time_axis();
    double legend = image_width - right;
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
      add_line(*line->first, *line->second, panel);
      if (lines.size() == 1) break;  // the title says it
      body_ += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"{}\">{}</text>\n", legend, y_ - 8,
                           line->first->colour, line->first->label);
      legend -= 12 + letter * static_cast<double>(std::string_view(line->first->label).size());
    }
    y_ += height + gap;
  }

  void write(double at_x, double at_y, const char* anchor, const char* kind, const std::string& words) {
    body_ += fmt::format("<text x=\"{:.1f}\" y=\"{}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", at_x, at_y, kind,
                         anchor, words);
  }

  void value_axis() {
    for (int part = 0; part <= 2; ++part) {
      const double at = y(most_ * part / 2);
      body_ += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\" class=\"g\"/>\n", left, image_width - right,
                           at, at);
      write(left - 8, at + 4, "end", "l", chart_number(most_ * part / 2));
    }
  }

  void time_axis() {
    const double whole = span_.end - span_.begin, step = time_step(whole);
    for (double time = 0; time <= whole; time += step) {
      const auto label = chart_time(time);
      const double at = x(span_.begin + time);
      // At the edge there is no room for its second half.
      const bool fits = at + letter * static_cast<double>(label.size()) / 2 <= image_width;
      write(fits ? at : image_width - right, y_ + height + 16, fits ? "middle" : "end", "l", label);
    }
  }

  // Where nothing was measured, there is no line; a count stays until it changes.
  void add_line(const ChartLine& line, const ChartPoints& points, const ChartPanel& panel) {
    ChartPoints part;
    for (const auto& point : points) {
      if (!panel.between_loads && !part.empty() && point.first - part.back().first > longest_hole) {
        add_part(line, part);
        part.clear();
      }
      if (panel.counts && !part.empty() && part.back().second != point.second)
        part.emplace_back(point.first, part.back().second);
      part.push_back(point);
    }
    add_part(line, part);
  }

  void add_part(const ChartLine& line, const ChartPoints& points) {
    std::string path;
    const auto add = [&](const std::pair<double, double>& point) {
      path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "" : " ", x(point.first), y(point.second));
    };
    if (points.size() == 1) add(points.front());  // a dot, where its caps meet
    for (const auto& point : thinned(points)) add(point);
    body_ += fmt::format("<polyline points=\"{}\" stroke=\"{}\"/>\n", path, line.colour);
  }

  // Of more points than there is room for, the lowest and the highest of each column.
  ChartPoints thinned(const ChartPoints& points) const {
    if (points.size() <= most_points) return points;
    ChartPoints kept;
    for (std::size_t begin = 0, end = 0; begin < points.size(); begin = end) {
      const auto column = std::floor(x(points[begin].first));
      while (end < points.size() && std::floor(x(points[end].first)) == column) ++end;
      const auto [least, most] = std::minmax_element(points.begin() + static_cast<std::ptrdiff_t>(begin),
                                                     points.begin() + static_cast<std::ptrdiff_t>(end),
                                                     [](const auto& a, const auto& b) { return a.second < b.second; });
      kept.push_back(*std::min(least, most));
      if (least != most) kept.push_back(*std::max(least, most));
    }
    return kept;
  }

  const MeasuredSeries& series_;
  ChartSpan span_;
  std::string body_;
  double y_ = top;
  double most_ = 1;  // of the panel
};

}  // namespace

std::string svg_chart(const MeasuredSeries& series) {
  const auto span = chart_span(series);
  return span.empty() ? std::string() : Drawing(series, span).text();
}

}  // namespace quietgate
