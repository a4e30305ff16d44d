#include "regroup_runs.hpp"

#include <algorithm>

#include "flat_runs.hpp"
#include "own_rules.hpp"

namespace rfonnx {
namespace {

/// Runs that are looked at to cut an axis, at most.
constexpr int64_t kMostLooks = int64_t{1} << 24;

} // namespace

std::optional<Term> regrouped_runs(const Term& term, Regrouping regrouping, size_t first, size_t last) {
    const auto& [from, to, group] = regrouping;
    const std::vector<ColumnPtr> flat = flat_runs(term, from, group, first, last);
    int64_t inner = 1; // cells of the walks behind the group
    for (size_t walk = last; walk < term.walks.size(); ++walk)
        inner *= term.walks[walk].slots;

    std::vector<Walk> merged(term.walks.begin() + static_cast<std::ptrdiff_t>(first),
                             term.walks.begin() + static_cast<std::ptrdiff_t>(last));
    merged.push_back(*term.along);
    Rule rule = flat_rule(merged, from, group);
    if (rule.period > length_of(from, group.from_begin, group.from_end))
        rule = {};
    rule = shortest_rule(rule, [&](Rule shorter) { return follow(shorter, flat); });
    std::vector<Walk> walks = cut_walks(to, group, rule);
    const auto turns_late = [](const Walk& walk) { return walk.period > kLongestTurn && walk.shift != 0; };
    if (walks.empty() || std::any_of(walks.begin(), walks.end(), turns_late))
        return {};
    const auto longest =
        std::max_element(walks.begin(), walks.end(), [](const Walk& a, const Walk& b) { return a.length < b.length; });
    Term result{{term.walks.begin(), term.walks.begin() + static_cast<std::ptrdiff_t>(first)}, {}};
    result.along = *longest;
    int64_t blocks = 1, apart = 1; // new positions before it, and from one of its positions to the next
    for (auto walk = walks.begin(); walk != walks.end(); ++walk)
        (walk < longest ? blocks : apart) *= walk == longest ? 1 : walk->length;
    walks.erase(longest);
    result.walks.insert(result.walks.end(), walks.begin(), walks.end());
    const size_t end = result.walks.size();
    result.walks.insert(result.walks.end(), term.walks.begin() + static_cast<std::ptrdiff_t>(last), term.walks.end());

    int64_t cost = 0, runs = 1;
    for (const ColumnPtr& column : flat)
        runs += column ? static_cast<int64_t>(column->lo.runs().size() + column->hi.runs().size()) : 0;
    if (blocks * apart > kMostParts || multiply(runs, blocks * apart) > kMostLooks)
        throw TooManyValues();
    for (int64_t o = 0; o < static_cast<int64_t>(flat.size()) / inner; ++o) {
        for (int64_t block = 0; block < blocks * apart; ++block) {
            const int64_t begin = block / apart * result.along->length * apart + block % apart;
            for (int64_t i = 0; i < inner; ++i) {
                const ColumnPtr& all = flat[index(o * inner + i)];
                const auto part = [&](const Bound& bound) {
                    Bound cut = gathered(bound, apart, begin, result.along->length);
                    cost += cut.cost();
                    if (cost > 2 * kLargestTable)
                        throw TooManyValues();
                    return cut;
                };
                result.columns.push_back(all ? column_of(part(all->lo), part(all->hi)) : nullptr);
            }
        }
    }
    find_own_rules(result, first, end);
    return result;
}

} // namespace rfonnx
