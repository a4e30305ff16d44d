#include "slide.hpp"

#include <map>
#include <set>

#include "column.hpp"
#include "compress.hpp"

namespace rfonnx {
namespace {

/// Adds a walk by classes along `axis`: what the term sees where `seen` says so, nothing elsewhere. Some positions must
/// be seen, and some not. `period`: of `seen`, 0 when it has none.
TermPtr masked(const Term& term, int axis, const std::vector<bool>& seen, int64_t period) {
    auto classes = std::make_shared<Classes>();
    for (bool sees : seen)
        classes->push_back(sees ? 1 : 0);
    const auto length = static_cast<int64_t>(seen.size());
    const Walk mask{axis, length, 2, classes, period <= length ? period : 0, 0};
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

} // namespace

Slide::Slide(const AxisReads& reads, int64_t source_length, bool unbounded)
    : axis_(reads.axis()), source_length_(source_length), unbounded_(unbounded), period_(reads.period()),
      shift_(reads.shift()) {
    reads_.reserve(index(reads.length()));
    for (int64_t o = 0; o < reads.length(); ++o) {
        reads_.push_back(unbounded ? reads.free(o) : reads.real(o, source_length));
        some_empty_ = some_empty_ || reads_.back().empty();
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
    std::vector<bool> seen;
    for (const Progression& reads : reads_)
        seen.push_back(!reads.empty());
    if (std::find(seen.begin(), seen.end(), true) == seen.end())
        return nullptr;
    return std::make_shared<const Term>(compressed(*masked(*term, axis_, seen, unbounded_ ? period_ : 0)));
}

/// Each output position reads a set of classes; equal sets are one class of the output. Classes only repeat with a
/// shift of 0.
TermPtr Slide::of_classes(const Term& term, size_t walk) const {
    const Walk& old = term.walks[walk];
    // next_change[p]: the first position after p of another class, to step over runs.
    std::vector<int64_t> next_change(index(source_length_));
    for (int64_t p = source_length_; p-- > 0;) {
        const bool same = p + 1 < source_length_ && old.slot(p) == old.slot(p + 1);
        next_change[index(p)] = same ? next_change[index(p + 1)] : p + 1;
    }
    std::map<std::set<int64_t>, int32_t> sets;
    auto classes = std::make_shared<Classes>();
    for (const Progression& wanted : reads_) {
        std::set<int64_t> slots;
        if (old.period > 0) {
            const int64_t round = old.period / std::gcd(old.period, wanted.step);
            for (int64_t k = 0; k < std::min(round, wanted.count()); ++k) {
                slots.insert(old.slot(floor_modulo(wanted.first + k * wanted.step, old.period)));
            }
        } else {
            const Progression reads = clipped(wanted, source_length_);
            for (int64_t p = reads.first; p <= reads.last;) {
                slots.insert(old.slot(p));
                const int64_t ahead = next_change[index(p)] - p;
                p += std::max(reads.step, (ahead + reads.step - 1) / reads.step * reads.step);
            }
        }
        classes->push_back(sets.emplace(slots, static_cast<int32_t>(sets.size())).first->second);
    }
    std::vector<const std::set<int64_t>*> by_class(sets.size());
    for (const auto& [slots, name] : sets)
        by_class[static_cast<size_t>(name)] = &slots;

    auto result = std::make_shared<Term>();
    result->walks = term.walks;
    result->walks[walk] = {axis_, static_cast<int64_t>(reads_.size()), static_cast<int64_t>(sets.size()), classes, 0,
                           0};
    give_rule(result->walks[walk], old);
    const int64_t inner = term.inner(walk);
    const int64_t outer = inner * old.slots == 0 ? 0 : static_cast<int64_t>(term.table.size()) / (inner * old.slots);
    for (int64_t o = 0; o < outer; ++o) {
        for (const auto* slots : by_class) {
            for (int64_t i = 0; i < inner; ++i) {
                Interval value = kEmpty;
                for (int64_t slot : *slots)
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
    const int64_t inner = term.inner(walk);
    const int64_t outer = inner * old.slots == 0 ? 0 : static_cast<int64_t>(term.table.size()) / (inner * old.slots);
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

TermPtr banded(const TermPtr& term, const Band& band, const Shape& shape) {
    const int64_t keys = shape[static_cast<size_t>(band.axis)];
    std::vector<Progression> ranges;
    std::vector<bool> seen;
    for (size_t m = 0; m < band.first.size(); ++m) {
        ranges.push_back(clipped({band.first[m], band.last[m], 1}, keys));
        seen.push_back(!ranges.back().empty());
    }
    const int key_walk = term->find(band.axis);
    if (std::find(seen.begin(), seen.end(), true) == seen.end())
        return nullptr;
    if (key_walk < 0 && std::find(seen.begin(), seen.end(), false) == seen.end())
        return term;

    // The table is laid out as (other walks) x (positions of `by`) and fill it range by range.
    const int by_walk = term->find(band.by);
    auto result = std::make_shared<Term>();
    for (const Walk& walk : term->walks) {
        if (walk.axis != band.axis && walk.axis != band.by)
            result->walks.push_back(walk);
    }
    size_t place = 0;
    while (place < result->walks.size() && result->walks[place].axis < band.by)
        ++place;
    const auto queries = static_cast<int64_t>(ranges.size());
    result->walks.insert(result->walks.begin() + static_cast<std::ptrdiff_t>(place),
                         Walk{band.by, queries, queries, nullptr, 0, 0});
    int64_t size = 1;
    for (const Walk& walk : result->walks)
        size = multiply(size, walk.slots);
    result->table.assign(index(size), kEmpty);

    std::vector<int64_t> slot(result->walks.size(), 0);
    for (int64_t entry = 0; entry < size; ++entry) {
        int64_t base = 0;
        for (size_t k = 0; k < slot.size(); ++k) {
            const Walk& walk = result->walks[k];
            if (walk.axis == band.by) {
                if (by_walk >= 0) {
                    const auto by = static_cast<size_t>(by_walk);
                    base += term->walks[by].slot(slot[k]) * term->inner(by);
                }
            } else {
                base += slot[k] * term->inner(static_cast<size_t>(term->find(walk.axis)));
            }
        }
        const Progression& range = ranges[index(slot[place])];
        Interval& value = result->table[index(entry)];
        if (key_walk < 0) {
            if (!range.empty())
                value = term->table[index(base)];
        } else {
            const auto key = static_cast<size_t>(key_walk);
            for (int64_t p = range.first; p <= range.last; ++p) {
                value = hull(value, term->table[index(base + term->walks[key].slot(p) * term->inner(key))]);
            }
        }
        for (size_t k = slot.size(); k-- > 0;) {
            if (++slot[k] < result->walks[k].slots)
                break;
            slot[k] = 0;
        }
    }
    return std::make_shared<const Term>(compressed(std::move(*result)));
}

} // namespace rfonnx
