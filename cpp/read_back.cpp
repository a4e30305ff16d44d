#include "read_back.hpp"

#include "patch_groups.hpp"
#include "share.hpp"

namespace rfonnx {
namespace {

/// Steps back along one axis: each output hands its share to what it really reads, in parts as for what it would read
/// without borders. The padding's part is lost.
template <typename Value>
Patches<Value> through(const AxisReads& reads, const Shape& before, Patch<Value> patch) {
    const auto axis = static_cast<size_t>(reads.axis());
    const Shares told = shares_of(reads, before[axis], patch.sides[axis]);
    if (told.side.empty())
        return {};
    Patch<Value> result{patch.sides, {}};
    result.sides[axis] = told.side;
    require_room(result.extent());
    const Layout from(patch.extent(), axis), into(result.extent(), axis);
    result.values.assign(index(into.outer * into.length * into.inner), Value{0});
    for (int64_t o = 0; o < from.outer; ++o) {
        const Value* rows = patch.values.data() + o * from.length * from.inner;
        Value* target = result.values.data() + o * into.length * into.inner;
        for (const Share& share : told.shares) {
            const Value* row = rows + share.from * from.inner;
            Value* sum = target + share.to * into.inner;
            for (int64_t i = 0; i < from.inner; ++i)
                accumulate(sum[i], repeated(split(row[i], share.parts), share.times));
        }
    }
    simplify(result, axis);
    return {result};
}

template <typename Value>
Patches<Value> through(const Reduce& reduce, const Shape& before, Patch<Value> patch) {
    int64_t count = 1;
    for (int axis : reduce.axes)
        count = multiply(count, before[static_cast<size_t>(axis)]);
    for (Value& value : patch.values)
        value = split(value, std::max(count, int64_t{1}));
    for (int axis : reduce.axes)
        patch.sides[static_cast<size_t>(axis)] = alike(before[static_cast<size_t>(axis)]);
    return {patch};
}

template <typename Value>
Patches<Value> through(const Band& band, const Shape& before, Patch<Value> patch) {
    const auto by = static_cast<size_t>(band.by), axis = static_cast<size_t>(band.axis);
    write_out(patch, by);
    const std::vector<int64_t> queries = positions(patch.sides[by]);
    int64_t first = before[axis], last = -1;
    for (const int64_t query : queries) {
        const Progression read = clipped({band.first[index(query)], band.last[index(query)], 1}, before[axis]);
        if (read.empty())
            continue;
        first = std::min(first, read.first);
        last = std::max(last, read.last);
    }
    if (last < first)
        return {};
    const int64_t count = last - first + 1;
    lay(patch, axis, {{first, count, count}}, std::vector<int64_t>(index(count), 0));
    const Shape extent = patch.extent();
    const int64_t inner_by = Layout(extent, by).inner, inner_axis = Layout(extent, axis).inner;
    for (int64_t entry = 0; entry < static_cast<int64_t>(patch.values.size()); ++entry) {
        const size_t query = index(queries[index(entry / inner_by % extent[by])]);
        const int64_t key = first + entry / inner_axis % extent[axis];
        const bool read = band.first[query] <= key && key <= band.last[query];
        Value& value = patch.values[index(entry)];
        value = read ? split(value, band.last[query] - band.first[query] + 1) : Value{0};
    }
    simplify(patch, axis);
    simplify(patch, by);
    return {patch};
}

template <typename Value>
Patches<Value> through(const Permute& permute, const Shape& before, Patch<Value> patch) {
    const size_t rank = before.size();
    const Shape extent = patch.extent();
    Patch<Value> result{std::vector<Side>(rank), {}};
    std::vector<int64_t> strides(rank); // in the patch, by old axis
    for (size_t axis = 0; axis < rank; ++axis) {
        const auto old_axis = static_cast<size_t>(permute.perm[axis]);
        result.sides[old_axis] = patch.sides[axis];
        strides[old_axis] = Layout(extent, axis).inner;
    }
    const Shape counts = result.extent();
    std::vector<int64_t> position(rank, 0);
    result.values.reserve(patch.values.size());
    for (size_t entry = 0; entry < patch.values.size(); ++entry) {
        const int64_t from = std::inner_product(position.begin(), position.end(), strides.begin(), int64_t{0});
        result.values.push_back(patch.values[index(from)]);
        advance(position, counts);
    }
    return {result};
}

template <typename Value>
Patches<Value> through(const Reshape& reshape, const Shape& before, Patch<Value> patch) {
    for (const Group& group : groups_of(before, reshape.shape))
        patch = regrouped(std::move(patch), group, before, reshape.shape);
    patch.sides.resize(before.size(), alike(1)); // without axes of length 1 at the end that are in no group
    return {patch};
}

} // namespace

template <typename Value>
Patches<Value> read_back(const Step& step, const Shape& before, Patch<Value> patch) {
    return visit_step(step, [&](const auto& single) { return through(single, before, std::move(patch)); });
}

template <typename Value>
Patch<Value> unbroadcast(const Shape& from, const Shape& to, Patch<Value> patch) {
    const size_t skipped = to.size() - from.size();
    for (size_t axis = 0; axis < to.size(); ++axis) {
        const bool repeats = axis < skipped || (from[axis - skipped] == 1 && to[axis] != 1);
        if (!repeats)
            continue;
        const std::vector<int64_t> times = turns(patch.sides[axis]);
        const Layout layout(patch.extent(), axis);
        std::vector<Value> values(index(layout.outer * layout.inner), Value{0});
        for (int64_t o = 0; o < layout.outer; ++o) {
            for (int64_t k = 0; k < layout.length; ++k) {
                const Value* row = patch.values.data() + (o * layout.length + k) * layout.inner;
                for (int64_t i = 0; i < layout.inner; ++i)
                    accumulate(values[index(o * layout.inner + i)], repeated(row[i], times[index(k)]));
            }
        }
        patch.sides[axis] = alike(1);
        patch.values = std::move(values);
    }
    patch.sides.erase(patch.sides.begin(), patch.sides.begin() + static_cast<std::ptrdiff_t>(skipped));
    return patch;
}

template Patches<uint8_t> read_back(const Step&, const Shape&, Patch<uint8_t>);
template Patches<double> read_back(const Step&, const Shape&, Patch<double>);
template Patch<uint8_t> unbroadcast(const Shape&, const Shape&, Patch<uint8_t>);
template Patch<double> unbroadcast(const Shape&, const Shape&, Patch<double>);

} // namespace rfonnx
