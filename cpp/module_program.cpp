#include "module_program.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <unordered_map>

#include "primitives.hpp"

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

/// A tuple of numbers, an array of them, or None for no numbers.
std::vector<int64_t> to_table(const py::handle& object) {
    if (object.is_none())
        return {};
    if (py::isinstance<py::tuple>(object))
        return to_numbers(object);
    const auto array = py::cast<py::array_t<int64_t, py::array::c_style | py::array::forcecast>>(object);
    return {array.data(), array.data() + array.size()};
}

/// What has `runs`, of (length, values, increments) each, or else a table.
Places to_places(const py::handle& object) {
    if (object.is_none() || py::isinstance<py::array>(object) || !py::hasattr(object, "runs"))
        return Places(to_table(object));
    std::vector<Run> runs;
    for (const auto& item : py::cast<py::sequence>(object.attr("runs"))) {
        const auto run = py::cast<py::tuple>(item);
        runs.push_back({0, py::cast<int64_t>(run[0]), to_numbers(run[1]), to_numbers(run[2])});
    }
    return places_of(std::move(runs));
}

/// A field of a primitive.
template <typename Value>
Value to_value(const py::handle& object) {
    if constexpr (std::is_same_v<Value, Places>)
        return to_places(object);
    else if constexpr (std::is_same_v<Value, std::vector<int64_t>>)
        return to_table(object);
    else
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
} // namespace

std::vector<std::pair<std::string, std::vector<std::string>>> known_primitives() {
    std::vector<std::pair<std::string, std::vector<std::string>>> result;
    for (const Crossing& known : crossings())
        result.emplace_back(known.name, known.fields);
    return result;
}

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

} // namespace rfonnx
