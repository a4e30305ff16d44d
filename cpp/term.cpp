#include "term.hpp"

#include <algorithm>

namespace rfonnx {

void Classes::append(int64_t slot, int64_t count) {
    const int64_t first = runs_.empty() ? 0 : runs_.back().last + 1;
    if (!runs_.empty() && runs_.back().slot == slot)
        runs_.back().last += count;
    else
        runs_.push_back({first, first + count - 1, slot});
}

const Classes::Run& Classes::at(int64_t position) const {
    return *std::lower_bound(runs_.begin(), runs_.end(), position,
                             [](const Run& run, int64_t wanted) { return run.last < wanted; });
}

int64_t Classes::first_of(int64_t slot) const {
    return std::find_if(runs_.begin(), runs_.end(), [&](const Run& run) { return run.slot == slot; })->first;
}

std::vector<Walk> Term::all_walks() const {
    std::vector<Walk> all = walks;
    if (along)
        all.push_back(*along);
    std::sort(all.begin(), all.end(), [](const Walk& a, const Walk& b) { return a.axis < b.axis; });
    return all;
}

int64_t Term::inner(size_t walk) const {
    int64_t size = 1;
    for (size_t k = walk + 1; k < walks.size(); ++k)
        size *= walks[k].slots;
    return size;
}

int64_t Term::outer(size_t walk) const {
    int64_t size = 1;
    for (size_t k = 0; k < walk; ++k)
        size *= walks[k].slots;
    return cells() == 0 ? 0 : size;
}

int Term::find(int axis) const {
    for (size_t k = 0; k < walks.size(); ++k) {
        if (walks[k].axis == axis)
            return static_cast<int>(k);
    }
    return -1;
}

size_t Term::cell(const std::vector<int64_t>& position) const {
    int64_t entry = 0;
    for (const Walk& walk : walks)
        entry = entry * walk.slots + walk.slot(position[static_cast<size_t>(walk.axis)]);
    return index(entry);
}

Interval Term::at(const std::vector<int64_t>& position) const {
    return along ? at_position(columns[cell(position)], position[static_cast<size_t>(along->axis)])
                 : table[cell(position)];
}

Interval Term::corner(bool last) const {
    int64_t entry = 0;
    for (const Walk& walk : walks)
        entry = entry * walk.slots + walk.slot(last ? walk.length - 1 : 0);
    return along ? at_position(columns[index(entry)], last ? along->length - 1 : 0) : table[index(entry)];
}

Interval Field::at(const std::vector<int64_t>& position) const {
    Interval value = kEmpty;
    for (const TermPtr& term : terms)
        value = hull(value, term->at(position));
    return value;
}

TermPtr identity_term(int axis, int64_t length, Mode mode) {
    auto term = std::make_shared<Term>();
    const Walk own{axis, length, length, nullptr, mode.unbounded ? 1 : 0, mode.unbounded ? 1 : 0};
    if (mode.long_axis(length)) {
        term->along = own;
        term->columns.push_back(identity_column(length));
        return term;
    }
    term->walks.push_back(own);
    term->table.reserve(index(length));
    for (int64_t i = 0; i < length; ++i)
        term->table.push_back({i, i});
    return term;
}

} // namespace rfonnx
