/// One end of the intervals along an axis, as runs: the lowest position that each output sees, or the highest one
/// negated, so that of several the least counts either way. docs/core.md has the algebra and its proofs.
#pragma once

#include <stdexcept>

#include "run.hpp"

namespace rfonnx {

/// Values that a bound may store.
constexpr int64_t kMostValues = int64_t{1} << 22;

/// Parts that runs are put together from, or cut into, one after the other, at most.
constexpr int64_t kMostParts = int64_t{1} << 12;

/// More values than a table may have: the caller widens, and says so.
struct TooManyValues : std::length_error {
    TooManyValues() : std::length_error("more values than a table may have") {}
};

/// Runs end to end from position 0 on, covering the axis.
class Bound {
public:
    const std::vector<Run>& runs() const { return runs_; }
    int64_t length() const { return runs_.empty() ? 0 : runs_.back().end; }
    int64_t at(int64_t position) const { return runs_[find(position)].at(position); }
    /// The run that holds a position.
    size_t find(int64_t position) const;
    /// Values that are stored, and what runs cost beside them.
    int64_t cost() const { return cost_; }

    /// Adds a run behind the last one, joined to it as far as they go on alike. Its `begin` is moved there.
    void append(Run run);
    void append(const Bound& bound);
    /// The same function in fewer runs, where short ones make a regular stretch together.
    Bound simplified() &&;

private:
    void push(Run run);
    void fold();
    bool replace(size_t first, int64_t period);

    std::vector<Run> runs_;
    int64_t cost_ = 0;
};

Bound constant_bound(int64_t length, int64_t value);
/// `first + slope*o`.
Bound line(int64_t length, int64_t first, int64_t slope);

/// The runs of a table: periods up to 64 are looked for, and those of `hints`. What follows none stays explicit.
Bound detected(const std::vector<int64_t>& table, const std::vector<int64_t>& hints);

/// The table of a bound's part [begin, end).
std::vector<int64_t> written(const Bound& bound, int64_t begin, int64_t end);

/// The same function, however it is cut into runs.
bool same(const Bound& f, const Bound& g);
/// f <= g everywhere; false as well where periods meet too seldom to look at all of it.
bool at_most(const Bound& f, const Bound& g);
/// The least value; `kNothing` where there is none.
int64_t least_value(const Bound& f);
/// The largest one that is not `kNothing`; `kLeast` where there is none.
int64_t largest_value(const Bound& f);
/// All values but `kNothing` moved.
Bound moved(const Bound& f, int64_t offset);

/// min(f, g), position by position.
Bound least(const Bound& f, const Bound& g);
/// o -> f(scale*o + offset) for o in [0, length); `kNothing` where that lies outside of f.
Bound gathered(const Bound& f, int64_t scale, int64_t offset, int64_t length);
/// o -> least f(scale*o + offset + t*dilation), 0 <= t < kernel; what lies outside of f is passed over.
Bound window(const Bound& f, int64_t kernel, int64_t dilation, int64_t scale, int64_t offset, int64_t length);
/// o -> f(o / times).
Bound repeated(const Bound& f, int64_t times);
/// o -> parts[o % k](o / k) for the k parts, o in [0, length); each part has `length / k` positions, rounded up.
Bound interleaved(const std::vector<Bound>& parts, int64_t length);

} // namespace rfonnx
