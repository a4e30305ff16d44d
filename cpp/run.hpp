/// One stretch of a function of positions that goes on regularly: docs/core.md has the algebra.
#pragma once

#include <cstdint>
#include <vector>

#include "arithmetic.hpp"

namespace rfonnx {

/// The value where nothing is read: larger than every position, so that the least of several values passes it over.
constexpr int64_t kNothing = kMost;

/// `f(begin + r + q*period) = values[r] + q*increments[r]` on `[begin, end)`. An increment is 0 where the value is
/// `kNothing`, and where the residue r comes only once. Values of the run 3..9, period 2: 3, 10, 4, 11, 5, 12, 6.
struct Run {
    int64_t begin, end;
    std::vector<int64_t> values, increments; // one or more of each, at most end - begin

    int64_t period() const { return static_cast<int64_t>(values.size()); }
    int64_t length() const { return end - begin; }
    /// How often residue r comes.
    int64_t turns(int64_t residue) const { return (end - begin - residue - 1) / period() + 1; }
    int64_t at(int64_t position) const { return after(position - begin); }
    /// The value so many positions behind the beginning, on or beyond the ends by the rule.
    int64_t after(int64_t offset) const {
        const bool first_turn = offset >= 0 && offset < period(); // all of an explicit run, and no division
        return first_turn ? values[static_cast<size_t>(offset)] : by_rule(offset);
    }
    /// The value of a residue in the last of its turns.
    int64_t last(int64_t residue) const;

private:
    int64_t by_rule(int64_t offset) const;
};

/// One value all along.
Run constant_run(int64_t begin, int64_t end, int64_t value);

/// Values one by one.
Run explicit_run(int64_t begin, std::vector<int64_t> values);

/// The part `[begin, end)` of a run.
Run cut(const Run& run, int64_t begin, int64_t end);
/// The same with a period that is a multiple of its own, or shorter as the part is.
Run cut(const Run& run, int64_t begin, int64_t end, int64_t period);

/// The same values with the smallest period that shows them. At most 64 divisors are tried.
Run shortest(Run run);

/// How many entries of `next`, which begins where `run` ends, go on as `run` does; all of them when so many do that the
/// rest must. (Two runs of periods p and q follow one recurrence of order 2(p + q), which so many entries fix.)
int64_t continued(const Run& run, const Run& next);

/// The same backwards: how many of the last entries of `run` are what `next` says before its beginning.
int64_t continued_back(const Run& run, const Run& next);

} // namespace rfonnx
