#include "cover.hpp"

namespace rfonnx {
namespace {

/// Of a field that is runs along one axis: each column as a whole, not position by position.
std::vector<Interval> written(const Field& field, const Progression& among) {
    std::vector<Interval> values(index(among.count()), kEmpty);
    for (const TermPtr& term : field.terms) {
        if (!term->along) {
            for (Interval& value : values)
                value = hull(value, term->table[0]);
        } else if (const ColumnPtr& column = term->columns[0]) {
            const auto end = [&](const Bound& bound) {
                return written(gathered(bound, among.step, among.first, among.count()), 0, among.count());
            };
            const std::vector<int64_t> lo = end(column->lo), hi = end(column->hi);
            for (size_t k = 0; k < values.size(); ++k)
                values[k] = hull(values[k], interval_of(lo[k], hi[k]));
        }
    }
    return values;
}

} // namespace

std::optional<int> only_runs(const Field& field) {
    int axis = -1;
    for (const TermPtr& term : field.terms) {
        const bool other = term->along && axis >= 0 && term->along->axis != axis;
        if (!term->walks.empty() || other)
            return std::nullopt;
        axis = term->along ? term->along->axis : axis;
    }
    return axis;
}

Cover laid_out(const Field& field, const Box& box) {
    std::vector<bool> walked(box.size(), false);
    for (const TermPtr& term : field.terms) {
        for (const Walk& walk : term->walks)
            walked[static_cast<size_t>(walk.axis)] = true;
        if (term->along)
            walked[static_cast<size_t>(term->along->axis)] = true;
    }
    Cover cover;
    int64_t size = 1;
    std::vector<int64_t> position;
    for (size_t k = 0; k < box.size(); ++k) {
        cover.extent.push_back(walked[k] ? box[k].count() : std::min(box[k].count(), int64_t{1}));
        size = multiply(size, cover.extent.back());
        position.push_back(box[k].first);
    }
    if (size > kLargestCover)
        throw std::length_error("the interval table is too large to lay out; ask for some positions, or a box");
    if (const int axis = only_runs(field).value_or(-1); axis >= 0 && size > 0) {
        cover.values = written(field, box[static_cast<size_t>(axis)]);
        return cover;
    }
    std::vector<int64_t> turn(box.size(), 0);
    for (int64_t entry = 0; entry < size; ++entry) {
        for (size_t k = 0; k < box.size(); ++k)
            position[k] = box[k].first + turn[k] * box[k].step;
        cover.values.push_back(field.at(position));
        advance(turn, cover.extent);
    }
    return cover;
}

} // namespace rfonnx
