#include "steady_reads.hpp"

#include <algorithm>
#include <numeric>
#include <optional>

namespace rfonnx {
namespace {

/// Outputs after which a select by runs may come around.
constexpr int64_t kMostTurned = 4096;

int64_t increment(const Run& run, int64_t output, int64_t period) {
    return multiply(run.increments[index((output - run.begin) % run.period())], period / run.period());
}

/// The rule of outputs [begin, end) that lie within one run of each table.
Steady ruled(const AxisReads& reads, const std::vector<const Run*>& runs, int64_t begin, int64_t end) {
    int64_t period = 1;
    for (const Run* run : runs)
        period = period > kMostTurned ? period : std::lcm(period, run->period());
    if (period > kMostTurned || period > end - begin)
        return {begin, end, 0, 0};
    std::optional<int64_t> shift;
    for (int64_t output = begin; output < begin + period; ++output) {
        const int64_t first = increment(*runs[0], output, period), last = increment(*runs[1], output, period);
        const int64_t free_first = increment(*runs[2], output, period), free_last = increment(*runs[3], output, period);
        if (first != last || free_first != free_last)
            return {begin, end, 0, 0};
        if (reads.unclipped(output).empty())
            continue;
        if (shift && *shift != first)
            return {begin, end, 0, 0};
        shift = first;
    }
    return {begin, end, period, shift.value_or(0)};
}

} // namespace

std::vector<Steady> steady_parts(const AxisReads& reads, int64_t begin, int64_t end) {
    if (!reads.is_select())
        return {{begin, end, reads.period(), reads.shift()}};
    if (!reads.in_runs(false) || !reads.in_runs(true))
        return {{begin, end, 0, 0}};
    const std::vector<const Bound*> tables{&reads.firsts(false).runs(), &reads.lasts(false).runs(),
                                           &reads.firsts(true).runs(), &reads.lasts(true).runs()};
    std::vector<Steady> result;
    while (begin < end) {
        int64_t next = end;
        std::vector<const Run*> runs;
        for (const Bound* table : tables) {
            runs.push_back(&table->runs()[table->find(begin)]);
            next = std::min(next, runs.back()->end);
        }
        result.push_back(ruled(reads, runs, begin, next));
        begin = next;
    }
    return result;
}

} // namespace rfonnx
