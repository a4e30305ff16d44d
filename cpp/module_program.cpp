#include "module_program.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <unordered_map>

#include "primitives.hpp"

namespace rfonnx {
namespace {

/// A number, without what pybind11 asks of objects of all sorts, since a model has many.
template <typename Number>
Number to_number(const py::handle& object) {
    const int64_t value = PyLong_AsLongLong(object.ptr());
    if (value == -1 && PyErr_Occurred() != nullptr)
        throw py::error_already_set();
    const auto result = static_cast<Number>(value);
    if (result != value)
        throw std::overflow_error("an axis exceeds 32 bits");
    return result;
}

/// A tuple as it is, or of another sequence.
py::tuple to_tuple(const py::handle& object) {
    return py::tuple(py::reinterpret_borrow<py::object>(object));
}

template <typename Number>
std::vector<Number> to_numbers(const py::handle& object) {
    const py::tuple tuple = to_tuple(object);
    std::vector<Number> result;
    result.reserve(tuple.size());
    for (const py::handle item : tuple)
        result.push_back(to_number<Number>(item));
    return result;
}

/// A tuple of numbers, an array of them, or None for no numbers.
std::vector<int64_t> to_table(const py::handle& object) {
    if (object.is_none())
        return {};
    if (py::isinstance<py::tuple>(object))
        return to_numbers<int64_t>(object);
    const auto array = py::cast<py::array_t<int64_t, py::array::c_style | py::array::forcecast>>(object);
    return {array.data(), array.data() + array.size()};
}

/// What has `runs`, of (length, values, increments) each, or else a table.
Places to_places(const py::handle& object) {
    if (object.is_none() || py::isinstance<py::array>(object) || !py::hasattr(object, "runs"))
        return Places(to_table(object));
    std::vector<Run> runs;
    for (const py::handle item : to_tuple(object.attr("runs"))) {
        const py::tuple run = to_tuple(item);
        runs.push_back({0, to_number<int64_t>(run[0]), to_numbers<int64_t>(run[1]), to_numbers<int64_t>(run[2])});
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
    else if constexpr (std::is_same_v<Value, std::vector<int>>)
        return to_numbers<int>(object);
    else
        return to_number<Value>(object);
}

template <typename Primitive, typename Value>
void set(Primitive& primitive, NamedField<Primitive, Value> field, const py::handle& object) {
    primitive.*field.place = to_value<Value>(object);
}

template <typename Primitive>
Step made(const py::tuple& step) {
    if (step.size() != std::tuple_size_v<decltype(Named<Primitive>::fields)>)
        throw std::invalid_argument("an access primitive with too few fields, or too many");
    Primitive result{};
    py::ssize_t place = 0;
    std::apply([&](auto... fields) { (set(result, fields, PyTuple_GET_ITEM(step.ptr(), place++)), ...); },
               Named<Primitive>::fields);
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

const std::vector<Crossing>& crossings() {
    static const std::vector<Crossing> all = crossings(static_cast<const Step*>(nullptr));
    return all;
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
    for (const py::handle item : inputs) {
        const py::tuple input = to_tuple(item);
        program.inputs.push_back({py::cast<std::string>(input[0]), to_numbers<int64_t>(input[1])});
    }
    program.tensors.reserve(tensors.size());
    for (const py::handle item : tensors) {
        const py::tuple tensor = to_tuple(item);
        const py::tuple paths = to_tuple(tensor[2]);
        Tensor result{py::cast<std::string>(tensor[0]), to_numbers<int64_t>(tensor[1]), {}, py::cast<bool>(tensor[3])};
        result.paths.reserve(paths.size());
        for (const py::handle entry : paths) {
            const py::tuple path = to_tuple(entry);
            const py::tuple steps = to_tuple(path[1]);
            Path read{to_number<int64_t>(path[0]), {}};
            read.steps.reserve(steps.size());
            for (const py::handle step : steps)
                read.steps.push_back(to_step(step));
            result.paths.push_back(std::move(read));
        }
        program.tensors.push_back(std::move(result));
    }
    return program;
}

} // namespace rfonnx
