#include "center.hpp"

#include <algorithm>

#include "reads.hpp"
#include "reindex.hpp"

namespace rfonnx {
namespace {

/// Mean over one period of the middle of the reads: o -> slope * o + offset on the tensor read.
CenterLine line_of(const AxisReads& reads) {
    const Rational slope(reads.shift(), reads.period());
    Rational sum = 0;
    int64_t count = 0;
    for (int64_t o = 0; o < std::min(reads.period(), reads.length()); ++o) {
        const Progression read = reads.free(o);
        if (read.empty())
            continue;
        sum = sum + Rational(add(read.first, read.last), 2) - slope * o;
        ++count;
    }
    return {reads.axis(), slope, count > 0 ? sum / count : Rational(0)};
}

/// The line of a term that walks one axis by a rule, or nothing.
void add_line_of(const Term& term, CenterLines& lines) {
    if (term.walks.size() + term.along.has_value() != 1)
        return;
    const Walk& walk = term.along ? *term.along : term.walks[0];
    if (walk.period == 0 || walk.shift == 0)
        return;
    const Rational slope(walk.shift, walk.period);
    Rational sum = 0;
    for (int64_t i = 0; i < walk.period; ++i) {
        const Interval value = term.along ? at_position(term.columns[0], i) : term.table[static_cast<size_t>(i)];
        if (value.empty())
            return;
        sum = sum + Rational(add(value.lo, value.hi), 2) - slope * i;
    }
    lines.push_back({walk.axis, slope, sum / walk.period});
}

/// Axes that a reshape passes on whole, new index by old index; -1 for those that it merges or cuts.
std::vector<int> kept_axes(const Shape& from, const Shape& to) {
    std::vector<int> kept(from.size(), -1);
    for (const Group& group : groups_of(from, to)) {
        int old_axis = -1, new_axis = -1;
        bool single = true;
        for (size_t axis = group.from_begin; axis < group.from_end; ++axis) {
            if (from[axis] == 1 && group.from_end - group.from_begin > 1)
                continue;
            single = single && old_axis < 0;
            old_axis = static_cast<int>(axis);
        }
        for (size_t axis = group.to_begin; axis < group.to_end; ++axis) {
            if (to[axis] == 1 && group.to_end - group.to_begin > 1)
                continue;
            single = single && new_axis < 0;
            new_axis = static_cast<int>(axis);
        }
        if (single && old_axis >= 0 && new_axis >= 0)
            kept[static_cast<size_t>(old_axis)] = new_axis;
    }
    return kept;
}

void renumber(CenterLines& lines, const std::vector<int>& new_axis) {
    for (CenterLine& line : lines)
        line.axis = new_axis[static_cast<size_t>(line.axis)];
    lines.erase(std::remove_if(lines.begin(), lines.end(), [](const CenterLine& line) { return line.axis < 0; }),
                lines.end());
}

/// Moves lines along through a step. `lost` is set when a reshape could not carry a line over.
struct Following {
    const Shape& before;
    CenterLines& lines;
    bool& lost;

    /// A line of a line: position o reads around `slope*o + offset` of the tensor read, and there the line goes on.
    void operator()(const AxisReads& reads) const {
        if (reads.period() == 0 || reads.period() > kLargestTable)
            return end_along({reads.axis()});
        const CenterLine read = line_of(reads);
        for (CenterLine& line : lines) {
            if (line.axis != read.axis)
                continue;
            line.offset = line.slope * read.offset + line.offset;
            line.slope = line.slope * read.slope;
        }
        lines.erase(
            std::remove_if(lines.begin(), lines.end(),
                           [&](const CenterLine& line) { return line.axis == read.axis && line.slope == Rational(0); }),
            lines.end());
    }
    void operator()(const Reduce& step) const { end_along(step.axes); }
    void operator()(const Band& step) const { end_along({step.axis}); }
    void operator()(const Permute& step) const {
        std::vector<int> new_axis(before.size());
        for (size_t axis = 0; axis < before.size(); ++axis)
            new_axis[static_cast<size_t>(step.perm[axis])] = static_cast<int>(axis);
        renumber(lines, new_axis);
    }
    void operator()(const Reshape& step) const {
        const size_t count = lines.size();
        renumber(lines, kept_axes(before, step.shape));
        lost = lost || lines.size() < count;
    }

private:
    void end_along(const std::vector<int>& axes) const {
        std::vector<int> new_axis(before.size());
        std::iota(new_axis.begin(), new_axis.end(), 0);
        for (int axis : axes)
            new_axis[static_cast<size_t>(axis)] = -1;
        renumber(lines, new_axis);
    }
};

void add_all(CenterLines& into, const CenterLines& lines) {
    for (const CenterLine& line : lines) {
        if (into.size() < kMostLines && std::find(into.begin(), into.end(), line) == into.end())
            into.push_back(line);
    }
}

/// True when two paths walk the same axis along different lines. Lines along different axes (the queries and keys of
/// attention scores) have nothing to be aligned.
bool differ(const CenterLines& a, const CenterLines& b) {
    const auto differs = [](const CenterLines& some, const CenterLines& others) {
        return std::any_of(some.begin(), some.end(), [&](const CenterLine& line) {
            const auto along = [&](const CenterLine& other) { return other.axis == line.axis; };
            return std::any_of(others.begin(), others.end(), along) &&
                   std::find(others.begin(), others.end(), line) == others.end();
        });
    };
    return differs(a, b) || differs(b, a);
}

struct Arrival {
    CenterLines lines;
    bool lost = false;
};

/// `shapes`: along the path.
Arrival arrive(const Tensor& tensor, const Path& path, const std::vector<Shape>& shapes, CenterLines lines) {
    Arrival result{std::move(lines), false};
    if (result.lines.empty())
        return result;
    for (size_t k = 0; k < path.steps.size(); ++k)
        visit_step(path.steps[k], Following{shapes[k], result.lines, result.lost});
    const Shape& shape = shapes.back();
    const auto skipped = static_cast<int>(tensor.shape.size() - shape.size());
    std::vector<int> new_axis;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
        const int into = static_cast<int>(axis) + skipped;
        // What has one position, or picks one, walks nowhere.
        const bool walks = shape[axis] > 1 && tensor.shape[static_cast<size_t>(into)] == shape[axis];
        new_axis.push_back(walks ? into : -1);
    }
    renumber(result.lines, new_axis);
    return result;
}

} // namespace

bool Alignment::aligned(size_t field) const {
    const CenterLines& all = lines[field];
    for (size_t i = 1; i < all.size(); ++i) {
        for (size_t j = 0; j < i; ++j) {
            if (all[i].axis == all[j].axis)
                return false;
        }
    }
    return true;
}

Alignment align(const Program& program, const Hull& hull) {
    Alignment result;
    const size_t axes = hull.axes.size();
    const auto inputs = static_cast<int64_t>(program.inputs.size());
    for (int64_t input = 0; input < inputs; ++input) {
        for (const InputAxis& axis : hull.axes) {
            result.lines.emplace_back();
            if (axis.input == input)
                result.lines.back().push_back({axis.axis, 1, 0});
        }
    }
    for (int64_t index = 0; index < static_cast<int64_t>(program.tensors.size()); ++index) {
        const Tensor& tensor = program.tensors[static_cast<size_t>(index)];
        std::vector<std::vector<Shape>> shapes;
        for (const Path& path : tensor.paths)
            shapes.push_back(shapes_along(program, path));
        for (size_t axis = 0; axis < axes; ++axis) {
            CenterLines lines;
            bool lost = false, misaligned = false;
            for (size_t k = 0; k < tensor.paths.size(); ++k) {
                const Path& path = tensor.paths[k];
                const CenterLines& from = result.lines[static_cast<size_t>(path.source) * axes + axis];
                Arrival arrival;
                try {
                    arrival = arrive(tensor, path, shapes[k], from);
                } catch (const std::overflow_error&) {
                    continue; // offsets of absurd denominators: the line ends
                }
                lost = lost || arrival.lost;
                misaligned = misaligned || differ(lines, arrival.lines);
                add_all(lines, arrival.lines);
            }
            if (lost && lines.empty()) {
                for (const TermPtr& term : hull.field(inputs + index, axis, false).terms)
                    add_line_of(*term, lines);
            }
            if (misaligned)
                result.joins.push_back({index, axis});
            result.lines.push_back(std::move(lines));
        }
    }
    return result;
}

} // namespace rfonnx
