/// The intervals of a result, as arrays.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>

#include "cover.hpp"
#include "holding.hpp"
#include "landmarks.hpp"
#include "module_result.hpp"

namespace rfonnx {
namespace {

void require_within(const Box& all, const Box& box) {
    bool within = all.size() == box.size();
    for (size_t k = 0; k < box.size() && within; ++k)
        within = box[k].step > 0 && (box[k].empty() || (box[k].first >= 0 && box[k].last <= all[k].last));
    if (!within)
        throw std::out_of_range("positions lie outside the tensor");
}

} // namespace

py::tuple Result::intervals(int64_t source, size_t axis, bool clip,
                            const std::vector<std::array<int64_t, 3>>& positions) const {
    require(source, axis);
    const Box all = whole(program_.shape(source));
    Box box = positions.empty() ? all : Box();
    for (const auto& [first, count, step] : positions)
        box.push_back({first, add(first, multiply(count - 1, step)), step});
    require_within(all, box);
    const Cover cover = laid_out(hull_.field(source, axis, clip), box);
    py::array_t<int64_t> lo(cover.extent), hi(cover.extent);
    for (size_t entry = 0; entry < cover.values.size(); ++entry) {
        lo.mutable_data()[entry] = cover.values[entry].lo;
        hi.mutable_data()[entry] = cover.values[entry].hi;
    }
    return py::make_tuple(lo, hi);
}

py::tuple Result::intervals_at(int64_t source, size_t axis, bool clip,
                               const std::vector<std::vector<int64_t>>& places) const {
    require(source, axis);
    Shape extent;
    std::vector<int64_t> low, high;
    for (const std::vector<int64_t>& along : places) {
        extent.push_back(static_cast<int64_t>(along.size()));
        low.push_back(along.empty() ? 0 : *std::min_element(along.begin(), along.end()));
        high.push_back(along.empty() ? 0 : *std::max_element(along.begin(), along.end()));
    }
    const int64_t size = size_of(extent);
    if (size > 0 || places.size() != program_.shape(source).size()) {
        require_position(program_, source, low);
        require_position(program_, source, high);
    }
    const Field& field = hull_.field(source, axis, clip);
    py::array_t<int64_t> lo(extent), hi(extent);
    std::vector<int64_t> turn(extent.size(), 0), position(extent.size());
    for (int64_t entry = 0; entry < size; ++entry) {
        for (size_t k = 0; k < extent.size(); ++k)
            position[k] = places[k][static_cast<size_t>(turn[k])];
        const Interval value = field.at(position);
        lo.mutable_data()[entry] = value.lo;
        hi.mutable_data()[entry] = value.hi;
        advance(turn, extent);
    }
    return py::make_tuple(lo, hi);
}

std::pair<int64_t, int64_t> Result::reaching(int64_t source, size_t axis) const {
    require(source, axis);
    const Cover cover = laid_out(hull_.field(source, axis, true), whole(program_.shape(source)));
    const int64_t last = hull_.axes[axis].length - 1;
    const auto reaches = [last](const Interval& seen) { return seen.lo <= 0 && seen.hi >= last; };
    return {std::count_if(cover.values.begin(), cover.values.end(), reaches), cover.values.size()};
}

py::object Result::holding(int64_t source, size_t axis, int64_t at) const {
    require(source, axis);
    const auto found = rfonnx::holding(hull_.field(source, axis, true), program_.shape(source), at);
    if (!found)
        return py::none();
    py::list spans;
    for (const Span& span : found->side)
        spans.append(py::make_tuple(span.first, span.count, span.period));
    const py::array_t<uint8_t> holds(static_cast<py::ssize_t>(found->holds.size()), found->holds.data());
    return py::make_tuple(found->axis, spans, holds);
}

Pairs Result::box(int64_t source, const std::vector<int64_t>& position, bool clip) const {
    require_position(program_, source, position);
    Pairs result;
    for (size_t axis = 0; axis < hull_.axes.size(); ++axis) {
        const Interval value = hull_.field(source, axis, clip).at(position);
        result.emplace_back(value.lo, value.hi);
    }
    return result;
}

py::list Result::landmarks(int64_t source, size_t axis, int own_axis, int64_t period, std::vector<int64_t> cuts) const {
    require(source, axis);
    if (period < 1)
        throw std::invalid_argument("a period is at least 1");
    std::sort(cuts.begin(), cuts.end());
    const std::vector<const Field*> fields{&hull_.field(source, axis, true), &hull_.field(source, axis, false)};
    const auto found =
        rfonnx::landmarks(fields, program_.shape(source), hull_.axes[axis].length, {own_axis, period, cuts});
    const auto array = [](const auto& values) {
        return py::array_t<std::decay_t<decltype(values[0])>>(static_cast<py::ssize_t>(values.size()), values.data());
    };
    py::list result;
    for (const Landmarks& along : found)
        result.append(py::make_tuple(array(along.positions), array(along.weights)));
    return result;
}

} // namespace rfonnx
