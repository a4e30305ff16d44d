/// The Python side of the core: the only file that knows pybind11. Stubs: rfonnx/_core.pyi.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "backward.hpp"
#include "carriers.hpp"
#include "centre.hpp"
#include "explain.hpp"
#include "hull.hpp"
#include "summary.hpp"

namespace py = pybind11;

namespace rfonnx {
namespace {

using Array = py::array_t<int64_t, py::array::c_style | py::array::forcecast>;

std::vector<int64_t> to_vector(const py::handle& object) {
    if (object.is_none())
        return {};
    const auto array = py::cast<Array>(object);
    return {array.data(), array.data() + array.size()};
}

/// Steps are the named tuples of rfonnx/operators/operators/access/primitives.py, told apart by their class's name.
Step to_step(const py::tuple& step) {
    const auto kind = py::cast<std::string>(py::type::of(step).attr("__name__"));
    const auto whole = [&](size_t field) { return py::cast<int64_t>(step[field]); };
    const auto axis = [&](size_t field) { return py::cast<int>(step[field]); };
    if (kind == "Window")
        return Window{axis(0), whole(1), whole(2), whole(3), whole(4), whole(5)};
    if (kind == "Spread")
        return Spread{axis(0), whole(1), whole(2), whole(3), whole(4), whole(5)};
    if (kind == "Select") {
        return Select{axis(0),  to_vector(step[1]), to_vector(step[2]), whole(3),
                      whole(4), whole(5),           to_vector(step[6]), to_vector(step[7])};
    }
    if (kind == "Reduce")
        return Reduce{py::cast<std::vector<int>>(step[0])};
    if (kind == "Band")
        return Band{axis(0), axis(1), to_vector(step[2]), to_vector(step[3])};
    if (kind == "Permute")
        return Permute{py::cast<std::vector<int>>(step[0])};
    if (kind == "Reshape")
        return Reshape{py::cast<Shape>(step[0])};
    throw std::invalid_argument("unknown access primitive " + kind);
}

Program to_program(const py::list& inputs, const py::list& tensors) {
    Program program;
    for (const auto& item : inputs) {
        const auto input = py::cast<py::tuple>(item);
        program.inputs.push_back({py::cast<std::string>(input[0]), py::cast<Shape>(input[1])});
    }
    for (const auto& item : tensors) {
        const auto tensor = py::cast<py::tuple>(item);
        Tensor result{py::cast<std::string>(tensor[0]), py::cast<Shape>(tensor[1]), {}, py::cast<bool>(tensor[3])};
        for (const auto& entry : py::cast<py::sequence>(tensor[2])) {
            const auto path = py::cast<py::tuple>(entry);
            Path read{py::cast<int64_t>(path[0]), {}};
            for (const auto& step : py::cast<py::sequence>(path[1]))
                read.steps.push_back(to_step(py::cast<py::tuple>(step)));
            result.paths.push_back(std::move(read));
        }
        program.tensors.push_back(std::move(result));
    }
    return program;
}

template <typename T>
py::array_t<T> to_array(const std::vector<T>& values) {
    return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

/// An analysed program. Sources are numbered inputs first, then tensors, as in Path.
class Result {
public:
    explicit Result(Program program) : program_(std::move(program)) {
        validate(program_);
        hull_ = propagate(program_);
        alignment_ = align(program_, hull_);
        carriers_ = follow_carriers(program_, hull_.axes);
    }

    std::vector<std::pair<int64_t, int>> axes() const {
        std::vector<std::pair<int64_t, int>> result;
        for (const InputAxis& axis : hull_.axes)
            result.emplace_back(axis.input, axis.axis);
        return result;
    }
    std::vector<bool> exact() const { return hull_.exact; }
    std::vector<bool> widened() const { return hull_.widened; }
    std::vector<std::pair<int64_t, size_t>> misaligned_joins() const {
        std::vector<std::pair<int64_t, size_t>> result;
        for (const MisalignedJoin& join : alignment_.joins)
            result.emplace_back(join.tensor, join.axis);
        return result;
    }

    std::vector<std::pair<int64_t, size_t>> global_steps() const {
        std::vector<std::pair<int64_t, size_t>> result;
        for (const GlobalStep& step : carriers_.global)
            result.emplace_back(step.tensor, step.axis);
        return result;
    }

    /// lo and hi of every position, laid out over the axes that they depend on.
    py::tuple intervals(int64_t source, size_t axis, bool clip) const {
        require(source, axis);
        const Shape& shape = program_.shape(source);
        const Field& field = hull_.field(source, axis, clip);
        std::vector<bool> walked(shape.size(), false);
        for (const TermPtr& term : field.terms) {
            for (const Walk& walk : term->walks)
                walked[static_cast<size_t>(walk.axis)] = true;
        }
        Shape extent;
        int64_t size = 1;
        for (size_t k = 0; k < shape.size(); ++k) {
            extent.push_back(walked[k] ? shape[k] : std::min(shape[k], int64_t{1}));
            size = multiply(size, extent.back());
        }
        if (size > (int64_t{1} << 28))
            throw std::length_error("the interval table is too large to lay out; ask for a box");
        py::array_t<int64_t> lo(extent), hi(extent);
        std::vector<int64_t> position(shape.size(), 0);
        for (int64_t entry = 0; entry < size; ++entry) {
            const Interval value = field.at(position);
            lo.mutable_data()[entry] = value.lo;
            hi.mutable_data()[entry] = value.hi;
            advance(position, extent);
        }
        return py::make_tuple(lo, hi);
    }

    /// Per input axis (lo, hi) at one position of a source.
    std::vector<std::pair<int64_t, int64_t>> box(int64_t source, const std::vector<int64_t>& position,
                                                 bool clip) const {
        require(source, position);
        std::vector<std::pair<int64_t, int64_t>> result;
        for (size_t axis = 0; axis < hull_.axes.size(); ++axis) {
            const Interval value = hull_.field(source, axis, clip).at(position);
            result.emplace_back(value.lo, value.hi);
        }
        return result;
    }

    /// Columns over (source, input axis), row-major: the numbers of rfonnx.results.fields.AxisField.
    py::dict summaries() const {
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
        std::vector<uint8_t> aligned;
        for (size_t field = 0; field < summaries.size(); ++field)
            aligned.push_back(alignment_.aligned(field));
        py::dict result;
        result["kind"] = column([](const Summary& s) { return static_cast<uint8_t>(s.kind); });
        result["size"] = column([](const Summary& s) { return s.size; });
        result["size_min"] = column([](const Summary& s) { return s.size_min; });
        result["stride_numerator"] = column([](const Summary& s) { return s.stride.numerator; });
        result["stride_denominator"] = column([](const Summary& s) { return s.stride.denominator; });
        result["period"] = column([](const Summary& s) { return s.period; });
        result["start"] = column([](const Summary& s) { return s.start; });
        result["center_numerator"] = column([](const Summary& s) { return s.center.numerator; });
        result["center_denominator"] = column([](const Summary& s) { return s.center.denominator; });
        result["tensor_axis"] = column([](const Summary& s) { return static_cast<int64_t>(s.tensor_axis); });
        result["coverage"] = column([](const Summary& s) { return s.coverage; });
        result["aligned"] = to_array(aligned);
        return result;
    }

    /// Centres at position 0, (numerator, denominator) each, of the paths that meet in a source.
    std::vector<std::pair<int64_t, int64_t>> centres(int64_t source, size_t axis) const {
        require(source, axis);
        std::vector<std::pair<int64_t, int64_t>> result;
        for (const CentreLine& line : alignment_.lines[static_cast<size_t>(source) * hull_.axes.size() + axis]) {
            result.emplace_back(line.offset.numerator, line.offset.denominator);
        }
        return result;
    }

    /// uint8 array of an input's shape, broadcast; None when the position does not reach it.
    py::object support(int64_t source, const std::vector<int64_t>& position, int64_t input) const {
        require(source, position);
        return to_object(rfonnx::support(program_, source, position), input);
    }
    py::object paths(int64_t source, const std::vector<int64_t>& position, int64_t input) const {
        require(source, position);
        return to_object(rfonnx::paths(program_, source, position), input);
    }

    /// One dictionary per link, the input first.
    py::list explain(int64_t source, size_t axis) const {
        require(source, axis);
        const auto pair = [](const Rational& value) { return py::make_tuple(value.numerator, value.denominator); };
        py::list result;
        for (const Link& link : rfonnx::explain(program_, hull_, carriers_, source, axis)) {
            py::dict entry;
            entry["source"] = link.source;
            entry["size"] = link.size;
            entry["position"] = py::tuple(py::cast(link.position));
            entry["slid"] = link.slid;
            entry["taken"] = link.taken;
            entry["misaligned"] = link.misaligned;
            entry["all"] = link.all;
            entry["jump"] = pair(link.jump);
            entry["kernel"] = link.kernel;
            entry["dilation"] = link.dilation;
            entry["stride"] = pair(link.stride);
            entry["slides"] = link.slides;
            entry["spreads"] = link.spreads;
            result.append(entry);
        }
        return result;
    }

private:
    template <typename Value>
    static py::object to_object(const std::map<int64_t, Cover<Value>>& covers, int64_t input) {
        const auto place = covers.find(input);
        if (place == covers.end())
            return py::none();
        py::array_t<Value> result(place->second.extent);
        std::copy(place->second.values.begin(), place->second.values.end(), result.mutable_data());
        return result;
    }
    void require(int64_t source, size_t axis) const {
        if (source < 0 || source >= program_.sources())
            throw std::out_of_range("no such source");
        if (axis >= hull_.axes.size() && axis > 0)
            throw std::out_of_range("no such input axis");
    }

    void require(int64_t source, const std::vector<int64_t>& position) const {
        require(source, 0);
        const Shape& shape = program_.shape(source);
        if (position.size() != shape.size())
            throw std::out_of_range("a position needs one index per axis");
        for (size_t k = 0; k < shape.size(); ++k) {
            if (position[k] < 0 || position[k] >= shape[k])
                throw std::out_of_range("a position lies outside the tensor");
        }
    }

    Program program_;
    Hull hull_;
    Alignment alignment_;
    Carriers carriers_;
};

} // namespace
} // namespace rfonnx

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
    using rfonnx::Result;
    module.doc() = "Interval propagation over access programs.";
    py::class_<Result>(module, "Result")
        .def_property_readonly("axes", &Result::axes)
        .def_property_readonly("exact", &Result::exact)
        .def_property_readonly("widened", &Result::widened)
        .def_property_readonly("misaligned_joins", &Result::misaligned_joins)
        .def_property_readonly("global_steps", &Result::global_steps)
        .def("intervals", &Result::intervals, py::arg("source"), py::arg("axis"), py::arg("clip"))
        .def("box", &Result::box, py::arg("source"), py::arg("position"), py::arg("clip"))
        .def("summaries", &Result::summaries)
        .def("support", &Result::support, py::arg("source"), py::arg("position"), py::arg("input"))
        .def("paths", &Result::paths, py::arg("source"), py::arg("position"), py::arg("input"))
        .def("explain", &Result::explain, py::arg("source"), py::arg("axis"))
        .def("centres", &Result::centres, py::arg("source"), py::arg("axis"));
    module.def(
        "run",
        [](const py::list& inputs, const py::list& tensors) {
            rfonnx::Program program = rfonnx::to_program(inputs, tensors);
            py::gil_scoped_release release;
            return Result(std::move(program));
        },
        py::arg("inputs"), py::arg("tensors"));
}
