/// The Python side of the core: the only file that knows pybind11. Stubs: rfonnx/_core.pyi.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "backward.hpp"
#include "carriers.hpp"
#include "center.hpp"
#include "cover.hpp"
#include "explain.hpp"
#include "hull.hpp"
#include "landmarks.hpp"
#include "primitives.hpp"
#include "summary.hpp"

namespace py = pybind11;

namespace rfonnx {
namespace {

/// Numbers; of a tuple without what pybind11 makes for sequences of all sorts, since a model has many.
std::vector<int64_t> to_numbers(const py::handle& object) {
    if (!py::isinstance<py::tuple>(object))
        return py::cast<std::vector<int64_t>>(object);
    const auto tuple = py::reinterpret_borrow<py::tuple>(object);
    std::vector<int64_t> result;
    result.reserve(tuple.size());
    for (const auto& item : tuple) {
        result.push_back(PyLong_AsLongLong(item.ptr()));
        if (result.back() == -1 && PyErr_Occurred() != nullptr)
            throw py::error_already_set();
    }
    return result;
}

/// A field of a primitive: a number, a tuple of numbers, an array of them, or None for an empty one.
template <typename Value>
Value to_value(const py::handle& object) {
    if constexpr (std::is_same_v<Value, std::vector<int64_t>>) {
        if (object.is_none())
            return {};
        if (!py::isinstance<py::tuple>(object)) {
            const auto array = py::cast<py::array_t<int64_t, py::array::c_style | py::array::forcecast>>(object);
            return {array.data(), array.data() + array.size()};
        }
        return to_numbers(object);
    }
    return py::cast<Value>(object);
}

template <typename Primitive, typename Value>
void set(Primitive& primitive, NamedField<Primitive, Value> field, const py::handle& object) {
    primitive.*field.place = to_value<Value>(object);
}

template <typename Primitive>
Step made(const py::tuple& step) {
    Primitive result{};
    size_t place = 0;
    std::apply([&](auto... fields) { (set(result, fields, step[place++]), ...); }, Named<Primitive>::fields);
    return result;
}

/// How a primitive crosses from Python: the name of its class, its fields in order, and what is made of them.
struct Crossing {
    std::string name;
    std::vector<std::string> fields;
    Step (*make)(const py::tuple& step);
};

template <typename Primitive>
Crossing crossing() {
    const auto names = [](auto... fields) { return std::vector<std::string>{fields.name...}; };
    return {Named<Primitive>::name, std::apply(names, Named<Primitive>::fields), made<Primitive>};
}

template <typename... Primitives>
std::vector<Crossing> crossings(const std::variant<Primitives...>*) {
    return {crossing<Primitives>()...};
}

std::vector<Crossing> crossings() {
    return crossings(static_cast<const Step*>(nullptr));
}

/// Makes steps. A class is looked at once: it must be a tuple with the name and the fields of a primitive, in order, so
/// that no field is taken for another one.
class StepMaker {
public:
    Step operator()(const py::handle& step) {
        const auto [place, fresh] = made_by_.try_emplace(Py_TYPE(step.ptr()), nullptr);
        if (fresh)
            place->second = made_by(step);
        return place->second(py::reinterpret_borrow<py::tuple>(step));
    }

private:
    using Make = Step (*)(const py::tuple&);

    static Make made_by(const py::handle& step) {
        const auto kind = py::type::of(step);
        const auto name = py::cast<std::string>(kind.attr("__name__"));
        const auto fields = py::cast<std::vector<std::string>>(py::getattr(kind, "_fields", py::tuple()));
        for (const Crossing& known : crossings()) {
            if (py::isinstance<py::tuple>(step) && known.name == name && known.fields == fields)
                return known.make;
        }
        throw std::invalid_argument("no access primitive with these fields: " + name);
    }

    std::unordered_map<const PyTypeObject*, Make> made_by_;
};

Program to_program(const py::list& inputs, const py::list& tensors) {
    Program program;
    StepMaker to_step;
    for (const auto& item : inputs) {
        const auto input = py::cast<py::tuple>(item);
        program.inputs.push_back({py::cast<std::string>(input[0]), to_numbers(input[1])});
    }
    for (const auto& item : tensors) {
        const auto tensor = py::cast<py::tuple>(item);
        Tensor result{py::cast<std::string>(tensor[0]), to_numbers(tensor[1]), {}, py::cast<bool>(tensor[3])};
        for (const auto& entry : py::cast<py::sequence>(tensor[2])) {
            const auto path = py::cast<py::tuple>(entry);
            Path read{py::cast<int64_t>(path[0]), {}};
            for (const auto& step : py::cast<py::sequence>(path[1]))
                read.steps.push_back(to_step(step));
            result.paths.push_back(std::move(read));
        }
        program.tensors.push_back(std::move(result));
    }
    return program;
}

template <typename Item, typename First, typename Second>
std::vector<std::pair<First, Second>> pairs(const std::vector<Item>& items, First Item::* first,
                                            Second Item::* second) {
    std::vector<std::pair<First, Second>> result;
    for (const Item& item : items)
        result.emplace_back(item.*first, item.*second);
    return result;
}

/// An analysed program. Sources are numbered inputs first, then tensors, as in Path.
class Result {
public:
    Result(Program program, int64_t runs_from) : program_(std::move(program)) {
        validate(program_);
        hull_ = propagate(program_, runs_from);
        alignment_ = align(program_, hull_);
        carriers_ = follow_carriers(program_, hull_.axes);
    }

    auto axes() const { return pairs(hull_.axes, &InputAxis::input, &InputAxis::axis); }
    std::vector<bool> exact() const { return hull_.exact; }
    std::vector<bool> widened() const { return hull_.widened; }
    auto misaligned_joins() const { return pairs(alignment_.joins, &MisalignedJoin::tensor, &MisalignedJoin::axis); }
    auto global_steps() const { return pairs(carriers_.global, &GlobalStep::tensor, &GlobalStep::axis); }

    /// lo and hi of every position, laid out over the axes that they depend on. `positions`: by axis of the source the
    /// first, how many, and how far apart; none: all.
    py::tuple intervals(int64_t source, size_t axis, bool clip,
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

    /// The same at some positions of each axis, in any order.
    py::tuple intervals_at(int64_t source, size_t axis, bool clip,
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

    /// By axis of a source (positions, weights) that tell all of a field in both modes; see OwnAxis.
    py::list landmarks(int64_t source, size_t axis, int own_axis, int64_t period, std::vector<int64_t> cuts) const {
        require(source, axis);
        if (period < 1)
            throw std::invalid_argument("a period is at least 1");
        std::sort(cuts.begin(), cuts.end());
        const std::vector<const Field*> fields{&hull_.field(source, axis, true), &hull_.field(source, axis, false)};
        const auto found =
            rfonnx::landmarks(fields, program_.shape(source), hull_.axes[axis].length, {own_axis, period, cuts});
        const auto array = [](const auto& values) {
            return py::array_t<std::decay_t<decltype(values[0])>>(static_cast<py::ssize_t>(values.size()),
                                                                  values.data());
        };
        py::list result;
        for (const Landmarks& along : found)
            result.append(py::make_tuple(array(along.positions), array(along.weights)));
        return result;
    }

    /// Per input axis (lo, hi) at one position of a source.
    std::vector<std::pair<int64_t, int64_t>> box(int64_t source, const std::vector<int64_t>& position,
                                                 bool clip) const {
        require_position(program_, source, position);
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

    /// Centres at position 0, (numerator, denominator) each, of the paths that meet in a source.
    std::vector<std::pair<int64_t, int64_t>> centers(int64_t source, size_t axis) const {
        require(source, axis);
        std::vector<std::pair<int64_t, int64_t>> result;
        for (const CenterLine& line : alignment_.lines[static_cast<size_t>(source) * hull_.axes.size() + axis]) {
            result.emplace_back(line.offset.numerator, line.offset.denominator);
        }
        return result;
    }

    /// Patches of an input: the first position along each axis, None where one value stands for all, and an array.
    py::list support(int64_t source, const std::vector<int64_t>& position, int64_t input) const {
        require_position(program_, source, position);
        return to_list(rfonnx::support(program_, source, position), input);
    }
    py::list paths(int64_t source, const std::vector<int64_t>& position, int64_t input) const {
        require_position(program_, source, position);
        return to_list(rfonnx::paths(program_, source, position), input);
    }

    /// A tuple per link, the input first: see rfonnx/analysis/explanation.py.
    py::list explain(int64_t source, size_t axis) const {
        require(source, axis);
        const auto pair = [](const Rational& value) { return py::make_tuple(value.numerator, value.denominator); };
        py::list result;
        for (const Link& link : rfonnx::explain(program_, hull_, carriers_, source, axis)) {
            result.append(py::make_tuple(link.source, link.size, py::tuple(py::cast(link.position)), link.slid,
                                         link.taken, link.misaligned, link.all, pair(link.jump), link.kernel,
                                         link.dilation, pair(link.stride), link.slides, link.spreads));
        }
        return result;
    }

private:
    template <typename Value>
    static py::list to_list(const std::map<int64_t, Patches<Value>>& found, int64_t input) {
        py::list result;
        const auto place = found.find(input);
        if (place == found.end())
            return result;
        for (const Patch<Value>& patch : place->second) {
            std::vector<std::optional<int64_t>> firsts;
            for (const Side& side : patch.sides)
                firsts.push_back(side.alike ? std::nullopt : std::optional(side.first));
            py::array_t<Value> array(patch.extent());
            std::copy(patch.values.begin(), patch.values.end(), array.mutable_data());
            result.append(py::make_tuple(firsts, array));
        }
        return result;
    }
    static void require_within(const Box& all, const Box& box) {
        bool within = all.size() == box.size();
        for (size_t k = 0; k < box.size() && within; ++k)
            within = box[k].step > 0 && (box[k].empty() || (box[k].first >= 0 && box[k].last <= all[k].last));
        if (!within)
            throw std::out_of_range("positions lie outside the tensor");
    }
    void require(int64_t source, size_t axis) const {
        require_source(program_, source);
        if (axis >= hull_.axes.size())
            throw std::out_of_range("no such input axis");
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
    py::dict primitives;
    for (const auto& known : rfonnx::crossings())
        primitives[known.name.c_str()] = py::tuple(py::cast(known.fields));
    module.attr("PRIMITIVES") = primitives;
    py::class_<Result>(module, "Result")
        .def_property_readonly("axes", &Result::axes)
        .def_property_readonly("exact", &Result::exact)
        .def_property_readonly("widened", &Result::widened)
        .def_property_readonly("misaligned_joins", &Result::misaligned_joins)
        .def_property_readonly("global_steps", &Result::global_steps)
        .def("intervals", &Result::intervals, py::arg("source"), py::arg("axis"), py::arg("clip"),
             py::arg("positions") = std::vector<std::array<int64_t, 3>>())
        .def("intervals_at", &Result::intervals_at, py::arg("source"), py::arg("axis"), py::arg("clip"),
             py::arg("positions"))
        .def("landmarks", &Result::landmarks, py::arg("source"), py::arg("axis"), py::arg("own_axis") = -1,
             py::arg("period") = 1, py::arg("cuts") = std::vector<int64_t>())
        .def("box", &Result::box, py::arg("source"), py::arg("position"), py::arg("clip"))
        .def("summaries", &Result::summaries)
        .def("support", &Result::support, py::arg("source"), py::arg("position"), py::arg("input"))
        .def("paths", &Result::paths, py::arg("source"), py::arg("position"), py::arg("input"))
        .def("explain", &Result::explain, py::arg("source"), py::arg("axis"))
        .def("centers", &Result::centers, py::arg("source"), py::arg("axis"));
    module.def(
        "run",
        [](const py::list& inputs, const py::list& tensors, int64_t runs_from) {
            rfonnx::Program program = rfonnx::to_program(inputs, tensors);
            py::gil_scoped_release release;
            return Result(std::move(program), runs_from);
        },
        py::arg("inputs"), py::arg("tensors"), py::arg("runs_from") = rfonnx::kRunsFrom);
}
