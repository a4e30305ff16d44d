#include "slide.hpp"

#include <algorithm>

#include "cells.hpp"
#include "compress.hpp"
#include "lay.hpp"
#include "read_bounds.hpp"
#include "read_classes.hpp"
#include "stretch.hpp"

namespace rfonnx {
namespace {

/// Adds a walk by classes along `axis`: what the term sees in class 1, nothing in class 0. `period`: of the classes, 0
/// when they have none.
TermPtr masked(const Term& term, int axis, std::shared_ptr<const Classes> classes, int64_t length, int64_t period) {
    const Walk mask{axis, length, 2, std::move(classes), period <= length ? period : 0, 0};
    size_t place = 0;
    while (place < term.walks.size() && term.walks[place].axis < axis)
        ++place;
    auto result = std::make_shared<Term>(same_walks_as(term));
    result->walks.insert(result->walks.begin() + static_cast<std::ptrdiff_t>(place), mask);
    const int64_t inner = result->inner(place);
    const int64_t outer = inner == 0 ? 0 : term.cells() / inner;
    with_cells(term, [&](const auto& cells) {
        auto& made = like(*result, cells);
        for (int64_t o = 0; o < outer; ++o) {
            made.insert(made.end(), index(inner), nothing<typename std::decay_t<decltype(cells)>::value_type>());
            const auto row = cells.begin() + o * inner;
            made.insert(made.end(), row, row + inner);
        }
    });
    return result;
}

/// True of a window that no output has outside of the axis, as nearly all are: told by its first and its last output.
/// One that begins before the axis' end and ends behind its beginning has a tap within it, where taps lie no farther
/// apart than the axis is long. False where it takes a look at each output.
bool all_read(const AxisReads& reads, int64_t source_length, Mode mode) {
    if (!reads.is_window() || reads.length() == 0)
        return false;
    const auto reaches = [&](Progression read) {
        const bool within = read.step <= source_length && read.first < source_length && read.last >= 0;
        return !read.empty() && (mode.unbounded || within);
    };
    return reaches(reads.free(0)) && reaches(reads.free(reads.length() - 1));
}

} // namespace

Slide::Slide(const AxisReads& reads, int64_t source_length, Mode mode)
    : reads_(reads), axis_(reads.axis()), length_(reads.length()), source_length_(source_length), mode_(mode),
      period_(reads.period()), shift_(reads.shift()) {}

const std::vector<Sweep>& Slide::sweeps() const {
    if (sweeps_)
        return *sweeps_;
    if (length_ > kLargestTable && !reads_.in_runs(mode_.unbounded))
        throw TooManyValues();
    sweeps_ = std::make_shared<const std::vector<Sweep>>(sweeps_of(reads_, mode_.unbounded));
    return *sweeps_;
}

const std::vector<Progression>& Slide::table() const {
    if (table_)
        return *table_;
    if (length_ > kLargestTable)
        throw TooManyValues();
    auto made = std::make_shared<std::vector<Progression>>();
    made->reserve(index(length_));
    for (int64_t o = 0; o < length_; ++o)
        made->push_back(mode_.unbounded ? reads_.free(o) : reads_.real(o, source_length_));
    table_ = made;
    return *table_;
}

const ReadBounds& Slide::bounds() const {
    if (!bounds_)
        bounds_ = std::make_shared<const ReadBounds>(bounds_of(reads_, mode_.unbounded));
    return *bounds_;
}

TermPtr Slide::operator()(const TermPtr& term, bool& widened) const {
    try {
        return any(term, widened);
    } catch (const TooManyValues&) {
        // Neither runs nor a table hold it: every position is taken to read the whole axis.
        widened = true;
        return reduced(term, {axis_});
    }
}

TermPtr Slide::any(const TermPtr& term, bool& widened) const {
    if (term->walks_along(axis_))
        return of_runs(*term);
    const int walk = term->find(axis_);
    if (walk < 0)
        return of_constant(term);
    const auto place = static_cast<size_t>(walk);
    if (term->walks[place].classes && length_ <= kLargestTable)
        return of_classes(*term, place);
    if (term->along) // two long axes
        return std::make_shared<const Term>(
            settled(*(*this)(std::make_shared<const Term>(laid_out(*term)), widened), mode_));
    if (long_output())
        return of_runs(as_runs(*term, place));
    const int64_t others = static_cast<int64_t>(term->table.size()) / std::max(term->walks[place].slots, int64_t{1});
    if (multiply(others, length_) > kLargestTable) {
        widened = true;
        return (*this)(std::make_shared<const Term>(without_walk(*term, cheapest_walk(*term))), widened);
    }
    return of_positions(*term, place);
}

/// Which outputs read anything, of a term that is the same all along: class 1. Null: all do.
std::shared_ptr<const Classes> Slide::seen() const {
    if (seen_)
        return *seen_;
    if (all_read(reads_, source_length_, mode_))
        return *(seen_ = nullptr);
    auto classes = std::make_shared<Classes>();
    bool some_empty = false;
    if (long_output() &&
        (!reads_.is_select() || reads_.in_runs(mode_.unbounded))) { // a table is looked through at once
        const Bound reads = mode_.unbounded ? bounds().first : slid(constant_bound(source_length_, 0), bounds());
        for (const Run& run : reads.runs()) {
            const bool mixed = std::any_of(run.values.begin(), run.values.end(), [&](int64_t value) {
                return (value == kNothing) != (run.values[0] == kNothing);
            });
            if (mixed && run.length() > kLargestTable)
                throw TooManyValues();
            for (int64_t o = 0; o < (mixed ? run.length() : 1); ++o) {
                const bool empty = run.values[index(o % run.period())] == kNothing;
                some_empty = some_empty || empty;
                classes->append(empty ? 0 : 1, mixed ? 1 : run.length());
            }
        }
    } else {
        for (const Sweep& sweep : sweeps()) {
            const bool within = sweep.reads.first >= 0 && sweep.at(sweep.last).last < source_length_;
            const bool alike = mode_.unbounded || sweep.reads.empty() || within;
            for (int64_t o = sweep.first; o <= (alike ? sweep.first : sweep.last); ++o) {
                const Progression reads = mode_.unbounded ? sweep.reads : clipped(sweep.at(o), source_length_);
                some_empty = some_empty || reads.empty();
                classes->append(reads.empty() ? 0 : 1, alike ? sweep.last - sweep.first + 1 : 1);
            }
        }
    }
    seen_ = some_empty ? classes : nullptr;
    return *seen_;
}

TermPtr Slide::of_constant(const TermPtr& term) const {
    const auto classes = seen();
    if (!classes)
        return term;
    if (classes->size() == 1) // no output reads anything
        return nullptr;
    return std::make_shared<const Term>(
        compressed(*masked(*term, axis_, classes, length_, mode_.unbounded ? period_ : 0)));
}

/// Each output position reads a set of classes; equal sets are one class of the output. Classes only repeat with a
/// shift of 0.
TermPtr Slide::of_classes(const Term& term, size_t walk) const {
    const Walk& old = term.walks[walk];
    const ReadClasses classes_of(old, source_length_);
    ClassSets sets(old.slots);
    auto classes = std::make_shared<Classes>();
    std::vector<int64_t> slots;
    for (const Sweep& sweep : sweeps()) {
        for (int64_t o = sweep.first; o <= sweep.last;) {
            const int64_t count = std::min(classes_of.find(sweep.at(o), slots), sweep.last - o + 1);
            classes->append(sets.name(slots), count);
            o += count;
        }
    }

    const auto count = static_cast<int64_t>(sets.all().size());
    auto result = std::make_shared<Term>(same_walks_as(term));
    result->walks[walk] = {axis_, length_, count, count < length_ ? classes : nullptr, 0, 0};
    give_rule(result->walks[walk], old);
    const int64_t inner = term.inner(walk), outer = term.outer(walk);
    with_cells(term, [&](const auto& cells) {
        for (int64_t o = 0; o < outer; ++o) {
            for (const std::vector<int64_t>& set : sets.all()) {
                for (int64_t i = 0; i < inner; ++i) {
                    auto value = nothing<typename std::decay_t<decltype(cells)>::value_type>();
                    for (const int64_t slot : set)
                        value = hull(value, cells[index((o * old.slots + slot) * inner + i)]);
                    like(*result, cells).push_back(value);
                }
            }
        }
    });
    return std::make_shared<const Term>(compressed(std::move(*result)));
}

/// The reads repeat every `period_` outputs, `shift_` further on; after enough turns that is a whole number of the old
/// periods.
void Slide::give_rule(Walk& walk, const Walk& old) const {
    if (old.period == 0 || period_ == 0)
        return;
    const int64_t turns = shift_ == 0 ? 1 : old.period / std::gcd(old.period, magnitude(shift_));
    const int64_t period = multiply(period_, turns);
    if (period > walk.length)
        return;
    walk.period = period;
    walk.shift = multiply(old.shift, multiply(shift_, turns) / old.period);
}

TermPtr Slide::of_positions(const Term& term, size_t walk) const {
    const Walk& old = term.walks[walk];
    const auto length = length_;
    const std::vector<Progression>& reads = table();
    auto result = std::make_shared<Term>();
    result->walks = term.walks;
    Walk& own = result->walks[walk];
    own = {axis_, length, length, nullptr, 0, 0};
    give_rule(own, old);
    const bool goes_on = mode_.unbounded && old.period > 0;
    const int64_t inner = term.inner(walk), outer = term.outer(walk);
    result->table.assign(index(outer * length * inner), kEmpty);
    for (int64_t o = 0; o < outer; ++o) {
        for (int64_t i = 0; i < inner; ++i) {
            const Entries column{term.table.data() + o * old.slots * inner + i, inner, old.slots, old.period,
                                 old.shift};
            const Hulls hulls(column, goes_on, reads);
            Interval* into = result->table.data() + o * length * inner + i;
            for (int64_t position = 0; position < length; ++position)
                into[position * inner] = hulls.over(reads[index(position)]);
        }
    }
    if (old.some_alike) // as classes are
        *result = compressed(std::move(*result));
    return result;
}

/// What `along` reads, run by run. Without borders a column with a rule is first gone on with as far as is read.
TermPtr Slide::of_runs(const Term& term) const {
    const Walk& old = *term.along;
    auto result = std::make_shared<Term>(same_walks_as(term));
    Walk& own = *result->along;
    own = {axis_, length_, length_, nullptr, 0, 0};
    give_rule(own, old);
    const bool goes_on = mode_.unbounded && old.period > 0;
    ReadBounds reads = bounds();
    int64_t begin = 0, size = source_length_;
    if (goes_on) {
        begin = least_value(reads.first);
        if (begin == kNothing) { // nothing is read
            begin = 0;
            size = 1;
        } else {
            size = add(subtract(largest_value(reads.last), begin), 1);
            reads.first = moved(reads.first, subtract(0, begin));
            reads.last = moved(reads.last, subtract(0, begin));
        }
    }
    for (const ColumnPtr& column : term.columns) {
        const ColumnPtr read = goes_on ? gone_on(column, old.period, old.shift, begin, size) : column;
        result->columns.push_back(slid(read, reads));
    }
    if (old.some_alike) { // as classes are
        own.some_alike = some_alike(result->columns, length_);
        *result = compressed(std::move(*result));
    }
    return std::make_shared<const Term>(settled(std::move(*result), mode_));
}

TermPtr reduced(const TermPtr& term, const std::vector<int>& axes) {
    TermPtr result = term;
    for (int axis : axes) {
        if (result->walks_along(axis)) {
            result = std::make_shared<const Term>(without_along(*result));
            continue;
        }
        const int walk = result->find(axis);
        if (walk >= 0)
            result = std::make_shared<const Term>(without_walk(*result, static_cast<size_t>(walk)));
    }
    return result;
}

Interval hull_along(const Field& field, const std::vector<int>& axes, const std::vector<int64_t>& position) {
    Interval value = kEmpty;
    for (const TermPtr& term : field.terms)
        value = hull(value, reduced(term, axes)->at(position));
    return value;
}

} // namespace rfonnx
