#include "sweep.hpp"

#include "overlay.hpp"
#include "read_bounds.hpp"
#include "term.hpp"

namespace rfonnx {
namespace {

std::vector<Sweep> sweeps_of_runs(const AxisReads& reads, bool free) {
    std::vector<Sweep> sweeps;
    const ReadBounds bounds = bounds_of(reads, free);
    overlaid(bounds.first, bounds.last, [&](const Run& first, const Run& last, int64_t begin, int64_t end) {
        const bool even = first.period() == 1 && last.period() == 1;
        const bool nothing = even && first.values[0] == kNothing;
        const bool together = nothing || (even && first.increments[0] == 1 && last.increments[0] == 1);
        for (int64_t o = begin; o < end; o = sweeps.back().last + 1) {
            if (static_cast<int64_t>(sweeps.size()) >= kLargestTable)
                throw TooManyValues();
            sweeps.push_back({o, together ? end - 1 : o, free ? reads.free(o) : reads.unclipped(o)});
        }
        return true;
    });
    return sweeps;
}

} // namespace

std::vector<Sweep> sweeps_of(const AxisReads& reads, bool free) {
    const int64_t length = reads.length();
    if (length == 0)
        return {};
    if (!reads.is_select() && reads.period() == 1 && reads.shift() == 1)
        return {{0, length - 1, reads.free(0)}};
    if (reads.in_runs(free))
        return sweeps_of_runs(reads, free);
    std::vector<Sweep> sweeps;
    for (int64_t o = 0; o < length; ++o) {
        if (o > 0 && reads.moves_on(o, free))
            sweeps.back().last = o;
        else
            sweeps.push_back({o, o, free ? reads.free(o) : reads.unclipped(o)});
    }
    return sweeps;
}

} // namespace rfonnx
