#include "compress.hpp"

#include <algorithm>
#include <tuple>

#include "cells.hpp"
#include "lay.hpp"

namespace rfonnx {
namespace {

/// Slices of the table along one walk, as something to compare.
struct Slices {
    const Term& term;
    size_t walk;
    int64_t inner = term.inner(walk), slots = term.walks[walk].slots;
    int64_t outer = term.outer(walk);

    bool equal(int64_t a, int64_t b) const {
        return with_cells(term, [&](const auto& cells) {
            for (int64_t o = 0; o < outer; ++o) {
                const auto row = cells.begin() + o * slots * inner;
                if (!std::equal(row + a * inner, row + (a + 1) * inner, row + b * inner,
                                [](const auto& x, const auto& y) { return same(x, y); }))
                    return false;
            }
            return true;
        });
    }
    uint64_t hash(int64_t slot) const {
        return with_cells(term, [&](const auto& cells) {
            uint64_t value = 1469598103934665603ULL; // FNV-1a
            for (int64_t o = 0; o < outer; ++o) {
                for (int64_t i = 0; i < inner; ++i)
                    value = (value ^ hash_of(cells[index((o * slots + slot) * inner + i)])) * 1099511628211ULL;
            }
            return value;
        });
    }
};

/// The term with only the given slots along a walk, renamed in that order.
Term with_slots(const Term& term, size_t walk, const std::vector<int64_t>& kept) {
    const Slices slices{term, walk};
    Term result = same_walks_as(term);
    with_cells(term, [&](const auto& cells) {
        auto& made = like(result, cells);
        made.reserve(index(slices.outer * slices.inner) * kept.size());
        for (int64_t o = 0; o < slices.outer; ++o) {
            for (int64_t slot : kept) {
                const auto row = cells.begin() + (o * slices.slots + slot) * slices.inner;
                made.insert(made.end(), row, row + slices.inner);
            }
        }
    });
    result.walks[walk].slots = static_cast<int64_t>(kept.size());
    return result;
}

/// By slot, the first one whose slice is the same.
std::vector<int64_t> first_equal(const Slices& slices) {
    std::vector<std::pair<uint64_t, int64_t>> order;
    for (int64_t slot = 0; slot < slices.slots; ++slot)
        order.emplace_back(slices.hash(slot), slot);
    std::sort(order.begin(), order.end());
    std::vector<int64_t> result(order.size()), different; // of those with the hash at hand, one of each
    for (size_t k = 0; k < order.size(); ++k) {
        const auto [hash, slot] = order[k];
        if (k > 0 && order[k - 1].first != hash)
            different.clear();
        const auto same = std::find_if(different.begin(), different.end(),
                                       [&, slot = slot](int64_t other) { return slices.equal(other, slot); });
        result[index(slot)] = same == different.end() ? slot : *same;
        if (same == different.end())
            different.push_back(slot);
    }
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
    const auto cell_of = [](const Term& some, int64_t cell) {
        return with_cells(some, [&](const auto& cells) { return extent_of(range_of(cells[index(cell)])); });
    };
    double cost = 0;
    for (int64_t o = 0; o < slices.outer; ++o) {
        for (int64_t s = 0; s < slices.slots; ++s) {
            for (int64_t i = 0; i < slices.inner; ++i) {
                cost += cell_of(wide, o * slices.inner + i);
                cost -= cell_of(term, (o * slices.slots + s) * slices.inner + i);
            }
        }
    }
    return cost;
}

} // namespace

Term deduplicated(const Term& term, size_t walk) {
    const std::vector<int64_t> first = first_equal({term, walk});
    std::vector<int64_t> kept, renamed(first.size());
    for (size_t slot = 0; slot < first.size(); ++slot) {
        const bool own = first[slot] == static_cast<int64_t>(slot);
        renamed[slot] = own ? static_cast<int64_t>(kept.size()) : renamed[index(first[slot])];
        if (own)
            kept.push_back(first[slot]);
    }
    if (kept.size() == first.size())
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

bool some_alike(const std::vector<ColumnPtr>& columns, int64_t length) {
    constexpr int64_t looked_at = 4096;
    const int64_t end = std::min(length, looked_at);
    std::vector<std::vector<Interval>> slices(index(end));
    for (const ColumnPtr& column : columns) {
        const std::vector<Interval> table = written(column, 0, end);
        for (size_t position = 0; position < table.size(); ++position)
            slices[position].push_back(table[position]);
    }
    const auto before = [](const std::vector<Interval>& a, const std::vector<Interval>& b) {
        return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](Interval x, Interval y) {
            return std::tie(x.lo, x.hi) < std::tie(y.lo, y.hi);
        });
    };
    std::sort(slices.begin(), slices.end(), before);
    return std::adjacent_find(slices.begin(), slices.end()) != slices.end();
}

Term without_walk(const Term& term, size_t walk) {
    const Slices slices{term, walk};
    Term result = same_walks_as(term);
    result.walks.erase(result.walks.begin() + static_cast<std::ptrdiff_t>(walk));
    with_cells(term, [&](const auto& cells) {
        using Cell = typename std::decay_t<decltype(cells)>::value_type;
        auto& made = like(result, cells);
        made.assign(index(slices.outer * slices.inner), nothing<Cell>());
        for (int64_t o = 0; o < slices.outer; ++o) {
            for (int64_t s = 0; s < slices.slots; ++s) {
                const Cell* row = cells.data() + (o * slices.slots + s) * slices.inner;
                Cell* into = made.data() + o * slices.inner;
                for (int64_t i = 0; i < slices.inner; ++i)
                    into[i] = hull(into[i], row[i]);
            }
        }
    });
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
    if (term.along && term.along->length > 1 &&
        std::all_of(term.columns.begin(), term.columns.end(),
                    [](const ColumnPtr& column) { return is_constant(column); }))
        term = without_along(term);
    if (term.along && term.along->period == 0 && !term.along->some_alike)
        term.along->some_alike = some_alike(term.columns, term.along->length);
    return term;
}

} // namespace rfonnx
