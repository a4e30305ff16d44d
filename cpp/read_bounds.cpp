#include "read_bounds.hpp"

#include <algorithm>

#include "interval.hpp"
#include "overlay.hpp"

namespace rfonnx {
namespace {

/// Outputs that are looked up one by one, below which no window is made for them.
constexpr int64_t kFew = 8;

/// As many positions as finding a run takes.
constexpr int64_t kPriceOfRun = 8;

/// Positions that may still be looked at for the outputs of a step that are looked up one by one.
class Room {
public:
    void take(int64_t count) {
        left_ -= count;
        if (left_ < 0)
            throw TooManyValues();
    }

private:
    int64_t left_ = kMostLookedUp;
};

int64_t least_of_reads(const Bound& f, Progression reads, Room& room) {
    reads = clipped(reads, f.length());
    if (reads.empty())
        return kNothing;
    if (reads.count() == 1)
        return f.at(reads.first);
    int64_t value = kNothing;
    size_t place = f.find(reads.first);
    for (int64_t at = reads.first; at <= reads.last;) {
        const Run& run = f.runs()[place];
        const int64_t last = std::min(reads.last, at + (run.end - 1 - at) / reads.step * reads.step);
        // The residues come around after so many reads; in each the ends decide.
        const int64_t apart = run.period() / std::gcd(run.period(), reads.step);
        const int64_t count = std::min(apart, (last - at) / reads.step + 1);
        room.take(kPriceOfRun + count);
        for (int64_t k = 0; k < count; ++k)
            value = std::min({value, run.at(at + k * reads.step), run.at(last - k * reads.step)});
        at = last + reads.step;
        if (at <= reads.last && f.runs()[++place].end <= at)
            place = f.find(at);
    }
    return value;
}

/// What outputs [begin, end) read of f, one by one, of which x has the first and y the last position.
Bound looked_up(const Bound& f, const Run& x, const Run& y, int64_t begin, int64_t end, int64_t step, Room& room) {
    std::vector<int64_t> values;
    values.reserve(index(end - begin));
    for (int64_t o = begin; o < end; ++o) {
        const int64_t first = x.at(o), last = y.at(o);
        values.push_back(first == kNothing ? kNothing
                                           : least_of_reads(f, {first, last - (last - first) % step, step}, room));
    }
    return detected(values, {});
}

/// The outputs `begin + r + t*period` below `end`, which read `first + t*ahead .. last + t*behind`.
struct Residue {
    int64_t first, last, ahead, behind, turns;
};

/// Ranges that grow or shrink by each turn, one position after the other: of those with 2^j positions at least, and not
/// twice as many, two windows of 2^j hold all.
Bound growing(const Bound& f, Residue reads, int64_t step) {
    const int64_t more = reads.behind - reads.ahead;
    if (more < 0) { // backwards they grow
        const int64_t last = reads.turns - 1;
        const Residue turned{add(reads.first, multiply(reads.ahead, last)),
                             add(reads.last, multiply(reads.behind, last)), -reads.ahead, -reads.behind, reads.turns};
        return gathered(growing(f, turned, step), -1, last, reads.turns);
    }
    Bound result;
    for (int64_t turn = 0; turn < reads.turns;) {
        const int64_t first = add(reads.first, multiply(reads.ahead, turn));
        const int64_t last = add(reads.last, multiply(reads.behind, turn));
        const int64_t count = (last - first) / step + 1;
        int64_t width = 1;
        while (width <= count / 2)
            width *= 2;
        // The first turn that has twice the width; all before it have less.
        const int64_t wanted = (2 * width - 1) * step;
        const int64_t until =
            std::min(reads.turns, turn + std::max<int64_t>(1, (wanted - (last - first) + more - 1) / more));
        const Bound head = window(f, width, step, reads.ahead, first, until - turn);
        const Bound tail = window(f, width, step, reads.behind, last - (width - 1) * step, until - turn);
        result.append(least(head, tail));
        turn = until;
    }
    return result;
}

/// The outputs of one residue. Positions outside of f are left out of the ranges first where these grow, so that
/// widths stay within it.
Bound of_residue(const Bound& f, Residue reads, int64_t step, Room& room) {
    if (reads.first == kNothing)
        return constant_bound(reads.turns, kNothing);
    if (reads.turns > kFew) {
        if (reads.ahead == reads.behind)
            return window(f, (reads.last - reads.first) / step + 1, step, reads.ahead, reads.first, reads.turns);
        if (reads.ahead % step == 0 && reads.behind % step == 0) {
            reads.last -= (reads.last - reads.first) % step;
            return growing(f, reads, step);
        }
    }
    if (reads.turns > kMostValues)
        throw TooManyValues();
    std::vector<int64_t> values;
    for (int64_t t = 0; t < reads.turns; ++t) {
        const int64_t first = add(reads.first, multiply(reads.ahead, t)),
                      last = add(reads.last, multiply(reads.behind, t));
        values.push_back(least_of_reads(
            f, last < first ? kReadsNothing : Progression{first, last - (last - first) % step, step}, room));
    }
    return detected(values, {});
}

/// The turn at which `last < first` begins or ends, of so many; 0 where it does neither.
int64_t turn_of_emptiness(const Run& first, const Run& last, int64_t position, int64_t period, int64_t turns) {
    const auto width = [&](int64_t turn) {
        return subtract(last.at(position + turn * period), first.at(position + turn * period));
    };
    const int64_t begin = width(0), end = width(turns - 1);
    if ((begin < 0) == (end < 0))
        return 0;
    const int64_t step = (end - begin) / (turns - 1);
    return begin < 0 ? -floor_divide(begin, step) : begin / -step + 1;
}

/// Runs of first and of last positions with nothing in both where the last one is below the first: in each residue of a
/// stretch two lines, which cross once at most.
ReadBounds told(const Bound& firsts, const Bound& lasts, int64_t step) {
    ReadBounds result{{}, {}, step};
    overlaid(firsts, lasts, [&](const Run& x, const Run& y, int64_t begin, int64_t end) {
        const int64_t period = common_period(x, y, end - begin);
        if (period > kMostValues)
            throw TooManyValues();
        std::vector<int64_t> cuts{begin};
        for (int64_t r = 0; r < period; ++r) {
            const int64_t turns = (end - begin - r - 1) / period + 1;
            cuts.push_back(begin + turn_of_emptiness(x, y, begin + r, period, turns) * period);
        }
        std::sort(cuts.begin(), cuts.end());
        cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
        for (size_t k = 0; k < cuts.size(); ++k) {
            const int64_t until = k + 1 < cuts.size() ? cuts[k + 1] : end;
            Run first = cut(x, cuts[k], until, period), last = cut(y, cuts[k], until, period);
            for (size_t r = 0; r < first.values.size(); ++r) {
                if (last.values[r] < first.values[r]) {
                    first.values[r] = last.values[r] = kNothing;
                    first.increments[r] = last.increments[r] = 0;
                }
            }
            result.first.append(std::move(first));
            result.last.append(std::move(last));
        }
        return true;
    });
    return result;
}

} // namespace

ReadBounds bounds_of(const AxisReads& reads, bool free) {
    if (reads.in_runs(free))
        return told(reads.firsts(free).runs(), reads.lasts(free).runs(), reads.step());
    const int64_t length = reads.length();
    const bool regular = !reads.is_select();
    const int64_t period = regular ? std::min(reads.period(), length) : length;
    if (period > kMostValues)
        throw TooManyValues();
    std::vector<int64_t> first, last;
    first.reserve(index(period));
    last.reserve(index(period));
    int64_t step = 1;
    for (int64_t o = 0; o < period; ++o) {
        const Progression read = free || regular ? reads.free(o) : reads.real(o, kMost);
        first.push_back(read.empty() ? kNothing : read.first);
        last.push_back(read.empty() ? kNothing : read.last);
        step = read.empty() ? step : read.step;
    }
    if (!regular)
        return {detected(first, {reads.period()}), detected(last, {reads.period()}), step};
    std::vector<int64_t> shifts;
    for (int64_t o = 0; o < period; ++o)
        shifts.push_back(first[index(o)] == kNothing || o + period >= length ? 0 : reads.shift());
    ReadBounds result{{}, {}, step};
    if (length > 0) {
        result.first.append({0, length, std::move(first), shifts});
        result.last.append({0, length, std::move(last), std::move(shifts)});
    }
    return result;
}

Bound slid(const Bound& f, const ReadBounds& reads) {
    Bound result;
    Room room;
    overlaid(reads.first, reads.last, [&](const Run& x, const Run& y, int64_t begin, int64_t end) {
        const int64_t length = end - begin, period = common_period(x, y, length);
        if (period > kMostValues)
            throw TooManyValues();
        const int64_t rounds = (length + period - 1) / period;
        if (rounds == 1) {
            result.append(looked_up(f, x, y, begin, end, reads.step, room));
            return true;
        }
        std::vector<Bound> parts;
        for (int64_t r = 0; r < period; ++r) {
            const auto per_turn = [&](const Run& run) {
                const int64_t here = (begin + r - run.begin) % run.period();
                return begin + r + period < end ? multiply(run.increments[index(here)], period / run.period()) : 0;
            };
            const Residue residue{x.at(begin + r), y.at(begin + r), per_turn(x), per_turn(y), rounds};
            parts.push_back(of_residue(f, residue, reads.step, room));
        }
        result.append(interleaved(parts, length));
        return true;
    });
    return std::move(result).simplified();
}

} // namespace rfonnx
