#include "run.hpp"

#include <algorithm>

#include "interval.hpp"

namespace rfonnx {

int64_t Run::by_rule(int64_t offset) const {
    const int64_t residue = floor_modulo(offset, period()), turn = floor_divide(offset, period());
    const int64_t value = values[index(residue)];
    return value == kNothing ? kNothing : add(value, multiply(increments[index(residue)], turn));
}

int64_t Run::last(int64_t residue) const {
    const int64_t value = values[index(residue)];
    return value == kNothing ? kNothing : add(value, multiply(increments[index(residue)], turns(residue) - 1));
}

Run constant_run(int64_t begin, int64_t end, int64_t value) {
    return {begin, end, {value}, {0}};
}

Run explicit_run(int64_t begin, std::vector<int64_t> values) {
    const auto length = static_cast<int64_t>(values.size());
    std::vector<int64_t> increments(values.size(), 0);
    return {begin, begin + length, std::move(values), std::move(increments)};
}

Run cut(const Run& run, int64_t begin, int64_t end) {
    return cut(run, begin, end, run.period());
}

Run cut(const Run& run, int64_t begin, int64_t end, int64_t period) {
    Run result{begin, end, {}, {}};
    const int64_t count = std::min(period, end - begin), turns = period / run.period();
    for (int64_t k = 0; k < count; ++k) {
        const int64_t value = run.at(begin + k);
        const bool again = value != kNothing && begin + k + period < end;
        result.values.push_back(value);
        result.increments.push_back(
            again ? multiply(run.increments[index((begin + k - run.begin) % run.period())], turns) : 0);
    }
    return result;
}

namespace {

/// True when the run says the same with a period that divides its own.
bool has_period(const Run& run, int64_t period) {
    const int64_t parts = run.period() / period;
    const auto step = [&](int64_t r) { // from a residue of the small period to its next turn
        return run.values[index(r)] == kNothing ? 0 : subtract(run.after(r + period), run.values[index(r)]);
    };
    for (int64_t r = 0; r < period; ++r) {
        if (r + period >= run.length())
            continue;
        const int64_t value = run.values[index(r)];
        if (value == kNothing) {
            for (int64_t k = 1; k < parts; ++k) {
                if (r + k * period < run.length() && run.values[index(r + k * period)] != kNothing)
                    return false;
            }
            continue;
        }
        if (run.after(r + period) == kNothing)
            return false;
        const int64_t increment = step(r);
        for (int64_t k = 0; k < parts; ++k) {
            const int64_t place = r + k * period;
            const int64_t here = run.values[index(place)];
            if (here == kNothing || here != add(value, multiply(increment, k)))
                return false;
            if (place + run.period() < run.length() && run.increments[index(place)] != multiply(increment, parts))
                return false;
        }
    }
    return true;
}

constexpr int kMostDivisors = 64;
/// Longest period that is taken for one though it comes only twice: any two turns are lines, so a longer one says
/// nothing of what comes, stores as much, and hides that a table is one.
constexpr int64_t kLongestOfTwo = 64;

} // namespace

Run shortest(Run run) {
    int tried = 0;
    for (int64_t period = 1; 2 * period <= run.period() && tried < kMostDivisors; ++period) {
        if (run.period() % period != 0 || (2 * period == run.length() && period > kLongestOfTwo))
            continue;
        ++tried;
        if (!has_period(run, period))
            continue;
        Run result{run.begin, run.end, {}, {}};
        for (int64_t r = 0; r < period; ++r) {
            const int64_t value = run.values[index(r)];
            const bool again = value != kNothing && r + period < run.length();
            result.values.push_back(value);
            result.increments.push_back(again ? subtract(run.after(r + period), value) : 0);
        }
        return result;
    }
    return run;
}

int64_t continued(const Run& run, const Run& next) {
    const int64_t enough = std::min(next.length(), 2 * (run.period() + next.period()));
    for (int64_t k = 0; k < enough; ++k) {
        if (run.after(run.length() + k) != next.after(k))
            return k;
    }
    return next.length();
}

int64_t continued_back(const Run& run, const Run& next) {
    const int64_t enough = std::min(run.length(), 2 * (run.period() + next.period()));
    for (int64_t k = 1; k <= enough; ++k) {
        if (run.after(run.length() - k) != next.after(-k))
            return k - 1;
    }
    return run.length();
}

} // namespace rfonnx
