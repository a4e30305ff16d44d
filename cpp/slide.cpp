#include "slide.hpp"

#include <algorithm>
#include <map>

#include "column.hpp"
#include "compress.hpp"
#include "read_classes.hpp"
#include "row_major.hpp"

namespace rfonnx {
namespace {

/// Adds a walk by classes along `axis`: what the term sees in class 1, nothing in class 0. `period`: of the classes, 0
/// when they have none.
TermPtr masked(const Term& term, int axis, std::shared_ptr<const Classes> classes, int64_t length, int64_t period) {
    const Walk mask{axis, length, 2, std::move(classes), period <= length ? period : 0, 0};
    size_t place = 0;
    while (place < term.walks.size() && term.walks[place].axis < axis)
        ++place;
    auto result = std::make_shared<Term>();
    result->walks = term.walks;
    result->walks.insert(result->walks.begin() + static_cast<std::ptrdiff_t>(place), mask);
    const int64_t inner = result->inner(place);
    const int64_t outer = inner == 0 ? 0 : static_cast<int64_t>(term.table.size()) / inner;
    for (int64_t o = 0; o < outer; ++o) {
        result->table.insert(result->table.end(), index(inner), kEmpty);
        const auto row = term.table.begin() + o * inner;
        result->table.insert(result->table.end(), row, row + inner);
    }
    return result;
}

/// True when two outputs read nothing, or the second reads one position further on than the first.
bool moves_on(const Progression& before, const Progression& after) {
    if (before.empty() || after.empty())
        return before.empty() && after.empty();
    return after.first == before.first + 1 && after.last == before.last + 1 && after.step == before.step;
}

} // namespace

Slide::Slide(const AxisReads& reads, int64_t source_length, bool unbounded)
    : axis_(reads.axis()), source_length_(source_length), unbounded_(unbounded), period_(reads.period()),
      shift_(reads.shift()) {
    reads_.reserve(index(reads.length()));
    for (int64_t o = 0; o < reads.length(); ++o) {
        reads_.push_back(unbounded ? reads.free(o) : reads.real(o, source_length));
        some_empty_ = some_empty_ || reads_.back().empty();
        if (o > 0 && moves_on(reads_[index(o - 1)], reads_.back()))
            stretches_.back().last = o;
        else
            stretches_.push_back({o, o});
    }
}

TermPtr Slide::operator()(const TermPtr& term, bool& widened) const {
    const int walk = term->find(axis_);
    if (walk < 0)
        return of_constant(term);
    const auto place = static_cast<size_t>(walk);
    if (term->walks[place].classes)
        return of_classes(*term, place);
    const int64_t others = static_cast<int64_t>(term->table.size()) / std::max(term->walks[place].slots, int64_t{1});
    if (multiply(others, static_cast<int64_t>(reads_.size())) > kLargestTable) {
        widened = true;
        return (*this)(std::make_shared<const Term>(without_walk(*term, cheapest_walk(*term))), widened);
    }
    return of_positions(*term, place);
}

TermPtr Slide::of_constant(const TermPtr& term) const {
    if (!some_empty_)
        return term;
    auto seen = std::make_shared<Classes>();
    for (const auto& [first, last] : stretches_)
        seen->append(reads_[index(first)].empty() ? 0 : 1, last - first + 1);
    if (seen->size() == 1) // no output reads anything
        return nullptr;
    const auto length = static_cast<int64_t>(reads_.size());
    return std::make_shared<const Term>(compressed(*masked(*term, axis_, seen, length, unbounded_ ? period_ : 0)));
}

/// Each output position reads a set of classes; equal sets are one class of the output. Classes only repeat with a
/// shift of 0.
TermPtr Slide::of_classes(const Term& term, size_t walk) const {
    const Walk& old = term.walks[walk];
    const ReadClasses classes_of(old, source_length_);
    std::map<std::vector<int64_t>, int64_t> sets;
    auto classes = std::make_shared<Classes>();
    std::vector<int64_t> slots;
    for (const auto& [first, last] : stretches_) {
        for (int64_t o = first; o <= last;) {
            const int64_t count = std::min(classes_of.find(reads_[index(o)], slots), last - o + 1);
            classes->append(sets.emplace(slots, static_cast<int64_t>(sets.size())).first->second, count);
            o += count;
        }
    }
    std::vector<const std::vector<int64_t>*> by_class(sets.size());
    for (const auto& [set, name] : sets)
        by_class[static_cast<size_t>(name)] = &set;

    auto result = std::make_shared<Term>();
    result->walks = term.walks;
    result->walks[walk] = {axis_, static_cast<int64_t>(reads_.size()), static_cast<int64_t>(sets.size()), classes, 0,
                           0};
    give_rule(result->walks[walk], old);
    const int64_t inner = term.inner(walk), outer = term.outer(walk);
    for (int64_t o = 0; o < outer; ++o) {
        for (const auto* set : by_class) {
            for (int64_t i = 0; i < inner; ++i) {
                Interval value = kEmpty;
                for (int64_t slot : *set)
                    value = hull(value, term.table[index((o * old.slots + slot) * inner + i)]);
                result->table.push_back(value);
            }
        }
    }
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
    const auto length = static_cast<int64_t>(reads_.size());
    auto result = std::make_shared<Term>();
    result->walks = term.walks;
    Walk& own = result->walks[walk];
    own = {axis_, length, length, nullptr, 0, 0};
    give_rule(own, old);
    const bool goes_on = unbounded_ && old.period > 0;
    const int64_t inner = term.inner(walk), outer = term.outer(walk);
    result->table.assign(index(outer * length * inner), kEmpty);
    for (int64_t o = 0; o < outer; ++o) {
        for (int64_t i = 0; i < inner; ++i) {
            const Column column{term.table.data() + o * old.slots * inner + i, inner, old.slots, old.period, old.shift};
            const Hulls hulls(column, goes_on, reads_);
            Interval* into = result->table.data() + o * length * inner + i;
            for (int64_t position = 0; position < length; ++position)
                into[position * inner] = hulls.over(reads_[index(position)]);
        }
    }
    return result;
}

TermPtr reduced(const TermPtr& term, const std::vector<int>& axes) {
    TermPtr result = term;
    for (int axis : axes) {
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

namespace {

/// Where each of `length` positions along an axis begins in the term's table; all at 0 along an axis that it does not
/// walk.
std::vector<int64_t> offsets_along(const Term& term, int axis, size_t length) {
    std::vector<int64_t> offsets(length, 0);
    const int found = term.find(axis);
    if (found < 0)
        return offsets;
    const auto walk = static_cast<size_t>(found);
    const int64_t inner = term.inner(walk);
    for (size_t position = 0; position < length; ++position)
        offsets[position] = term.walks[walk].slot(static_cast<int64_t>(position)) * inner;
    return offsets;
}

/// What each position of axis `by` reads along a band's axis of `keys` positions.
std::vector<Progression> ranges_of(const Band& band, int64_t keys) {
    std::vector<Progression> ranges;
    for (size_t m = 0; m < band.first.size(); ++m)
        ranges.push_back(clipped({band.first[m], band.last[m], 1}, keys));
    return ranges;
}

/// Fills a table with one axis per entry of `offsets`: by slot there, where the entries begin in the term's table. The
/// positions of `by` are axis `place`: each takes the hull over its own range of keys.
std::vector<Interval> filled(const Term& term, const std::vector<std::vector<int64_t>>& offsets, size_t place,
                             const std::vector<Progression>& ranges, const std::vector<int64_t>& key_offsets) {
    std::vector<int64_t> slots;
    for (const auto& along : offsets)
        slots.push_back(static_cast<int64_t>(along.size()));
    std::vector<int64_t> slot(slots.size(), 0);
    std::vector<Interval> table;
    do {
        int64_t base = 0;
        for (size_t k = 0; k < slot.size(); ++k)
            base += offsets[k][index(slot[k])];
        const Progression& range = ranges[index(slot[place])];
        Interval value = kEmpty;
        for (int64_t key = range.first; key <= range.last; ++key)
            value = hull(value, term.table[index(base + key_offsets[index(key)])]);
        table.push_back(value);
    } while (advance(slot, slots));
    return table;
}

} // namespace

TermPtr banded(const TermPtr& term, const Band& band, const Shape& shape) {
    const int64_t keys = shape[static_cast<size_t>(band.axis)];
    std::vector<Progression> ranges = ranges_of(band, keys);
    const auto reads_nothing = [](const Progression& range) { return range.empty(); };
    if (std::all_of(ranges.begin(), ranges.end(), reads_nothing))
        return nullptr;
    if (term->find(band.axis) < 0) {
        // All keys show the same, so that a position which reads any of them sees what the term says.
        if (std::none_of(ranges.begin(), ranges.end(), reads_nothing))
            return term;
        for (Progression& range : ranges)
            range.last = range.empty() ? range.last : range.first; // one key stands for all
    }

    // The result walks what the term walks, without the keys: those are taken into the hull. It walks `by` also where
    // the term does not, since each position there has a range of its own.
    auto result = std::make_shared<Term>();
    std::vector<std::vector<int64_t>> offsets;
    for (size_t k = 0; k < term->walks.size(); ++k) {
        const Walk& walk = term->walks[k];
        if (walk.axis == band.axis || walk.axis == band.by)
            continue;
        result->walks.push_back(walk);
        offsets.emplace_back();
        for (int64_t slot = 0; slot < walk.slots; ++slot)
            offsets.back().push_back(slot * term->inner(k));
    }
    // Walks stand by ascending axis. The ranges follow no rule, and so neither does the new walk.
    const auto behind =
        std::find_if(result->walks.begin(), result->walks.end(), [&](const Walk& walk) { return walk.axis > band.by; });
    const auto place = behind - result->walks.begin();
    const auto queries = static_cast<int64_t>(ranges.size());
    result->walks.insert(behind, Walk{band.by, queries, queries, nullptr, 0, 0});
    offsets.insert(offsets.begin() + place, offsets_along(*term, band.by, ranges.size()));

    result->table = filled(*term, offsets, static_cast<size_t>(place), ranges,
                           offsets_along(*term, band.axis, static_cast<size_t>(keys)));
    return std::make_shared<const Term>(compressed(std::move(*result)));
}

} // namespace rfonnx
