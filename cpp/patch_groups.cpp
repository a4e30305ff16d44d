#include "patch_groups.hpp"

#include <optional>
#include <stdexcept>

namespace rfonnx {
namespace {

/// Positions that are moved one by one: so few anyway, and no more.
constexpr int64_t kFewMoved = int64_t{1} << 16, kMostMoved = int64_t{1} << 24;

int64_t product(const Shape& shape, size_t begin) {
    int64_t result = 1;
    for (size_t k = begin; k < shape.size(); ++k)
        result = multiply(result, shape[k]);
    return result;
}

/// All positions of an axis, each with a value of its own; nothing where the side has none.
Laid filled(const Side& side, int64_t length) {
    Laid result{{{0, length, length}}, std::vector<int64_t>(index(length), -1)};
    int64_t offset = 0;
    for (const Span& span : side) {
        for (int64_t k = 0; k < span.count; ++k)
            result.from[index(span.first + k)] = offset + k % span.period;
        offset += span.period;
    }
    return result;
}

/// The group as one axis, of stretches; the values stay in order. nullopt where it is none.
std::optional<Side> joined(const std::vector<Side>& sides, const Shape& to, std::vector<std::optional<Laid>>& written) {
    size_t first = 0; // that differs
    while (first < sides.size() && is_alike(sides[first], to[first]))
        ++first;
    const int64_t all = product(to, 0);
    if (first == sides.size())
        return alike(all);
    const int64_t behind = product(to, first + 1);
    const bool leads = multiply(behind, to[first]) == all; // nothing but axes of one position before it
    const Side& own = sides[first];
    if (behind > kMostSlots)
        return std::nullopt;
    for (size_t k = first + 1; k < sides.size(); ++k)
        written[k] = filled(sides[k], to[k]);
    if (leads) {
        Side flat;
        for (const Span& span : own)
            flat.push_back({span.first * behind, span.count * behind, span.period * behind});
        return flat;
    }
    if (own.size() == 1 && own[0].first == 0 && own[0].count == to[first] && to[first] % own[0].period == 0)
        return Side{{0, all, own[0].period * behind}};
    if (multiply(behind, to[first]) > kMostSlots)
        return std::nullopt;
    written[first] = filled(own, to[first]);
    return Side{{0, all, behind * to[first]}};
}

/// One axis that comes around all along, as several.
std::optional<Regrouped> parted_evenly(int64_t period, const Shape& from) {
    Regrouped result{std::vector<Side>(from.size()), {}, {}};
    int64_t rest = period;
    for (size_t k = from.size(); k-- > 0;) {
        const int64_t own = rest % from[k] == 0 ? from[k] : rest;
        if (from[k] % own != 0)
            return std::nullopt;
        result.sides[k] = {{0, from[k], own}};
        rest /= own;
    }
    for (int64_t entry = 0; entry < period; ++entry)
        result.from.push_back(entry);
    return result;
}

/// One axis as rows of several, where its stretches are whole rows.
std::optional<Regrouped> parted(const Side& flat, const Shape& from) {
    if (flat.size() == 1 && flat[0].first == 0 && flat[0].count == product(from, 0) &&
        flat[0].count % flat[0].period == 0) {
        if (auto result = parted_evenly(flat[0].period, from))
            return result;
    }
    size_t first = 0; // of more than one position
    while (first + 1 < from.size() && from[first] == 1)
        ++first;
    const int64_t row = product(from, first + 1);
    if (row > kMostSlots)
        return std::nullopt;
    Regrouped result{std::vector<Side>(from.size()), {}, {}};
    for (size_t k = 0; k < from.size(); ++k) {
        if (k != first)
            result.sides[k] = {{0, from[k], from[k]}};
    }
    int64_t offset = 0;
    for (const Span& span : flat) {
        if (span.first % row != 0 || span.count % row != 0 || (span.period % row != 0 && row % span.period != 0))
            return std::nullopt;
        const int64_t rows = std::max<int64_t>(span.period / row, 1);
        result.sides[first].push_back({span.first / row, span.count / row, rows});
        for (int64_t entry = 0; entry < rows * row; ++entry)
            result.from.push_back(offset + entry % span.period);
        offset += span.period;
    }
    return result;
}

/// The spans of ascending positions.
Side spans_of(const std::vector<int64_t>& positions) {
    Side side;
    for (const int64_t position : positions) {
        if (side.empty() || side.back().end() != position)
            side.push_back({position, 0, 0});
        side.back().period = ++side.back().count;
    }
    return side;
}

/// Positions of a box.
int64_t entries_of(const std::vector<Side>& sides) {
    int64_t entries = 1;
    for (const Side& side : sides) {
        int64_t count = 0;
        for (const Span& span : side)
            count = add(count, span.count);
        entries = multiply(entries, count);
    }
    return entries;
}

Regrouped one_by_one(const std::vector<Side>& sides, const Shape& from, const Shape& to) {
    const int64_t entries = entries_of(sides);
    if (entries > kMostMoved)
        throw std::length_error("too many positions to lay out; bind a smaller input shape");
    std::vector<std::vector<int64_t>> places;
    Shape counts;
    for (const Side& side : sides) {
        places.push_back(positions(side));
        counts.push_back(static_cast<int64_t>(places.back().size()));
    }
    std::vector<std::vector<int64_t>> old(from.size()); // by axis before, the position of each entry
    std::vector<int64_t> turn(sides.size(), 0), position(sides.size());
    do {
        for (size_t k = 0; k < sides.size(); ++k)
            position[k] = places[k][index(turn[k])];
        int64_t rest = flat(position, to);
        for (size_t k = from.size(); k-- > 0; rest /= from[k])
            old[k].push_back(rest % from[k]);
    } while (advance(turn, counts));
    Regrouped result{{}, {}, {}};
    for (const Side& side : sides)
        result.written.push_back(rfonnx::one_by_one(side));
    std::vector<int64_t> into(index(entries), 0);
    Shape extent;
    for (const std::vector<int64_t>& along : old) {
        std::vector<int64_t> used = along;
        std::sort(used.begin(), used.end());
        used.erase(std::unique(used.begin(), used.end()), used.end());
        for (size_t entry = 0; entry < into.size(); ++entry) {
            const auto place = std::lower_bound(used.begin(), used.end(), along[entry]) - used.begin();
            into[entry] = into[entry] * static_cast<int64_t>(used.size()) + place;
        }
        result.sides.push_back(spans_of(used));
        extent.push_back(static_cast<int64_t>(used.size()));
    }
    require_room(extent);
    result.from.assign(index(volume(extent)), -1);
    for (size_t entry = 0; entry < into.size(); ++entry)
        result.from[index(into[entry])] = static_cast<int64_t>(entry);
    return result;
}

} // namespace

Regrouped regrouped(const std::vector<Side>& sides, const Shape& from, const Shape& to) {
    std::vector<std::optional<Laid>> written(sides.size());
    if (entries_of(sides) <= kFewMoved)
        return one_by_one(sides, from, to);
    if (const auto flat = joined(sides, to, written)) {
        if (auto result = parted(*flat, from)) {
            result->written = std::move(written);
            return std::move(*result);
        }
    }
    return one_by_one(sides, from, to);
}

} // namespace rfonnx
