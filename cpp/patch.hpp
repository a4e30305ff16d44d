/// Values over some positions of a tensor, a box of them: what one position of a later tensor reads. Along each axis
/// the box is stretches with a period, so that a patch has as many values as differ, however many positions there are.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "interval.hpp"
#include "program.hpp"
#include "row_major.hpp"
#include "side.hpp"

namespace rfonnx {

template <typename Value>
struct Patch {
    std::vector<Side> sides;
    std::vector<Value> values; // row-major over the values of the sides

    Shape extent() const {
        Shape counts;
        for (const Side& side : sides)
            counts.push_back(slots(side));
        return counts;
    }
};

/// Most values that a patch may have; a std::length_error beyond it.
constexpr int64_t kLargestPatch = int64_t{1} << 28;

/// Values in a box; `kLargestPatch + 1` where there are more than a patch may have.
inline int64_t volume(const Shape& extent) {
    int64_t size = 1;
    for (const int64_t count : extent) {
        if (count != 0 && size > kLargestPatch / count)
            return kLargestPatch + 1;
        size *= count;
    }
    return size;
}

/// Throws where the box is too large for a patch.
inline void require_room(const Shape& extent) {
    if (volume(extent) > kLargestPatch)
        throw std::length_error("too many positions to lay out; bind a smaller input shape");
}

/// What tells the two interpretations apart: how shares add up, how a position splits its share over what it reads, and
/// what a share is that comes several times.
inline void accumulate(uint8_t& into, uint8_t value) {
    into = into || value;
}
inline void accumulate(double& into, double value) {
    into += value;
}
inline uint8_t split(uint8_t value, int64_t) {
    return value;
}
inline double split(double value, int64_t count) {
    return value / static_cast<double>(count);
}
inline uint8_t repeated(uint8_t value, int64_t) {
    return value;
}
inline double repeated(double value, int64_t count) {
    return value * static_cast<double>(count);
}

/// The same patch over other positions of an axis. `from`: by value there the value here, or -1 for nothing.
template <typename Value>
void lay(Patch<Value>& patch, size_t axis, Side to, const std::vector<int64_t>& from) {
    const Layout layout(patch.extent(), axis);
    patch.sides[axis] = std::move(to);
    require_room(patch.extent());
    const auto count = static_cast<int64_t>(from.size());
    std::vector<Value> values(index(layout.outer * count * layout.inner), Value{0});
    for (int64_t o = 0; o < layout.outer; ++o) {
        const Value* row = patch.values.data() + o * layout.length * layout.inner;
        Value* into = values.data() + o * count * layout.inner;
        for (int64_t k = 0; k < count; ++k) {
            if (from[index(k)] >= 0)
                std::copy_n(row + from[index(k)] * layout.inner, layout.inner, into + k * layout.inner);
        }
    }
    patch.values = std::move(values);
}

/// Tells which values along an axis are the same at all positions of the others.
template <typename Value>
class Comparison {
public:
    Comparison(const Patch<Value>& patch, size_t axis) : patch_(patch), layout_(patch.extent(), axis) {}

    bool same(int64_t a, int64_t b) const {
        for (int64_t o = 0; o < layout_.outer && a != b; ++o) {
            const Value* row = patch_.values.data() + o * layout_.length * layout_.inner;
            if (!std::equal(row + a * layout_.inner, row + (a + 1) * layout_.inner, row + b * layout_.inner))
                return false;
        }
        return true;
    }
    /// The smallest period of a span whose values begin at `offset`, of those up to 64.
    int64_t period(const Span& span, int64_t offset) const {
        for (int64_t period = 1; period < std::min(span.period, int64_t{65}); ++period) {
            if (span.period % period != 0 && span.period != span.count)
                continue;
            int64_t k = period;
            while (k < span.period && same(offset + k, offset + k - period))
                ++k;
            if (k >= span.period)
                return period;
        }
        return span.period;
    }

private:
    const Patch<Value>& patch_;
    Layout layout_;
};

/// Stretches that go on alike become one, with the smallest period; the values stay what they are.
template <typename Value>
void simplify(Patch<Value>& patch, size_t axis) {
    const Comparison<Value> compared(patch, axis);
    Laid made;
    int64_t offset = 0;
    for (const Span& span : patch.sides[axis]) {
        const Span own{span.first, span.count, compared.period(span, offset)};
        std::vector<int64_t> values(index(own.period));
        std::iota(values.begin(), values.end(), offset);
        offset += span.period;
        if (!made.side.empty() && made.side.back().end() == own.first) {
            Span& before = made.side.back();
            int64_t* told = made.from.data() + made.from.size() - before.period;
            const auto goes_on = [&](int64_t k) {
                return compared.same(told[(before.count + k) % before.period], values[index(k)]);
            };
            const auto comes_from = [&](int64_t k) {
                return compared.same(told[k], values[index(floor_modulo(k - before.count, own.period))]);
            };
            const auto all = [](int64_t count, const auto& holds) {
                int64_t k = 0;
                while (k < count && holds(k))
                    ++k;
                return k == count;
            };
            if ((own.period == before.period || own.period == own.count) && all(own.period, goes_on)) {
                before.count += own.count;
                continue;
            }
            if (before.period == before.count && all(before.count, comes_from)) {
                const Span joined{before.first, before.count + own.count, own.period};
                std::rotate(values.begin(), values.begin() + floor_modulo(-before.count, own.period), values.end());
                made.from.resize(made.from.size() - index(before.period));
                made.from.insert(made.from.end(), values.begin(), values.end());
                before = joined;
                continue;
            }
        }
        made.side.push_back(own);
        made.from.insert(made.from.end(), values.begin(), values.end());
    }
    if (!(made.side == patch.sides[axis]))
        lay(patch, axis, std::move(made.side), made.from);
}

/// Along an axis each position with a value of its own.
template <typename Value>
void write_out(Patch<Value>& patch, size_t axis) {
    Laid laid = one_by_one(patch.sides[axis]);
    lay(patch, axis, std::move(laid.side), laid.from);
}

} // namespace rfonnx
