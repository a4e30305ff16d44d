#include "landmarks.hpp"

#include <algorithm>
#include <numeric>

namespace rfonnx {
namespace {

/// Part of an axis on which each residue of the period is a line.
struct Part {
    int64_t begin, end, period;
};

/// Cut where the bound begins a run, too.
void cut(std::vector<Part>& parts, const Bound& bound) {
    std::vector<Part> result;
    size_t run = 0;
    for (const Part& part : parts) {
        for (int64_t begin = part.begin; begin < part.end;) {
            const Run& own = bound.runs()[run];
            const int64_t end = std::min(part.end, own.end);
            result.push_back({begin, end, common_period(part.period, own.period(), end - begin)});
            run += own.end == end;
            begin = end;
        }
    }
    parts = std::move(result);
}

/// Cut at these places, ascending, as far as they lie within.
void cut(std::vector<Part>& parts, const std::vector<int64_t>& places) {
    std::vector<Part> result;
    auto place = places.begin();
    for (Part part : parts) {
        for (; place != places.end() && *place < part.end; ++place) {
            if (*place <= part.begin)
                continue;
            result.push_back({part.begin, *place, std::min(part.period, *place - part.begin)});
            part.begin = *place;
        }
        part.period = std::min(part.period, part.end - part.begin);
        result.push_back(part);
    }
    parts = std::move(result);
}

/// Where positions begin to have another slot.
std::vector<int64_t> begins(const Walk& walk) {
    std::vector<int64_t> places;
    for (int64_t position = 0; position < walk.length; position = walk.last_alike(position) + 1)
        places.push_back(position);
    return places;
}

/// Columns that an axis may show, and pairs of ends that are laid over each other to see where they cross.
constexpr size_t kMostColumns = 1024, kMostPairs = 8192;

/// The different columns that a field shows along an axis; what a term shows of which the axis is no `along`,
/// everywhere or to a class of positions, is one all along.
std::vector<ColumnPtr> columns_along(const Field& field, int axis, int64_t length) {
    std::vector<ColumnPtr> found;
    std::vector<uint64_t> hashes;
    const auto add = [&](const ColumnPtr& column) {
        if (!column)
            return;
        const uint64_t hash = hash_of(column);
        for (size_t k = 0; k < found.size(); ++k) {
            if (hashes[k] == hash && same(found[k], column))
                return;
        }
        found.push_back(column);
        hashes.push_back(hash);
        if (found.size() > kMostColumns)
            throw TooManyValues();
    };
    for (const TermPtr& term : field.terms) {
        for (const Interval& value : term->table)
            add(column_of(value, length));
        for (const ColumnPtr& column : term->columns) {
            if (term->walks_along(axis))
                add(column);
            else if (is_constant(column))
                add(column_of(at_position(column, 0), length));
        }
    }
    return found;
}

/// Whether two ends are equally far apart everywhere, so that they cross nowhere.
bool keep_apart(const Bound& f, const Bound& g) {
    const int64_t first = f.at(0), other = g.at(0);
    return first != kNothing && other != kNothing && same(moved(f, subtract(other, first)), g);
}

/// Cut where two of these cross.
void cut_at_crossings(std::vector<Part>& parts, const std::vector<const Bound*>& ends) {
    std::vector<std::vector<const Bound*>> alike; // those that keep apart, together
    for (const Bound* end : ends) {
        const auto place = std::find_if(alike.begin(), alike.end(), [&](const std::vector<const Bound*>& others) {
            return keep_apart(*others[0], *end);
        });
        if (place == alike.end())
            alike.push_back({end});
        else
            place->push_back(end);
    }
    size_t pairs = 0;
    for (size_t k = 0; k < alike.size(); ++k) {
        for (size_t other = 0; other < k; ++other) {
            pairs += alike[k].size() * alike[other].size();
            if (pairs > kMostPairs)
                throw TooManyValues();
            for (const Bound* f : alike[k]) {
                for (const Bound* g : alike[other])
                    cut(parts, least(*f, *g));
            }
        }
    }
}

/// Cut where the field changes along an axis, and where two of its columns cross, or one crosses an end of the input.
void cut(std::vector<Part>& parts, const Field& field, int axis, int64_t length, int64_t input_length) {
    for (const TermPtr& term : field.terms) {
        if (const int walk = term->find(axis); walk >= 0)
            cut(parts, begins(term->walks[static_cast<size_t>(walk)]));
    }
    // An end that is beyond a border, at it or before it: three values tell these apart, however steep its line is.
    std::vector<std::pair<Bound, Bound>> borders;
    for (const int64_t beside : {-1, 0, 1})
        borders.emplace_back(constant_bound(length, beside), constant_bound(length, 1 - input_length + beside));
    const std::vector<ColumnPtr> columns = columns_along(field, axis, length);
    std::vector<const Bound*> los, his;
    for (const ColumnPtr& column : columns) {
        const auto& [lo, hi] = *column;
        los.push_back(&lo);
        his.push_back(&hi);
        for (const Bound* bound : {&lo, &hi})
            cut(parts, *bound);
        for (const auto& [begin, end] : borders) {
            cut(parts, least(lo, begin));
            cut(parts, least(hi, end));
        }
    }
    cut_at_crossings(parts, los);
    cut_at_crossings(parts, his);
}

/// How fields walk an axis: not at all, by rules, or by tables that have an entry per position.
enum class Way { none, rules, tables };

Way way_along(const std::vector<const Field*>& fields, int axis) {
    Way way = Way::none;
    for (const Field* field : fields) {
        for (const TermPtr& term : field->terms) {
            const int walk = term->find(axis);
            if (walk >= 0 && !term->walks[static_cast<size_t>(walk)].classes)
                return Way::tables;
            if (walk >= 0 || term->walks_along(axis))
                way = Way::rules;
        }
    }
    return way;
}

std::vector<Part> parts_along(const std::vector<const Field*>& fields, int axis, int64_t length, int64_t input_length,
                              const OwnAxis& own) {
    const std::vector<Part> every{{0, length, length}};
    const Way way = way_along(fields, axis);
    if (way == Way::tables)
        return every;
    std::vector<Part> parts{{0, length, axis == own.axis ? std::min(own.period, length) : 1}};
    if (axis == own.axis)
        cut(parts, own.cuts);
    try {
        for (const Field* field : way == Way::rules ? fields : std::vector<const Field*>())
            cut(parts, *field, axis, length, input_length);
    } catch (const TooManyValues&) {
        return every;
    }
    return parts;
}

/// The first and the last turn of every residue, each for half of its turns.
void take(const Part& part, Landmarks& into) {
    const int64_t length = part.end - part.begin, second = std::max(part.period, length - part.period);
    const auto add = [&](int64_t offset) {
        const int64_t turns = (length - offset % part.period - 1) / part.period + 1;
        into.positions.push_back(part.begin + offset);
        into.weights.push_back(turns == 1 ? 1.0 : static_cast<double>(turns) / 2);
    };
    for (int64_t offset = 0; offset < part.period; ++offset)
        add(offset);
    for (int64_t offset = second; offset < length; ++offset)
        add(offset);
}

Landmarks along(const std::vector<Part>& parts) {
    int64_t count = 0;
    for (const Part& part : parts)
        count = add(count, std::min(multiply(2, part.period), part.end - part.begin));
    if (count > kLargestTable)
        throw std::length_error("too many positions differ along an axis; bind a smaller input shape");
    Landmarks result;
    for (const Part& part : parts)
        take(part, result);
    return result;
}

} // namespace

std::vector<Landmarks> landmarks(const std::vector<const Field*>& fields, const Shape& shape, int64_t input_length,
                                 const OwnAxis& own) {
    std::vector<Landmarks> result;
    for (size_t k = 0; k < shape.size(); ++k) {
        const int axis = static_cast<int>(k);
        if (shape[k] > 0 && axis != own.axis && way_along(fields, axis) == Way::none)
            result.push_back({{0}, {static_cast<double>(shape[k])}});
        else
            result.push_back(along(parts_along(fields, axis, shape[k], input_length, own)));
    }
    return result;
}

} // namespace rfonnx
