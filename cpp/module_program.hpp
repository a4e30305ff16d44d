/// How programs cross from Python: named tuples of numbers, strings and arrays.
#pragma once

#include <pybind11/pybind11.h>

#include "program.hpp"

namespace rfonnx {

namespace py = pybind11;

/// By the name of each primitive its fields, in order.
std::vector<std::pair<std::string, std::vector<std::string>>> known_primitives();

/// The program of `run` in rfonnx/_core.pyi. Throws std::invalid_argument where a step is no primitive.
Program to_program(const py::list& inputs, const py::list& tensors);

} // namespace rfonnx
