#include "band.hpp"

#include <algorithm>

#include "cells.hpp"
#include "compress.hpp"
#include "lay.hpp"
#include "read_bounds.hpp"
#include "row_major.hpp"
#include "slide.hpp"

namespace rfonnx {
namespace {

/// Where each of `length` positions along an axis begins in the term's table; all at 0 along an axis that it does not
/// walk.
std::vector<int64_t> offsets_along(const Term& term, int axis, size_t length) {
    std::vector<int64_t> offsets(length, 0);
    const int found = term.find(axis);
    if (found < 0)
        return offsets;
    const auto walk = static_cast<size_t>(found);
    const int64_t inner = term.inner(walk);
    for (size_t position = 0; position < length; ++position)
        offsets[position] = term.walks[walk].slot(static_cast<int64_t>(position)) * inner;
    return offsets;
}

/// What each position of axis `by` reads along a band's axis of `keys` positions.
std::vector<Progression> ranges_of(const Band& band, int64_t keys) {
    std::vector<Progression> ranges;
    for (size_t m = 0; m < band.first.size(); ++m)
        ranges.push_back(clipped({band.first[m], band.last[m], 1}, keys));
    return ranges;
}

/// Fills a table with one axis per entry of `offsets`: by slot there, where the entries begin in the term's table. The
/// positions of `by` are axis `place`: each takes the hull over its own range of keys.
template <typename Cell>
std::vector<Cell> filled(const std::vector<Cell>& cells, const std::vector<std::vector<int64_t>>& offsets, size_t place,
                         const std::vector<Progression>& ranges, const std::vector<int64_t>& key_offsets) {
    std::vector<int64_t> slots;
    for (const auto& along : offsets)
        slots.push_back(static_cast<int64_t>(along.size()));
    std::vector<int64_t> slot(slots.size(), 0);
    std::vector<Cell> table;
    do {
        int64_t base = 0;
        for (size_t k = 0; k < slot.size(); ++k)
            base += offsets[k][index(slot[k])];
        const Progression& range = ranges[index(slot[place])];
        Cell value = nothing<Cell>();
        for (int64_t key = range.first; key <= range.last; ++key)
            value = hull(value, cells[index(base + key_offsets[index(key)])]);
        table.push_back(value);
    } while (advance(slot, slots));
    return table;
}

/// A band over keys that are kept as runs: its ranges slide over them, one per position of `by`.
TermPtr banded_runs(const Term& term, const Band& band) {
    std::vector<int64_t> first, last;
    for (size_t m = 0; m < band.first.size(); ++m) {
        const bool empty = band.last[m] < band.first[m];
        first.push_back(empty ? kNothing : band.first[m]);
        last.push_back(empty ? kNothing : band.last[m]);
    }
    const ReadBounds ranges{detected(first, {}), detected(last, {}), 1};
    auto result = std::make_shared<Term>(same_walks_as(term));
    const auto queries = static_cast<int64_t>(band.first.size());
    result->along = Walk{band.by, queries, queries, nullptr, 0, 0};
    bool some = false;
    for (const ColumnPtr& column : term.columns) {
        result->columns.push_back(slid(column, ranges));
        some = some || result->columns.back();
    }
    return some ? std::make_shared<const Term>(compressed(std::move(*result))) : nullptr;
}

} // namespace

TermPtr banded(const TermPtr& term, const Band& band, const Shape& shape, Mode mode, bool& widened) {
    if (term->along && (term->walks_along(band.axis) || term->find(band.axis) >= 0 || term->walks_along(band.by))) {
        if (term->walks_along(band.axis) && term->find(band.by) < 0 &&
            mode.long_axis(shape[static_cast<size_t>(band.by)]))
            return banded_runs(*term, band);
        try {
            return banded(std::make_shared<const Term>(laid_out(*term)), band, shape, mode, widened);
        } catch (const TooManyValues&) {
            widened = true;
            return reduced(term, {band.axis});
        }
    }
    const int64_t keys = shape[static_cast<size_t>(band.axis)];
    std::vector<Progression> ranges = ranges_of(band, keys);
    const auto reads_nothing = [](const Progression& range) { return range.empty(); };
    if (std::all_of(ranges.begin(), ranges.end(), reads_nothing))
        return nullptr;
    if (term->find(band.axis) < 0) {
        // All keys show the same, so that a position which reads any of them sees what the term says.
        if (std::none_of(ranges.begin(), ranges.end(), reads_nothing))
            return term;
        for (Progression& range : ranges)
            range.last = range.empty() ? range.last : range.first; // one key stands for all
    }

    // The result walks what the term walks, without the keys: those are taken into the hull. It walks `by` also where
    // the term does not, since each position there has a range of its own.
    auto result = std::make_shared<Term>();
    result->along = term->along;
    std::vector<std::vector<int64_t>> offsets;
    for (size_t k = 0; k < term->walks.size(); ++k) {
        const Walk& walk = term->walks[k];
        if (walk.axis == band.axis || walk.axis == band.by)
            continue;
        result->walks.push_back(walk);
        offsets.emplace_back();
        for (int64_t slot = 0; slot < walk.slots; ++slot)
            offsets.back().push_back(slot * term->inner(k));
    }
    // Walks stand by ascending axis. The ranges follow no rule, and so neither does the new walk.
    const auto behind =
        std::find_if(result->walks.begin(), result->walks.end(), [&](const Walk& walk) { return walk.axis > band.by; });
    const auto place = behind - result->walks.begin();
    const auto queries = static_cast<int64_t>(ranges.size());
    result->walks.insert(behind, Walk{band.by, queries, queries, nullptr, 0, 0});
    offsets.insert(offsets.begin() + place, offsets_along(*term, band.by, ranges.size()));

    const auto key_offsets = offsets_along(*term, band.axis, static_cast<size_t>(keys));
    with_cells(*term, [&](const auto& cells) {
        like(*result, cells) = filled(cells, offsets, static_cast<size_t>(place), ranges, key_offsets);
    });
    return std::make_shared<const Term>(compressed(std::move(*result)));
}

} // namespace rfonnx
