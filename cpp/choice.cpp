#include "choice.hpp"

#include <algorithm>

namespace rfonnx {

/// From the lowest of one to the highest of another, or one alone.
int64_t largest_hull(const std::vector<Choice>& choices) {
    int64_t largest = 0;
    for (const Choice& a : choices) {
        largest = std::max(largest, a.largest());
        for (const Choice& b : choices) {
            if (&a != &b && !a.range().empty() && !b.range().empty())
                largest = std::max(largest, size_of({a.range().lo, b.range().hi}));
        }
    }
    return largest;
}

/// From the highest low end down: of each choice the interval that ends first, among those that do
/// not begin before it.
int64_t smallest_hull(const std::vector<Choice>& choices) {
    std::vector<const Choice*> needed;
    for (const Choice& choice : choices) {
        if (!choice.may_be_nothing())
            needed.push_back(&choice);
    }
    if (needed.size() == 1)
        return needed[0]->smallest();
    int64_t smallest = kMost;
    if (needed.empty()) { // one alone
        for (const Choice& choice : choices)
            smallest = choice.values().empty() ? smallest : std::min(smallest, choice.smallest());
        return smallest;
    }
    struct Entry {
        Interval value;
        size_t choice;
    };
    std::vector<Entry> entries;
    for (size_t k = 0; k < needed.size(); ++k) {
        for (const Interval value : needed[k]->values())
            entries.push_back({value, k});
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.value.lo > b.value.lo; });
    std::vector<int64_t> ends(needed.size(), kMost);
    for (const auto& [value, k] : entries) {
        ends[k] = std::min(ends[k], value.hi);
        const int64_t end = *std::max_element(ends.begin(), ends.end());
        if (end != kMost)
            smallest = std::min(smallest, size_of({value.lo, end}));
    }
    return smallest;
}

} // namespace rfonnx
