#include "compress.hpp"

#include <map>
#include <tuple>

namespace rfonnx {
namespace {

/// Slices of the table along one walk, as something to compare.
struct Slices {
    const Term& term;
    size_t walk;
    int64_t inner = term.inner(walk), slots = term.walks[walk].slots;
    int64_t outer = term.outer(walk);

    bool equal(int64_t a, int64_t b) const {
        for (int64_t o = 0; o < outer; ++o) {
            const auto row = term.table.begin() + o * slots * inner;
            if (!std::equal(row + a * inner, row + (a + 1) * inner, row + b * inner))
                return false;
        }
        return true;
    }
    uint64_t hash(int64_t slot) const {
        uint64_t value = 1469598103934665603ULL; // FNV-1a
        for (int64_t o = 0; o < outer; ++o) {
            for (int64_t i = 0; i < inner; ++i) {
                const Interval& entry = term.table[index((o * slots + slot) * inner + i)];
                for (int64_t end : {entry.lo, entry.hi})
                    value = (value ^ static_cast<uint64_t>(end)) * 1099511628211ULL;
            }
        }
        return value;
    }
};

/// The term with only the given slots along a walk, renamed in that order.
Term with_slots(const Term& term, size_t walk, const std::vector<int64_t>& kept) {
    const Slices slices{term, walk};
    Term result{term.walks, {}};
    result.table.reserve(index(slices.outer * slices.inner) * kept.size());
    for (int64_t o = 0; o < slices.outer; ++o) {
        for (int64_t slot : kept) {
            const auto row = term.table.begin() + (o * slices.slots + slot) * slices.inner;
            result.table.insert(result.table.end(), row, row + slices.inner);
        }
    }
    result.walks[walk].slots = static_cast<int64_t>(kept.size());
    return result;
}

/// Gives equal slices one slot. The walk becomes one by classes, unless nothing is equal.
Term deduplicated(const Term& term, size_t walk) {
    const Slices slices{term, walk};
    std::multimap<uint64_t, int32_t> seen;
    std::vector<int64_t> kept;
    std::vector<int32_t> renamed;
    for (int64_t slot = 0; slot < slices.slots; ++slot) {
        const uint64_t hash = slices.hash(slot);
        int32_t name = -1;
        for (auto [place, end] = seen.equal_range(hash); place != end && name < 0; ++place) {
            if (slices.equal(kept[index(place->second)], slot))
                name = place->second;
        }
        if (name < 0) {
            name = static_cast<int32_t>(kept.size());
            seen.emplace(hash, name);
            kept.push_back(slot);
        }
        renamed.push_back(name);
    }
    if (static_cast<int64_t>(kept.size()) == slices.slots)
        return term;
    Term result = with_slots(term, walk, kept);
    Walk& own = result.walks[walk];
    auto classes = std::make_shared<Classes>();
    const Walk& old = term.walks[walk];
    for (int64_t position = 0, last = 0; position < own.length; position = last + 1) {
        last = old.last_alike(position);
        classes->append(renamed[index(old.slot(position))], last - position + 1);
    }
    own.classes = classes;
    return result;
}

bool constant_along(const Term& term, size_t walk) {
    const Slices slices{term, walk};
    for (int64_t slot = 1; slot < slices.slots; ++slot) {
        if (!slices.equal(0, slot))
            return false;
    }
    return true;
}

/// Positions in an interval; as a floating point number, since a sum of them may exceed 64 bits.
double extent_of(Interval value) {
    return value.empty() ? 0 : static_cast<double>(value.hi) - static_cast<double>(value.lo) + 1;
}

/// How much larger the intervals get when the hull is taken along a walk.
double cost_of_widening(const Term& term, size_t walk) {
    const Term wide = without_walk(term, walk);
    const Slices slices{term, walk};
    double cost = 0;
    for (int64_t o = 0; o < slices.outer; ++o) {
        for (int64_t s = 0; s < slices.slots; ++s) {
            for (int64_t i = 0; i < slices.inner; ++i) {
                cost += extent_of(wide.table[index(o * slices.inner + i)]);
                cost -= extent_of(term.table[index((o * slices.slots + s) * slices.inner + i)]);
            }
        }
    }
    return cost;
}

} // namespace

Term without_walk(const Term& term, size_t walk) {
    const Slices slices{term, walk};
    Term result{term.walks, {}};
    result.walks.erase(result.walks.begin() + static_cast<std::ptrdiff_t>(walk));
    result.table.assign(index(slices.outer * slices.inner), kEmpty);
    for (int64_t o = 0; o < slices.outer; ++o) {
        for (int64_t s = 0; s < slices.slots; ++s) {
            const Interval* row = term.table.data() + (o * slices.slots + s) * slices.inner;
            Interval* into = result.table.data() + o * slices.inner;
            for (int64_t i = 0; i < slices.inner; ++i)
                into[i] = hull(into[i], row[i]);
        }
    }
    return result;
}

size_t cheapest_walk(const Term& term) {
    size_t cheapest = 0;
    double least = std::numeric_limits<double>::infinity();
    for (size_t walk = 0; walk < term.walks.size(); ++walk) {
        const double cost = cost_of_widening(term, walk);
        if (cost < least)
            std::tie(cheapest, least) = std::make_tuple(walk, cost);
    }
    return cheapest;
}

Term compressed(Term term) {
    for (size_t walk = term.walks.size(); walk-- > 0;) {
        if (term.walks[walk].length == 1)
            continue; // walks on: its rule says where a second position would look
        if (constant_along(term, walk)) {
            term = without_walk(term, walk);
        } else if (term.walks[walk].period == 0 || term.walks[walk].classes) {
            term = deduplicated(term, walk);
        }
    }
    return term;
}

} // namespace rfonnx
