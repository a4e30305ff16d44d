#include "detection.hpp"

#include <algorithm>
#include <numeric>

#include "interval.hpp"

namespace rfonnx {
namespace {

/// Longest period that is looked for unasked.
constexpr int64_t kLongestPeriod = 64;
/// Where so many entries followed no rule, the next one is not looked at, but the second; of twice as many the third.
constexpr int64_t kLooseTable = 256;

class Detection {
public:
    Detection(const std::vector<int64_t>& table, const std::vector<int64_t>& hints) : table_(table) {
        periods_.resize(kLongestPeriod);
        std::iota(periods_.begin(), periods_.end(), 1);
        for (const int64_t hint : hints) {
            if (hint > kLongestPeriod && std::find(periods_.begin(), periods_.end(), hint) == periods_.end())
                periods_.push_back(hint);
        }
    }

    /// Explicit entries are gathered until something regular comes.
    std::vector<Run> runs() {
        const auto size = static_cast<int64_t>(table_.size());
        for (int64_t at = 0, next = 0; at < size;) {
            const Run run = at < next ? Run{} : regular(at);
            if (run.values.empty()) {
                next = at < next ? next : at + 1 + static_cast<int64_t>(loose_.size()) / kLooseTable;
                loose_.push_back(table_[index(at++)]);
                continue;
            }
            close(at);
            runs_.push_back(run);
            at = run.end;
        }
        close(size);
        return std::move(runs_);
    }

private:
    /// From the turn before to this one; `kNothing` where only one of both is nothing.
    int64_t step(int64_t at, int64_t period) const {
        const int64_t before = table_[index(at - period)], here = table_[index(at)];
        if (before == kNothing || here == kNothing)
            return before == here ? 0 : kNothing;
        return subtract(here, before);
    }
    bool goes_on(int64_t at, int64_t period) const {
        const int64_t last = step(at - period, period);
        return last != kNothing && last == step(at, period);
    }
    /// The run of the smallest period that begins here and saves more than it costs; else one without values.
    Run regular(int64_t at) const {
        const auto size = static_cast<int64_t>(table_.size());
        for (const int64_t period : periods_) {
            if (at + 2 * period > size)
                continue;
            int64_t end = at + 2 * period;
            while (end < size && goes_on(end, period))
                ++end;
            if (end - at < std::max(3 * period, period + 8))
                continue;
            Run run{at, end, {table_.begin() + at, table_.begin() + at + period}, {}};
            for (int64_t r = at; r < at + period; ++r)
                run.increments.push_back(step(r + period, period));
            return run;
        }
        return {};
    }
    void close(int64_t end) {
        const int64_t begin = end - static_cast<int64_t>(loose_.size());
        if (!loose_.empty())
            runs_.push_back(explicit_run(begin, std::move(loose_)));
        loose_.clear();
    }

    const std::vector<int64_t>& table_;
    std::vector<int64_t> periods_, loose_;
    std::vector<Run> runs_;
};

} // namespace

std::vector<Run> detected_runs(const std::vector<int64_t>& table, const std::vector<int64_t>& hints) {
    return Detection(table, hints).runs();
}

} // namespace rfonnx
