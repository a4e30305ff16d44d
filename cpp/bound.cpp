#include "bound.hpp"

#include <algorithm>

#include "detection.hpp"
#include "interval.hpp"
#include "overlay.hpp"

namespace rfonnx {
namespace {

/// What a run costs beside its values.
constexpr int64_t kCostOfRun = 3;
/// Short runs that are looked at anew together hold so many entries at most.
constexpr int64_t kShortStretch = 4096;
/// Runs that repeat together as one: a tooth of a saw.
constexpr size_t kMostTeeth = 3;

/// Longest common period of two runs that are compared entry by entry.
constexpr int64_t kMostCompared = int64_t{1} << 16;

int64_t cost_of(const Run& run) {
    return kCostOfRun + run.period();
}

/// The run, begun `more` entries earlier by its rule.
Run begun_earlier(const Run& run, int64_t more) {
    Run result{run.begin - more, run.end, {}, {}};
    for (int64_t k = 0; k < run.period(); ++k) {
        result.values.push_back(run.after(k - more));
        result.increments.push_back(run.increments[index(floor_modulo(k - more, run.period()))]);
    }
    return result;
}

bool is_short(const Run& run) {
    return run.length() <= 2 * run.period();
}

} // namespace

size_t Bound::find(int64_t position) const {
    const auto place = std::upper_bound(runs_.begin(), runs_.end(), position,
                                        [](int64_t wanted, const Run& run) { return wanted < run.end; });
    return static_cast<size_t>(place - runs_.begin());
}

void Bound::push(Run run) {
    cost_ += cost_of(run);
    if (cost_ > kMostValues)
        throw TooManyValues();
    runs_.push_back(std::move(run));
}

void Bound::append(Run run) {
    run.end += length() - run.begin;
    run.begin = length();
    if (run.length() == 0)
        return;
    run = shortest(std::move(run));
    if (runs_.empty())
        return push(std::move(run));
    Run& before = runs_.back();
    const int64_t on = continued(before, run);
    if (on == run.length()) {
        before.end = run.end;
        return;
    }
    const int64_t back = continued_back(before, run);
    if (back == before.length()) {
        cost_ -= cost_of(before);
        runs_.pop_back();
        return append(begun_earlier(run, back));
    }
    if (on > 0) {
        before.end += on;
        run = cut(run, run.begin + on, run.end);
    } else if (back > 0 && is_short(before)) {
        run = begun_earlier(run, back);
        cost_ -= cost_of(before);
        before = cut(before, before.begin, run.begin);
        cost_ += cost_of(before);
    }
    push(std::move(run));
    fold();
}

void Bound::append(const Bound& bound) {
    for (const Run& run : bound.runs())
        append(run);
}

/// A saw: groups of up to three runs, each the one before it moved, as one run with a tooth for a period; where that
/// stores less.
void Bound::fold() {
    for (size_t tooth = 1; tooth <= kMostTeeth && runs_.size() >= 2 * tooth; ++tooth) {
        int64_t period = 0, cost = 0;
        for (size_t k = runs_.size() - tooth; k < runs_.size(); ++k) {
            period += runs_[k].length();
            cost += cost_of(runs_[k]);
        }
        const int64_t teeth = std::max<int64_t>(2, (add(period, kCostOfRun) + cost - 1) / cost);
        if (static_cast<int64_t>(runs_.size() / tooth) < teeth)
            continue;
        const size_t first = runs_.size() - index(teeth) * tooth;
        bool alike = true;
        for (size_t k = runs_.size() - tooth; k-- > first && alike;)
            alike = runs_[k].length() == runs_[k + tooth].length();
        if (alike && replace(first, period))
            return;
    }
}

/// The runs from `first` on as one of this period, if they are that.
bool Bound::replace(size_t first, int64_t period) {
    Run saw{runs_[first].begin, runs_.back().end, {}, {}};
    for (int64_t r = 0; r < period; ++r) {
        const int64_t a = at(saw.begin + r), b = at(saw.begin + period + r);
        if ((a == kNothing) != (b == kNothing))
            return false;
        saw.values.push_back(a);
        saw.increments.push_back(a == kNothing ? 0 : subtract(b, a));
    }
    int64_t cost = 0;
    for (size_t k = first; k < runs_.size(); ++k) {
        const Run& run = runs_[k];
        cost += cost_of(run);
        const int64_t enough = std::min(run.length(), 2 * (run.period() + period));
        for (int64_t offset = 0; offset < enough; ++offset) {
            if (run.after(offset) != saw.at(run.begin + offset))
                return false;
        }
    }
    runs_.erase(runs_.begin() + static_cast<std::ptrdiff_t>(first), runs_.end());
    cost_ += cost_of(saw) - cost;
    runs_.push_back(std::move(saw));
    return true;
}

Bound Bound::simplified() && {
    Bound result;
    for (size_t first = 0; first < runs_.size();) {
        size_t last = first;
        while (last < runs_.size() && is_short(runs_[last]) && runs_[last].end - runs_[first].begin <= kShortStretch)
            ++last;
        if (last - first < 2) {
            result.append(std::move(runs_[first++]));
            continue;
        }
        for (Run& run : detected_runs(written(*this, runs_[first].begin, runs_[last - 1].end), {}))
            result.append(std::move(run));
        first = last;
    }
    return result;
}

Bound constant_bound(int64_t length, int64_t value) {
    Bound result;
    result.append(constant_run(0, length, value));
    return result;
}

Bound line(int64_t length, int64_t first, int64_t slope) {
    Bound result;
    result.append({0, length, {first}, {length > 1 ? slope : 0}});
    return result;
}

Bound detected(const std::vector<int64_t>& table, const std::vector<int64_t>& hints) {
    Bound result;
    for (Run& run : detected_runs(table, hints))
        result.append(std::move(run));
    return result;
}

std::vector<int64_t> written(const Bound& bound, int64_t begin, int64_t end) {
    std::vector<int64_t> table;
    table.reserve(index(end - begin));
    for (int64_t at = begin; at < end;) {
        const Run& run = bound.runs()[bound.find(at)];
        const int64_t until = std::min(end, run.end);
        int64_t residue = (at - run.begin) % run.period(), turn = (at - run.begin) / run.period();
        for (; at < until; ++at) {
            const int64_t value = run.values[index(residue)];
            table.push_back(value == kNothing ? kNothing : value + turn * run.increments[index(residue)]);
            if (++residue == run.period()) {
                residue = 0;
                ++turn;
            }
        }
    }
    return table;
}

bool same(const Bound& f, const Bound& g) {
    return overlaid(f, g, [](const Run& x, const Run& y, int64_t begin, int64_t end) {
        const int64_t enough = std::min(end - begin, 2 * (x.period() + y.period()));
        for (int64_t k = 0; k < enough; ++k) {
            if (x.at(begin + k) != y.at(begin + k))
                return false;
        }
        return true;
    });
}

bool at_most(const Bound& f, const Bound& g) {
    return overlaid(f, g, [](const Run& x, const Run& y, int64_t begin, int64_t end) {
        const int64_t length = end - begin, period = common_period(x, y, length);
        if (period > kMostCompared)
            return false;                      // not looked at: the smaller one is kept beside the larger
        for (int64_t k = 0; k < period; ++k) { // two lines in each residue: the ends decide
            const int64_t last = begin + k + (length - 1 - k) / period * period;
            if (x.at(begin + k) > y.at(begin + k) || x.at(last) > y.at(last))
                return false;
        }
        return true;
    });
}

int64_t least_value(const Bound& f) {
    int64_t value = kNothing;
    for (const Run& run : f.runs()) {
        for (int64_t r = 0; r < run.period(); ++r)
            value = std::min({value, run.values[index(r)], run.last(r)});
    }
    return value;
}

int64_t largest_value(const Bound& f) {
    int64_t value = kLeast;
    for (const Run& run : f.runs()) {
        for (int64_t r = 0; r < run.period(); ++r) {
            if (run.values[index(r)] != kNothing)
                value = std::max({value, run.values[index(r)], run.last(r)});
        }
    }
    return value;
}

Bound moved(const Bound& f, int64_t offset) {
    Bound result;
    for (Run run : f.runs()) {
        for (int64_t& value : run.values)
            value = value == kNothing ? kNothing : add(value, offset);
        result.append(std::move(run));
    }
    return result;
}

} // namespace rfonnx
