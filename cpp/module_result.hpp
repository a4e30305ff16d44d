/// An analysed program, as Python asks it: rfonnx/_core.pyi says what each answer is.
#pragma once

#include <pybind11/pybind11.h>

#include <array>

#include "carriers.hpp"
#include "center.hpp"
#include "hull.hpp"

namespace rfonnx {

namespace py = pybind11;

using Pairs = std::vector<std::pair<int64_t, int64_t>>;

template <typename Item, typename First, typename Second>
std::vector<std::pair<First, Second>> pairs(const std::vector<Item>& items, First Item::* first,
                                            Second Item::* second) {
    std::vector<std::pair<First, Second>> result;
    for (const Item& item : items)
        result.emplace_back(item.*first, item.*second);
    return result;
}

/// Sources are numbered inputs first, then tensors, as in Path.
class Result {
public:
    Result(Program program, int64_t runs_from);

    auto axes() const { return pairs(hull_.axes, &InputAxis::input, &InputAxis::axis); }
    std::vector<bool> exact() const { return hull_.exact; }
    std::vector<bool> widened() const { return hull_.widened; }
    auto misaligned_joins() const { return pairs(alignment_.joins, &MisalignedJoin::tensor, &MisalignedJoin::axis); }
    auto global_steps() const { return pairs(carriers_.global, &GlobalStep::tensor, &GlobalStep::axis); }

    /// lo and hi of every position, laid out over the axes that they depend on. `positions`: by axis of the source the
    /// first, how many, and how far apart; none: all.
    py::tuple intervals(int64_t source, size_t axis, bool clip,
                        const std::vector<std::array<int64_t, 3>>& positions) const;
    /// The same at some positions of each axis, in any order.
    py::tuple intervals_at(int64_t source, size_t axis, bool clip,
                           const std::vector<std::vector<int64_t>>& places) const;
    /// How many positions of a source see an input axis from border to border, and of how many: those of `intervals`.
    std::pair<int64_t, int64_t> reaching(int64_t source, size_t axis) const;
    /// By axis of a source (positions, weights) that tell all of a field in both modes; see OwnAxis.
    py::list landmarks(int64_t source, size_t axis, int own_axis, int64_t period, std::vector<int64_t> cuts) const;
    /// Which positions have a position of the input's axis in their interval: (axis of the source, spans, by value
    /// whether they have it); see Holding. None where only `intervals` tells.
    py::object holding(int64_t source, size_t axis, int64_t at) const;
    /// Per input axis (lo, hi) at one position of a source.
    Pairs box(int64_t source, const std::vector<int64_t>& position, bool clip) const;
    /// Columns over (source, input axis), row-major: the numbers of rfonnx.results.fields.AxisField.
    py::dict summaries() const;
    /// Centres at position 0, (numerator, denominator) each, of the paths that meet in a source.
    Pairs centers(int64_t source, size_t axis) const;
    /// Patches of an input: the spans along each axis, and an array of values.
    py::list support(int64_t source, const std::vector<int64_t>& position, int64_t input) const;
    py::list paths(int64_t source, const std::vector<int64_t>& position, int64_t input) const;
    /// A tuple per link, the input first: see rfonnx/analysis/explanation.py.
    py::list explain(int64_t source, size_t axis) const;

private:
    void require(int64_t source, size_t axis) const;

    Program program_;
    Hull hull_;
    Alignment alignment_;
    Carriers carriers_;
};

} // namespace rfonnx
