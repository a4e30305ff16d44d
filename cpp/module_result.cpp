#include "module_result.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>

#include "backward.hpp"
#include "explain.hpp"
#include "summary.hpp"

namespace rfonnx {
namespace {

template <typename Value>
py::list to_list(const std::map<int64_t, Patches<Value>>& found, int64_t input) {
    py::list result;
    const auto place = found.find(input);
    if (place == found.end())
        return result;
    for (const Patch<Value>& patch : place->second) {
        py::list sides;
        for (const Side& side : patch.sides) {
            py::list spans;
            for (const Span& span : side)
                spans.append(py::make_tuple(span.first, span.count, span.period));
            sides.append(spans);
        }
        py::array_t<Value> array(patch.extent());
        std::copy(patch.values.begin(), patch.values.end(), array.mutable_data());
        result.append(py::make_tuple(sides, array));
    }
    return result;
}

} // namespace

Result::Result(Program program, int64_t runs_from) : program_(std::move(program)) {
    validate(program_);
    hull_ = propagate(program_, runs_from);
    alignment_ = align(program_, hull_);
    carriers_ = follow_carriers(program_, hull_.axes);
}

py::dict Result::summaries() const {
    std::vector<Summary> summaries;
    {
        py::gil_scoped_release release;
        summaries = summarise_all(program_, hull_);
    }
    // One array per number, of what `value` says of each summary.
    const auto column = [&](const auto& value) {
        py::array_t<std::decay_t<decltype(value(summaries[0]))>> array(static_cast<py::ssize_t>(summaries.size()));
        std::transform(summaries.begin(), summaries.end(), array.mutable_data(), value);
        return array;
    };
    py::array_t<uint8_t> aligned(static_cast<py::ssize_t>(summaries.size()));
    for (size_t field = 0; field < summaries.size(); ++field)
        aligned.mutable_data()[field] = alignment_.aligned(field);
    py::dict result;
    result["kind"] = column([](const Summary& s) { return static_cast<uint8_t>(s.kind); });
    result["size"] = column([](const Summary& s) { return s.size; });
    result["size_min"] = column([](const Summary& s) { return s.size_min; });
    result["sized"] = column([](const Summary& s) { return static_cast<uint8_t>(s.sized); });
    result["stride_numerator"] = column([](const Summary& s) { return s.stride.numerator; });
    result["stride_denominator"] = column([](const Summary& s) { return s.stride.denominator; });
    result["period"] = column([](const Summary& s) { return s.period; });
    result["start"] = column([](const Summary& s) { return s.start; });
    result["center_numerator"] = column([](const Summary& s) { return s.center.numerator; });
    result["center_denominator"] = column([](const Summary& s) { return s.center.denominator; });
    result["tensor_axis"] = column([](const Summary& s) { return static_cast<int64_t>(s.tensor_axis); });
    result["coverage"] = column([](const Summary& s) { return s.coverage; });
    result["aligned"] = aligned;
    return result;
}

Pairs Result::centers(int64_t source, size_t axis) const {
    require(source, axis);
    Pairs result;
    for (const CenterLine& line : *alignment_.lines[static_cast<size_t>(source) * hull_.axes.size() + axis]) {
        result.emplace_back(line.offset.numerator, line.offset.denominator);
    }
    return result;
}

py::list Result::support(int64_t source, const std::vector<int64_t>& position, int64_t input) const {
    require_position(program_, source, position);
    return to_list(rfonnx::support(program_, source, position), input);
}

py::list Result::paths(int64_t source, const std::vector<int64_t>& position, int64_t input) const {
    require_position(program_, source, position);
    return to_list(rfonnx::paths(program_, source, position), input);
}

py::list Result::explain(int64_t source, size_t axis) const {
    require(source, axis);
    const auto pair = [](const Rational& value) { return py::make_tuple(value.numerator, value.denominator); };
    py::list result;
    for (const Link& link : rfonnx::explain(program_, hull_, carriers_, source, axis)) {
        result.append(py::make_tuple(link.source, link.size, py::tuple(py::cast(link.position)), link.slid, link.taken,
                                     link.misaligned, link.all, pair(link.jump), link.kernel, link.dilation,
                                     pair(link.stride), link.slides, link.spreads));
    }
    return result;
}

void Result::require(int64_t source, size_t axis) const {
    require_source(program_, source);
    if (axis >= hull_.axes.size())
        throw std::out_of_range("no such input axis");
}

} // namespace rfonnx
