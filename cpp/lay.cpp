#include "lay.hpp"

#include "compress.hpp"

namespace rfonnx {

Term laid_out(const Term& term) {
    if (!term.along)
        return term;
    const Walk& own = *term.along;
    if (own.length > kLargestTable || multiply(term.cells(), own.length) > kLargestTable)
        throw TooManyValues();
    size_t place = 0;
    while (place < term.walks.size() && term.walks[place].axis < own.axis)
        ++place;
    Term result{term.walks, {}};
    result.walks.insert(result.walks.begin() + static_cast<std::ptrdiff_t>(place), own);
    const int64_t inner = result.inner(place), outer = inner == 0 ? 0 : term.cells() / inner;
    result.table.assign(index(outer * own.length * inner), kEmpty);
    for (int64_t o = 0; o < outer; ++o) {
        for (int64_t i = 0; i < inner; ++i) {
            const std::vector<Interval> column = written(term.columns[index(o * inner + i)], 0, own.length);
            Interval* into = result.table.data() + o * own.length * inner + i;
            for (int64_t position = 0; position < own.length; ++position)
                into[position * inner] = column[index(position)];
        }
    }
    if (own.some_alike) {
        result.walks[place].some_alike = false; // the classes say so
        return deduplicated(result, place);
    }
    return result;
}

namespace {

template <typename Entry>
ColumnPtr column_of_classes(const Walk& walk, Entry entry) {
    Bound lo, hi;
    for (int64_t position = 0, last = 0; position < walk.length; position = last + 1) {
        last = walk.last_alike(position);
        const Interval value = entry(position);
        lo.append(constant_run(position, last + 1, value.empty() ? kNothing : value.lo));
        hi.append(constant_run(position, last + 1, value.empty() ? kNothing : negated(value.hi)));
    }
    return column_of(std::move(lo).simplified(), std::move(hi).simplified());
}

} // namespace

Term as_runs(const Term& term, size_t walk) {
    const Walk& own = term.walks[walk];
    const int64_t inner = term.inner(walk), outer = term.outer(walk);
    Term result{term.walks, {}};
    result.walks.erase(result.walks.begin() + static_cast<std::ptrdiff_t>(walk));
    result.along = Walk{own.axis, own.length, own.length, nullptr, own.period, own.shift, own.varies()};
    for (int64_t o = 0; o < outer; ++o) {
        for (int64_t i = 0; i < inner; ++i) {
            const auto entry = [&](int64_t position) {
                return term.table[index((o * own.slots + own.slot(position)) * inner + i)];
            };
            if (own.classes) {
                result.columns.push_back(column_of_classes(own, entry));
                continue;
            }
            std::vector<Interval> column;
            for (int64_t position = 0; position < own.length; ++position)
                column.push_back(entry(position));
            result.columns.push_back(column_of(column, own.period));
        }
    }
    return result;
}

Term settled(Term term, Mode mode) {
    if (term.along && !mode.long_axis(term.along->length)) {
        const bool alike = term.along->some_alike;
        term = alike ? compressed(laid_out(term)) : laid_out(term);
    }
    for (size_t walk = 0; walk < term.walks.size() && !term.along; ++walk) {
        if (!term.walks[walk].classes && mode.long_axis(term.walks[walk].length))
            term = as_runs(term, walk);
    }
    return term;
}

Term without_along(const Term& term) {
    Term result{term.walks, {}};
    for (const ColumnPtr& column : term.columns)
        result.table.push_back(range_of(column));
    return result;
}

} // namespace rfonnx
