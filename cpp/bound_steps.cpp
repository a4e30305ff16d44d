/// What steps of the access program do to a bound: the least of two, of a window, every so manieth position.
#include "bound.hpp"

#include <algorithm>
#include <numeric>

#include "interval.hpp"
#include "monotone.hpp"
#include "overlay.hpp"

namespace rfonnx {
namespace {

/// A line within a stretch: `first` at its beginning, `step` further on each turn; nothing where `first` is `kNothing`.
struct Line {
    int64_t first, step;

    int64_t at(int64_t turn) const { return first == kNothing ? kNothing : add(first, multiply(step, turn)); }
};

Line line_of(const Run& run, int64_t position, int64_t period) {
    const int64_t first = run.at(position);
    if (first == kNothing || position + period >= run.end)
        return {first, 0};
    return {first, multiply(run.increments[index((position - run.begin) % run.period())], period / run.period())};
}

/// The first turn from which on the other line is lower than the one that is lower at first, of `turns`; 0 when none.
int64_t crossing(Line x, Line y, int64_t turns) {
    if (x.first == kNothing || y.first == kNothing || turns < 2)
        return 0;
    const bool first = x.first <= y.first, last = x.at(turns - 1) <= y.at(turns - 1);
    const bool first_back = y.first <= x.first, last_back = y.at(turns - 1) <= x.at(turns - 1);
    if ((first && last) || (first_back && last_back))
        return 0;
    const Line low = first ? x : y, high = first ? y : x;
    return subtract(high.first, low.first) / subtract(low.step, high.step) + 1;
}

void append_explicit(const Run& x, const Run& y, int64_t begin, int64_t end, Bound& into) {
    std::vector<int64_t> values;
    values.reserve(index(end - begin));
    for (int64_t position = begin; position < end; ++position)
        values.push_back(std::min(x.at(position), y.at(position)));
    into.append(explicit_run(begin, std::move(values)));
}

/// The least of two runs on [begin, end). In each residue of the common period there are two lines, which cross once
/// at most: cut where any of them cross.
void append_least(const Run& x, const Run& y, int64_t begin, int64_t end, Bound& into) {
    const int64_t length = end - begin, period = common_period(x, y, length);
    if (period > kMostValues)
        throw TooManyValues();
    if (period == length)
        return append_explicit(x, y, begin, end, into);
    std::vector<int64_t> cuts{0};
    std::vector<std::pair<Line, Line>> lines;
    for (int64_t r = 0; r < period; ++r) {
        const int64_t turns = (length - r - 1) / period + 1;
        lines.emplace_back(line_of(x, begin + r, period), line_of(y, begin + r, period));
        cuts.push_back(crossing(lines.back().first, lines.back().second, turns));
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    if (static_cast<int64_t>(cuts.size()) > length / period && length <= kMostValues)
        return append_explicit(x, y, begin, end, into);
    for (size_t k = 0; k < cuts.size(); ++k) {
        const int64_t from = begin + cuts[k] * period;
        Run run{from, k + 1 < cuts.size() ? begin + cuts[k + 1] * period : end, {}, {}};
        const int64_t count = std::min(period, run.length());
        for (int64_t r = 0; r < count; ++r) {
            const Line &a = lines[index(r)].first, &b = lines[index(r)].second;
            // Between two cuts the one is lower throughout: where they are level, the next turn tells.
            const bool again = r + period < run.length();
            const int64_t va = a.at(cuts[k]), vb = b.at(cuts[k]);
            const int64_t next = again ? cuts[k] + 1 : cuts[k];
            const bool takes_a = va < vb || (va == vb && a.at(next) <= b.at(next));
            const Line& low = takes_a ? a : b;
            run.values.push_back(std::min(va, vb));
            run.increments.push_back(again && low.first != kNothing ? low.step : 0);
        }
        into.append(std::move(run));
    }
}

} // namespace

Bound least(const Bound& f, const Bound& g) {
    Bound result;
    overlaid(f, g, [&](const Run& x, const Run& y, int64_t begin, int64_t end) {
        append_least(x, y, begin, end, result);
        return true;
    });
    return std::move(result).simplified();
}

Bound gathered(const Bound& f, int64_t scale, int64_t offset, int64_t length) {
    Bound result;
    const int64_t size = f.length();
    if (length == 0)
        return result;
    if (scale == 0)
        return constant_bound(length, offset >= 0 && offset < size ? f.at(offset) : kNothing);
    const auto place_of = [&](int64_t o) { return add(multiply(scale, o), offset); };
    // The outputs that land in [begin, end).
    const auto first_in = [&](int64_t begin, int64_t end) {
        return scale > 0 ? -floor_divide(subtract(offset, begin), scale)
                         : -floor_divide(subtract(end - 1, offset), magnitude(scale));
    };
    const auto last_in = [&](int64_t begin, int64_t end) {
        return scale > 0 ? floor_divide(subtract(end - 1, offset), scale)
                         : floor_divide(subtract(offset, begin), magnitude(scale));
    };
    const auto pad_until = [&](int64_t end) {
        if (result.length() < end)
            result.append(constant_run(result.length(), end, kNothing));
    };
    const size_t count = f.runs().size();
    for (size_t k = 0; k < count; ++k) {
        const Run& run = f.runs()[scale > 0 ? k : count - 1 - k];
        const int64_t from = std::max<int64_t>(0, first_in(run.begin, run.end));
        const int64_t to = std::min(length - 1, last_in(run.begin, run.end));
        if (from > to)
            continue;
        pad_until(from);
        const int64_t apart = run.period() / std::gcd(run.period(), magnitude(scale)); // outputs until it comes around
        const int64_t period = std::min(apart, to - from + 1);
        Run part{from, to + 1, {}, {}};
        part.values.reserve(index(period));
        part.increments.reserve(index(period));
        for (int64_t r = 0; r < period; ++r) {
            const int64_t place = place_of(from + r);
            const int64_t value = run.at(place);
            const bool again = value != kNothing && from + r + apart <= to;
            part.values.push_back(value);
            part.increments.push_back(again ? multiply(run.increments[index((place - run.begin) % run.period())],
                                                       multiply(scale, apart) / run.period())
                                            : 0);
        }
        result.append(std::move(part));
    }
    pad_until(length);
    return result;
}

Bound window(const Bound& f, int64_t kernel, int64_t dilation, int64_t scale, int64_t offset, int64_t length) {
    if (kernel == 1)
        return gathered(f, scale, offset, length);
    if (const auto read = window_at_end(f, kernel, dilation, scale, offset, length))
        return *read;
    // From so far before the first position on a window may still reach it.
    const int64_t before = multiply(kernel - 1, dilation), size = add(f.length(), before);
    Bound level = gathered(f, 1, -before, size);
    int64_t width = 1; // level(x) is the least of `width` reads from x - before on
    for (; width <= kernel / 2; width *= 2)
        level = least(level, gathered(level, 1, multiply(width, dilation), size));
    if (width < kernel)
        level = least(level, gathered(level, 1, multiply(kernel - width, dilation), size));
    return gathered(level, scale, add(offset, before), length);
}

Bound repeated(const Bound& f, int64_t times) {
    Bound result;
    for (const Run& run : f.runs()) {
        if (run.length() <= kMostParts && run.length() < times) { // stores less than the values of a turn
            for (int64_t position = run.begin; position < run.end; ++position)
                result.append(constant_run(position * times, multiply(position + 1, times), run.at(position)));
            continue;
        }
        if (run.period() > kMostValues / times)
            throw TooManyValues();
        Run part{run.begin * times, multiply(run.end, times), {}, {}};
        for (size_t r = 0; r < run.values.size(); ++r) {
            part.values.insert(part.values.end(), index(times), run.values[r]);
            part.increments.insert(part.increments.end(), index(times), run.increments[r]);
        }
        result.append(std::move(part));
    }
    return result;
}

Bound interleaved(const std::vector<Bound>& parts, int64_t length) {
    const auto count = static_cast<int64_t>(parts.size());
    if (count == 1)
        return parts[0];
    Bound result;
    std::vector<size_t> places(parts.size(), 0);
    for (int64_t begin = 0; begin * count < length;) {
        int64_t end = parts[0].length(), period = 1;
        for (size_t k = 0; k < parts.size(); ++k)
            end = std::min(end, parts[k].runs()[places[k]].end);
        for (size_t k = 0; k < parts.size() && period < end - begin; ++k)
            period = std::lcm(period, parts[k].runs()[places[k]].period());
        period = std::min(period, end - begin);
        if (multiply(period, count) > kMostValues)
            throw TooManyValues();
        Run run{begin * count, std::min(end * count, length), {}, {}};
        for (int64_t o = run.begin; o < std::min(run.begin + period * count, run.end); ++o) {
            const size_t k = index(o % count);
            const Line at = line_of(parts[k].runs()[places[k]], o / count, period);
            run.values.push_back(at.first);
            run.increments.push_back(o + period * count < run.end ? at.step : 0);
        }
        result.append(std::move(run));
        for (size_t k = 0; k < parts.size(); ++k)
            places[k] += parts[k].runs()[places[k]].end == end;
        begin = end;
    }
    return std::move(result).simplified();
}

} // namespace rfonnx
