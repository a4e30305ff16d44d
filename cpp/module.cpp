/// The Python module: only the files called module know pybind11. Stubs: rfonnx/_core.pyi.
#include <pybind11/stl.h>

#include "module_program.hpp"
#include "module_result.hpp"

namespace py = pybind11;

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
    using rfonnx::Result;
    module.doc() = "Interval propagation over access programs.";
    py::dict primitives;
    for (const auto& [name, fields] : rfonnx::known_primitives())
        primitives[name.c_str()] = py::tuple(py::cast(fields));
    module.attr("PRIMITIVES") = primitives;
    py::class_<Result>(module, "Result")
        .def_property_readonly("axes", &Result::axes)
        .def_property_readonly("exact", &Result::exact)
        .def_property_readonly("widened", &Result::widened)
        .def_property_readonly("misaligned_joins", &Result::misaligned_joins)
        .def_property_readonly("global_steps", &Result::global_steps)
        .def("intervals", &Result::intervals, py::arg("source"), py::arg("axis"), py::arg("clip"),
             py::arg("positions") = std::vector<std::array<int64_t, 3>>())
        .def("holding", &Result::holding, py::arg("source"), py::arg("axis"), py::arg("at"))
        .def("reaching", &Result::reaching, py::arg("source"), py::arg("axis"))
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