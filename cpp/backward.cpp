#include "backward.hpp"

#include <algorithm>
#include <stdexcept>

#include "interval.hpp"
#include "reads.hpp"
#include "reindex.hpp"

namespace rfonnx {
namespace {

/// What tells the two interpretations apart: how shares add up and how a position splits its share over what it reads.
void accumulate(uint8_t& into, uint8_t value) {
    into = into || value;
}
void accumulate(double& into, double value) {
    into += value;
}
uint8_t split(uint8_t value, int64_t) {
    return value;
}
double split(double value, int64_t count) {
    return value / static_cast<double>(count);
}
uint8_t repeated(uint8_t value, int64_t) {
    return value;
}
double repeated(double value, int64_t count) {
    return value * static_cast<double>(count);
}

/// Shares of the axis that is read where all outputs have the same share: one column says it for every other axis.
template <typename Value>
std::vector<Value> column_of(const AxisReads& reads, int64_t before) {
    std::vector<Value> column(index(before), Value{0});
    for (int64_t o = 0; o < reads.length(); ++o) {
        const int64_t count = std::max(reads.free(o).count(), int64_t{1});
        const Progression real = reads.real(o, before);
        for (int64_t p = real.first; p <= real.last; p += real.step)
            accumulate(column[index(p)], split(Value{1}, count));
    }
    return column;
}

/// Shares along one axis of length `before`, from shares along the axis that was made from it. Each output hands its
/// share to what it really reads, in parts as for what it would read without borders: the padding's part is lost.
template <typename Value>
Cover<Value> through(const AxisReads& reads, const Shape& shape, Cover<Value> cover) {
    const auto axis = static_cast<size_t>(reads.axis());
    const int64_t before = shape[axis];
    if (std::max(reads.length(), before) > kLargestCover)
        throw std::length_error("too many positions to lay out; bind a smaller input shape");
    const Layout layout(cover.extent, axis);
    Cover<Value> result{cover.extent, {}};
    result.extent[axis] = before;
    const auto size = index(size_of(result.extent));
    if (cover.extent[axis] == 1 && reads.length() != 1) {
        const std::vector<Value> column = column_of<Value>(reads, before);
        result.values.reserve(size);
        for (int64_t o = 0; o < layout.outer; ++o) {
            for (const Value& share : column) {
                for (int64_t i = 0; i < layout.inner; ++i)
                    result.values.push_back(static_cast<Value>(share * cover.values[index(o * layout.inner + i)]));
            }
        }
        collapse(result, axis);
        return result;
    }
    result.values.assign(size, Value{0});
    for (int64_t o = 0; o < layout.outer; ++o) {
        for (int64_t position = 0; position < layout.length; ++position) {
            const Value* from = cover.values.data() + (o * layout.length + position) * layout.inner;
            if (std::all_of(from, from + layout.inner, [](Value v) { return v == Value{0}; }))
                continue;
            const int64_t count = std::max(reads.free(position).count(), int64_t{1});
            const Progression real = reads.real(position, before);
            for (int64_t p = real.first; p <= real.last; p += real.step) {
                Value* into = result.values.data() + (o * before + p) * layout.inner;
                for (int64_t i = 0; i < layout.inner; ++i)
                    accumulate(into[i], split(from[i], count));
            }
        }
    }
    collapse(result, axis);
    return result;
}

template <typename Value>
Cover<Value> through(const Reduce& reduce, const Shape& before, Cover<Value> cover) {
    int64_t count = 1;
    for (int axis : reduce.axes)
        count = multiply(count, before[static_cast<size_t>(axis)]);
    for (Value& value : cover.values)
        value = split(value, std::max(count, int64_t{1}));
    return cover; // extent 1 along the axes: alike for all that is read
}

template <typename Value>
Cover<Value> through(const Band& band, const Shape& before, Cover<Value> cover) {
    const auto by = static_cast<size_t>(band.by), axis = static_cast<size_t>(band.axis);
    const int64_t keys = before[axis], queries = before[by];
    expand(cover, by, queries);
    expand(cover, axis, keys);
    const int64_t stride_by = Layout(cover.extent, by).inner, stride_axis = Layout(cover.extent, axis).inner;
    for (int64_t entry = 0; entry < static_cast<int64_t>(cover.values.size()); ++entry) {
        const auto query = index(entry / stride_by % queries);
        const int64_t key = entry / stride_axis % keys;
        const bool read = band.first[query] <= key && key <= band.last[query];
        Value& value = cover.values[index(entry)];
        value = read ? split(value, band.last[query] - band.first[query] + 1) : Value{0};
    }
    collapse(cover, axis);
    collapse(cover, by);
    return cover;
}

template <typename Value>
Cover<Value> through(const Permute& permute, const Shape& before, Cover<Value> cover) {
    const size_t rank = before.size();
    Cover<Value> result{Shape(rank), {}};
    std::vector<int64_t> strides(rank); // in the cover, by old axis
    for (size_t axis = 0; axis < rank; ++axis) {
        const auto old_axis = static_cast<size_t>(permute.perm[axis]);
        result.extent[old_axis] = cover.extent[axis];
        strides[old_axis] = Layout(cover.extent, axis).inner;
    }
    std::vector<int64_t> position(rank, 0);
    result.values.reserve(cover.values.size());
    for (size_t entry = 0; entry < cover.values.size(); ++entry) {
        const int64_t from = std::inner_product(position.begin(), position.end(), strides.begin(), int64_t{0});
        result.values.push_back(cover.values[index(from)]);
        advance(position, result.extent);
    }
    return result;
}

/// Axis groups in which nothing differs stay alike; the others are laid out, renamed, and collapsed again.
template <typename Value>
Cover<Value> through(const Reshape& reshape, const Shape& before, Cover<Value> cover) {
    const Shape& after = reshape.shape;
    Shape extent = before;
    for (const Group& group : groups_of(before, after)) {
        bool differs = false;
        for (size_t axis = group.to_begin; axis < group.to_end; ++axis)
            differs = differs || cover.extent[axis] != 1;
        for (size_t axis = group.to_begin; axis < group.to_end && differs; ++axis)
            expand(cover, axis, after[axis]);
        for (size_t axis = group.from_begin; axis < group.from_end && !differs; ++axis)
            extent[axis] = 1;
    }
    cover.extent = std::move(extent);
    for (size_t axis = 0; axis < before.size(); ++axis)
        collapse(cover, axis);
    return cover;
}

/// Undoes broadcasting: what was repeated along an axis adds up, and added leading axes go.
template <typename Value>
Cover<Value> unbroadcast(const Shape& from, const Shape& to, const Cover<Value>& cover) {
    const size_t skipped = to.size() - from.size();
    Cover<Value> current = cover;
    for (size_t axis = 0; axis < to.size(); ++axis) {
        const bool repeats = axis < skipped || (from[axis - skipped] == 1 && to[axis] != 1);
        if (!repeats)
            continue;
        const Layout layout(current.extent, axis);
        std::vector<Value> values(index(layout.outer * layout.inner), Value{0});
        for (int64_t o = 0; o < layout.outer; ++o) {
            for (int64_t k = 0; k < layout.length; ++k) {
                for (int64_t i = 0; i < layout.inner; ++i) {
                    accumulate(values[index(o * layout.inner + i)],
                               current.values[index((o * layout.length + k) * layout.inner + i)]);
                }
            }
        }
        if (layout.length == 1) {
            for (Value& value : values)
                value = repeated(value, to[axis]);
        }
        current.extent[axis] = 1;
        current.values = std::move(values);
    }
    current.extent.erase(current.extent.begin(), current.extent.begin() + static_cast<std::ptrdiff_t>(skipped));
    return current;
}

template <typename Value>
Cover<Value> through_path(const Program& program, const Path& path, const Shape& shape, const Cover<Value>& cover) {
    std::vector<Shape> before{program.shape(path.source)};
    for (const Step& step : path.steps)
        before.push_back(shape_after(step, before.back()));
    Cover<Value> current = unbroadcast(before.back(), shape, cover);
    for (size_t k = path.steps.size(); k-- > 0;) {
        current =
            visit_step(path.steps[k], [&](const auto& step) { return through(step, before[k], std::move(current)); });
    }
    return current;
}

template <typename Value>
void add_to(std::map<int64_t, Cover<Value>>& covers, int64_t source, const Shape& shape, Cover<Value> cover) {
    const auto [place, fresh] = covers.try_emplace(source, cover);
    if (fresh)
        return;
    Cover<Value>& sum = place->second;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
        if (sum.extent[axis] == cover.extent[axis])
            continue;
        expand(sum, axis, shape[axis]);
        expand(cover, axis, shape[axis]);
    }
    for (size_t i = 0; i < sum.values.size(); ++i)
        accumulate(sum.values[i], cover.values[i]);
}

template <typename Value>
std::map<int64_t, Cover<Value>> run_backward(const Program& program, int64_t source,
                                             const std::vector<int64_t>& position) {
    const auto inputs = static_cast<int64_t>(program.inputs.size());
    const Shape& shape = program.shape(source);
    Cover<Value> seed{shape, std::vector<Value>(index(size_of(shape)), Value{0})};
    seed.values[index(flat(position, shape))] = Value{1};
    std::map<int64_t, Cover<Value>> covers;
    covers.emplace(source, std::move(seed));
    while (!covers.empty() && covers.rbegin()->first >= inputs) {
        const int64_t current = covers.rbegin()->first;
        const Cover<Value> cover = std::move(covers.rbegin()->second);
        covers.erase(current);
        const Tensor& tensor = program.tensors[index(current - inputs)];
        for (const Path& path : tensor.paths) {
            const Shape& from = program.shape(path.source);
            if (without_elements(from))
                continue;
            add_to(covers, path.source, from, through_path(program, path, tensor.shape, cover));
        }
    }
    return covers;
}

} // namespace

std::map<int64_t, Cover<uint8_t>> support(const Program& program, int64_t source,
                                          const std::vector<int64_t>& position) {
    return run_backward<uint8_t>(program, source, position);
}

std::map<int64_t, Cover<double>> paths(const Program& program, int64_t source, const std::vector<int64_t>& position) {
    return run_backward<double>(program, source, position);
}

} // namespace rfonnx
