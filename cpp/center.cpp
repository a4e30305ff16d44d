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
    if (walk.period == 0 || walk.shift == 0 || walk.period > kLongestTurn)
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

template <typename Ends>
void drop(CenterLines& lines, Ends ends) {
    lines.erase(std::remove_if(lines.begin(), lines.end(), ends), lines.end());
}

void renumber(CenterLines& lines, const std::vector<int>& new_axis) {
    for (CenterLine& line : lines)
        line.axis = new_axis[static_cast<size_t>(line.axis)];
    drop(lines, [](const CenterLine& line) { return line.axis < 0; });
}

/// What a path brings of one input axis.
struct Arrival {
    CenterLines lines;
    bool lost = false; // a reshape could not carry a line over
};

/// Moves the lines of all input axes along through a step.
struct Following {
    const Shape& before;
    std::vector<Arrival>& arrivals;

    void operator()(const AxisReads& reads) const {
        if (reads.period() == 0 || reads.period() > kLargestTable)
            return end_along({reads.axis()});
        const auto idle = [](const Arrival& arrival) { return arrival.lines.empty(); };
        if (std::all_of(arrivals.begin(), arrivals.end(), idle))
            return;
        try {
            const CenterLine read = line_of(reads);
            for (Arrival& arrival : arrivals)
                go_on(arrival, read);
        } catch (const std::overflow_error&) {
            arrivals.assign(arrivals.size(), {});
        }
    }
    void operator()(const Reduce& step) const { end_along(step.axes); }
    void operator()(const Band& step) const { end_along({step.axis}); }
    void operator()(const Permute& step) const {
        std::vector<int> new_axis(before.size());
        for (size_t axis = 0; axis < before.size(); ++axis)
            new_axis[static_cast<size_t>(step.perm[axis])] = static_cast<int>(axis);
        for (Arrival& arrival : arrivals)
            renumber(arrival.lines, new_axis);
    }
    void operator()(const Reshape& step) const {
        const std::vector<int> new_axis = kept_axes(before, step.shape);
        for (Arrival& arrival : arrivals) {
            const size_t count = arrival.lines.size();
            renumber(arrival.lines, new_axis);
            arrival.lost = arrival.lost || arrival.lines.size() < count;
        }
    }

private:
    /// A line of a line: position o reads around `slope*o + offset` of the tensor read, and there the line goes on.
    static void go_on(Arrival& arrival, const CenterLine& read) {
        try {
            for (CenterLine& line : arrival.lines) {
                if (line.axis != read.axis)
                    continue;
                line.offset = line.slope * read.offset + line.offset;
                line.slope = line.slope * read.slope;
            }
        } catch (const std::overflow_error&) {
            arrival = {}; // offsets of absurd denominators: the line ends
        }
        drop(arrival.lines,
             [&](const CenterLine& line) { return line.axis == read.axis && line.slope == Rational(0); });
    }
    void end_along(const std::vector<int>& axes) const {
        for (Arrival& arrival : arrivals)
            drop(arrival.lines,
                 [&](const CenterLine& line) { return std::find(axes.begin(), axes.end(), line.axis) != axes.end(); });
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

/// True where a tensor passes on all lines of its operand: those along axes of one position, which only inputs and
/// reshapes have, end.
bool passes_all_on(const Program& program, const Tensor& tensor, const CenterLinesPtr* lines, size_t axes) {
    return passes_on(program, tensor) && std::all_of(lines, lines + axes, [&](const CenterLinesPtr& along) {
               return std::all_of(along->begin(), along->end(), [&](const CenterLine& line) {
                   return tensor.shape[static_cast<size_t>(line.axis)] > 1;
               });
           });
}

/// By input axis what a path brings to a tensor. `lines`: those of its source.
std::vector<Arrival> arrivals_of(const Program& program, const Tensor& tensor, const Path& path,
                                 const CenterLinesPtr* lines, size_t axes) {
    std::vector<Arrival> result;
    result.reserve(axes);
    for (size_t axis = 0; axis < axes; ++axis)
        result.push_back({*lines[axis], false});
    Shape shape = program.shape(path.source);
    for (const Step& step : path.steps) {
        visit_step(step, Following{shape, result});
        change(shape, step);
    }
    const size_t skipped = tensor.shape.size() - shape.size();
    std::vector<int> new_axis(shape.size());
    for (size_t axis = 0; axis < shape.size(); ++axis) {
        // What has one position, or picks one, walks nowhere.
        const bool walks = shape[axis] > 1 && tensor.shape[axis + skipped] == shape[axis];
        new_axis[axis] = walks ? static_cast<int>(axis + skipped) : -1;
    }
    for (Arrival& arrival : result)
        renumber(arrival.lines, new_axis);
    return result;
}

} // namespace

bool Alignment::aligned(size_t field) const {
    const CenterLines& all = *lines[field];
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
    result.lines.reserve(static_cast<size_t>(program.sources()) * axes);
    for (int64_t input = 0; input < inputs; ++input) {
        for (const InputAxis& axis : hull.axes) {
            const bool own = axis.input == input;
            result.lines.push_back(
                std::make_shared<const CenterLines>(own ? CenterLines{{axis.axis, 1, 0}} : CenterLines()));
        }
    }
    for (int64_t index = 0; index < static_cast<int64_t>(program.tensors.size()); ++index) {
        const Tensor& tensor = program.tensors[static_cast<size_t>(index)];
        const auto lines_of = [&](const Path& path) {
            return result.lines.data() + static_cast<size_t>(path.source) * axes;
        };
        if (!tensor.paths.empty() && passes_all_on(program, tensor, lines_of(tensor.paths[0]), axes)) {
            const CenterLinesPtr* lines = lines_of(tensor.paths[0]);
            for (size_t axis = 0; axis < axes; ++axis)
                result.lines.push_back(CenterLinesPtr(lines[axis]));
            continue;
        }
        std::vector<std::vector<Arrival>> arrivals;
        arrivals.reserve(tensor.paths.size());
        for (const Path& path : tensor.paths)
            arrivals.push_back(arrivals_of(program, tensor, path, lines_of(path), axes));
        for (size_t axis = 0; axis < axes; ++axis) {
            CenterLines lines;
            bool lost = false, misaligned = false;
            for (const std::vector<Arrival>& along : arrivals) {
                lost = lost || along[axis].lost;
                misaligned = misaligned || differ(lines, along[axis].lines);
                add_all(lines, along[axis].lines);
            }
            if (lost && lines.empty()) {
                for (const TermPtr& term : hull.field(inputs + index, axis, false).terms)
                    add_line_of(*term, lines);
            }
            if (misaligned)
                result.joins.push_back({index, axis});
            const CenterLinesPtr before = tensor.paths.empty() ? nullptr : lines_of(tensor.paths[0])[axis];
            result.lines.push_back(before && *before == lines ? before
                                                              : std::make_shared<const CenterLines>(std::move(lines)));
        }
    }
    return result;
}

} // namespace rfonnx
