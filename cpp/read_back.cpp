#include "read_back.hpp"

#include "patch_groups.hpp"
#include "reads.hpp"

namespace rfonnx {
namespace {

/// Reads that lie further apart than this along an axis are not laid out together.
constexpr int64_t kFar = 4096;

/// Outputs in a row, the first and how many, and the positions between the lowest and the highest that they read.
struct Reach {
    int64_t output, outputs;
    Side read;
};

/// The outputs `first ..` of a step, divided where they read far from what those before them read.
std::vector<Reach> reaches(const AxisReads& reads, int64_t before, int64_t first, int64_t count) {
    std::vector<Reach> result;
    for (int64_t o = first; o < first + count; ++o) {
        const Progression real = reads.real(o, before);
        if (real.empty())
            continue;
        const Side own{real.first, real.last - real.first + 1, false};
        if (!result.empty()) {
            Side& read = result.back().read;
            const int64_t begin = std::min(read.first, own.first);
            const int64_t end = std::max(read.first + read.count, own.first + own.count);
            if (end - begin <= read.count + own.count + kFar) {
                read = {begin, end - begin, false};
                result.back().outputs = o + 1 - result.back().output;
                continue;
            }
        }
        result.push_back({o, 1, own});
    }
    return result;
}

/// Steps back along one axis: each output hands its share to what it really reads, in parts as for what it would read
/// without borders. The padding's part is lost.
template <typename Value>
struct Handing {
    const AxisReads& reads;
    int64_t before;
    const Patch<Value>& from;
    size_t axis = static_cast<size_t>(reads.axis());
    bool alike = from.sides[axis].alike;

    Patch<Value> through(const Reach& reach) const {
        Patch<Value> result{from.sides, {}};
        result.sides[axis] = reach.read;
        require_room(result.sides);
        const Layout layout(from.extent(), axis);
        result.values.assign(index(layout.outer * reach.read.count * layout.inner), Value{0});
        if (alike) {
            const std::vector<Value> shares = shares_of(reach);
            Value* into = result.values.data();
            for (int64_t o = 0; o < layout.outer; ++o) {
                const Value* row = from.values.data() + o * layout.inner;
                for (const Value& share : shares) {
                    for (int64_t i = 0; i < layout.inner; ++i)
                        *into++ = static_cast<Value>(share * row[i]);
                }
            }
        } else {
            for (int64_t output = reach.output; output < reach.output + reach.outputs; ++output)
                hand(output, reach.read, layout, result.values);
        }
        collapse(result, axis, before);
        return result;
    }

private:
    /// Of outputs that all have the same share: that of each position read.
    std::vector<Value> shares_of(const Reach& reach) const {
        std::vector<Value> shares(index(reach.read.count), Value{0});
        for (int64_t output = reach.output; output < reach.output + reach.outputs; ++output) {
            const Value part = split(Value{1}, std::max(reads.free(output).count(), int64_t{1}));
            const Progression real = reads.real(output, before);
            for (int64_t p = real.first; p <= real.last; p += real.step)
                accumulate(shares[index(p - reach.read.first)], part);
        }
        return shares;
    }
    void hand(int64_t output, const Side& read, const Layout& layout, std::vector<Value>& values) const {
        const int64_t count = std::max(reads.free(output).count(), int64_t{1});
        const Progression real = reads.real(output, before);
        for (int64_t o = 0; o < layout.outer; ++o) {
            const Value* row =
                from.values.data() + (o * layout.length + output - from.sides[axis].first) * layout.inner;
            if (std::all_of(row, row + layout.inner, [](Value v) { return v == Value{0}; }))
                continue;
            for (int64_t p = real.first; p <= real.last; p += real.step) {
                Value* into = values.data() + (o * read.count + p - read.first) * layout.inner;
                for (int64_t i = 0; i < layout.inner; ++i)
                    accumulate(into[i], split(row[i], count));
            }
        }
    }
};

template <typename Value>
Patches<Value> through(const AxisReads& reads, const Shape& before, Patch<Value> patch) {
    const auto axis = static_cast<size_t>(reads.axis());
    const Side side = patch.sides[axis].alike ? Side{0, reads.length(), false} : patch.sides[axis];
    if (side.count > kLargestPatch)
        throw std::length_error("too many positions to lay out; bind a smaller input shape");
    const Handing<Value> handing{reads, before[axis], patch};
    Patches<Value> result;
    for (const Reach& reach : reaches(reads, before[axis], side.first, side.count))
        result.push_back(handing.through(reach));
    return result;
}

template <typename Value>
Patches<Value> through(const Reduce& reduce, const Shape& before, Patch<Value> patch) {
    int64_t count = 1;
    for (int axis : reduce.axes)
        count = multiply(count, before[static_cast<size_t>(axis)]);
    for (Value& value : patch.values)
        value = split(value, std::max(count, int64_t{1}));
    return {patch}; // one value along the axes: alike for all that is read
}

template <typename Value>
Patches<Value> through(const Band& band, const Shape& before, Patch<Value> patch) {
    const auto by = static_cast<size_t>(band.by), axis = static_cast<size_t>(band.axis);
    if (patch.sides[by].alike)
        widen(patch, by, {0, before[by], false});
    const Side queries = patch.sides[by];
    int64_t first = before[axis], last = -1;
    for (int64_t query = queries.first; query < queries.first + queries.count; ++query) {
        const Progression read = clipped({band.first[index(query)], band.last[index(query)], 1}, before[axis]);
        if (read.empty())
            continue;
        first = std::min(first, read.first);
        last = std::max(last, read.last);
    }
    if (last < first)
        return {};
    widen(patch, axis, {first, last - first + 1, false});
    const Shape extent = patch.extent();
    const int64_t inner_by = Layout(extent, by).inner, inner_axis = Layout(extent, axis).inner;
    for (int64_t entry = 0; entry < static_cast<int64_t>(patch.values.size()); ++entry) {
        const auto query = index(queries.first + entry / inner_by % extent[by]);
        const int64_t key = first + entry / inner_axis % extent[axis];
        const bool read = band.first[query] <= key && key <= band.last[query];
        Value& value = patch.values[index(entry)];
        value = read ? split(value, band.last[query] - band.first[query] + 1) : Value{0};
    }
    collapse(patch, axis, before[axis]);
    collapse(patch, by, before[by]);
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
    patch.sides.resize(before.size(), kAlike); // without axes of length 1 at the end that are in no group
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
        if (patch.sides[axis].alike) {
            for (Value& value : patch.values)
                value = repeated(value, to[axis]);
            continue;
        }
        const Layout layout(patch.extent(), axis);
        std::vector<Value> values(index(layout.outer * layout.inner), Value{0});
        for (int64_t o = 0; o < layout.outer; ++o) {
            for (int64_t k = 0; k < layout.length; ++k) {
                for (int64_t i = 0; i < layout.inner; ++i) {
                    accumulate(values[index(o * layout.inner + i)],
                               patch.values[index((o * layout.length + k) * layout.inner + i)]);
                }
            }
        }
        patch.sides[axis] = kAlike;
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
