#include "flat_runs.hpp"

namespace rfonnx {
namespace {

using End = Bound Column::*;

Bound end_of(const ColumnPtr& column, End end, int64_t length) {
    return column ? (*column).*end : constant_bound(length, kNothing);
}

/// f, so often end to end.
Bound end_to_end(const Bound& f, int64_t times) {
    Bound result;
    if (times > 1 && times > f.length() / f.cost()) { // stores less as one run
        if (f.length() > kMostValues)
            throw TooManyValues();
        std::vector<int64_t> values = written(f, 0, f.length());
        std::vector<int64_t> increments(values.size(), 0);
        result.append({0, f.length() * times, std::move(values), std::move(increments)});
        return result;
    }
    if (times > kMostParts)
        throw TooManyValues();
    for (int64_t k = 0; k < times; ++k)
        result.append(f);
    return result;
}

/// The group's axes before and behind `along`, as the term walks them.
struct Beside {
    const Term& term;
    const Shape& from;
    size_t begin, end;  // axes
    size_t first, last; // walks

    int64_t positions() const { return length_of(from, begin, end); }
    int64_t slots() const {
        int64_t count = 1;
        for (size_t walk = first; walk < last; ++walk)
            count *= term.walks[walk].slots;
        return count;
    }
    /// The slot of a flat position among these axes.
    int64_t slot(int64_t position) const {
        int64_t slot = 0, slots = 1;
        for (size_t axis = end, walk = last; axis-- > begin; position /= from[axis]) {
            if (walk == first || term.walks[walk - 1].axis != static_cast<int>(axis))
                continue;
            --walk;
            slot += term.walks[walk].slot(position % from[axis]) * slots;
            slots *= term.walks[walk].slots;
        }
        return slot;
    }
};

/// A term whose group is laid out flat as runs.
struct Flat {
    const Beside &before, &behind;
    int64_t length; // along

    /// `column_of(slot before, slot behind)` is what the walk shows there.
    template <typename ColumnOf>
    ColumnPtr operator()(ColumnOf column_of_slots) const {
        const auto flat = [&](End end) {
            const auto block = [&](int64_t slot) {
                return inner([&](int64_t inside) { return end_of(column_of_slots(slot, inside), end, length); });
            };
            return outer(block).simplified();
        };
        return column_of(flat(&Column::lo), flat(&Column::hi));
    }

private:
    template <typename BoundOf>
    Bound inner(BoundOf bound_of) const {
        const int64_t count = behind.positions();
        if (behind.slots() == 1)
            return repeated(bound_of(0), count);
        if (count > kMostParts)
            throw TooManyValues();
        std::vector<Bound> parts;
        for (int64_t position = 0; position < count; ++position)
            parts.push_back(bound_of(behind.slot(position)));
        return interleaved(parts, multiply(length, count));
    }
    template <typename BoundOf>
    Bound outer(BoundOf bound_of) const {
        const int64_t count = before.positions();
        if (before.slots() == 1)
            return end_to_end(bound_of(0), count);
        if (count > kMostParts)
            throw TooManyValues();
        std::vector<Bound> blocks;
        for (int64_t slot = 0; slot < before.slots(); ++slot)
            blocks.push_back(bound_of(slot));
        Bound result;
        for (int64_t position = 0; position < count; ++position)
            result.append(blocks[index(before.slot(position))]);
        return result;
    }
};

} // namespace

std::vector<ColumnPtr> flat_runs(const Term& term, const Shape& from, const Group& group, size_t first, size_t last) {
    const auto own = static_cast<size_t>(term.along->axis);
    size_t place = first;
    while (place < last && term.walks[place].axis < term.along->axis)
        ++place;
    const Beside before{term, from, group.from_begin, own, first, place};
    const Beside behind{term, from, own + 1, group.from_end, place, last};
    // The cells: those before the group, in it before `along`, in it behind, and behind the group.
    int64_t inner = 1;
    for (size_t walk = last; walk < term.walks.size(); ++walk)
        inner *= term.walks[walk].slots;
    const int64_t outer = term.cells() / (before.slots() * behind.slots() * inner);
    std::vector<ColumnPtr> flat;
    for (int64_t o = 0; o < outer; ++o) {
        for (int64_t i = 0; i < inner; ++i) {
            flat.push_back(Flat{before, behind, term.along->length}([&](int64_t slot, int64_t inside) {
                return term.columns[index(((o * before.slots() + slot) * behind.slots() + inside) * inner + i)];
            }));
        }
    }
    return flat;
}

} // namespace rfonnx
