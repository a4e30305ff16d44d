/// Interval tables: what every position of a tensor sees along one input axis, stored without the axes it does not
/// depend on.
///
/// A field is a union of terms. A term is a small row-major table with one axis per *walk*: a tensor axis along which
/// the interval differs. NCHW rows are one term that walks axis 2 alone: H entries, not N*C*H*W.
///
/// A walk's table has one entry per position, or, where many positions see the same (channels after a concat), one per
/// *class* of positions, kept as runs of neighbours. In the unbounded field a walk may carry a *rule*: `table[i +
/// period] == table[i] + shift` for all positions i, by which the table goes on beyond its ends (by classes only with a
/// shift of 0).
///
/// A long axis has no entries: a term keeps one walk, `along`, as columns of runs, which docs/core.md explains. Its
/// table then has one column where it would have as many intervals as that walk is long.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "column.hpp"
#include "interval.hpp"
#include "program.hpp"

namespace rfonnx {

/// The slot of every position along an axis, as runs of neighbours that have the same one: all channels of a branch are
/// one run. Slots [0,0,0,1,1] are the runs 0..2 of slot 0 and 3..4 of slot 1.
class Classes {
public:
    struct Run {
        int64_t first, last, slot;
    };

    /// Gives a slot to the next `count` positions, one at least.
    void append(int64_t slot, int64_t count);
    /// The run that holds a position.
    const Run& at(int64_t position) const;
    /// The first position that has a slot; there is one.
    int64_t first_of(int64_t slot) const;
    /// How many runs there are.
    size_t size() const { return runs_.size(); }

private:
    std::vector<Run> runs_;
};

struct Walk {
    int axis;
    int64_t length;
    int64_t slots;                          // entries of the table along this walk
    std::shared_ptr<const Classes> classes; // slot by position; null: the slot is the position
    int64_t period = 0, shift = 0;          // period 0: no rule
    bool some_alike = false;                // kept as runs: classes would have several positions to one

    /// True where positions come in variants, such as the two halves of a concat over channels.
    bool varies() const { return classes || some_alike; }

    int64_t slot(int64_t position) const { return classes ? classes->at(position).slot : position; }
    /// The last of the positions from this one on that have its slot.
    int64_t last_alike(int64_t position) const { return classes ? classes->at(position).last : position; }
};

/// How fields are kept.
struct Mode {
    bool unbounded;    // without borders, else only real positions are read
    int64_t runs_from; // walks along axes of so many positions or more are kept as runs

    bool long_axis(int64_t length) const { return length >= runs_from; }
};

struct Term {
    std::vector<Walk> walks;             // by ascending axis, without `along`
    std::vector<Interval> table;         // where there is no `along`
    std::optional<Walk> along = {};      // its slots are not counted
    std::vector<ColumnPtr> columns = {}; // where there is one

    /// Entries of the table, or columns.
    int64_t cells() const { return static_cast<int64_t>(along ? columns.size() : table.size()); }
    bool walks_along(int axis) const { return along && along->axis == axis; }
    /// All walks, `along` among them, by ascending axis.
    std::vector<Walk> all_walks() const;
    /// Entries between neighbours along walk `index`.
    int64_t inner(size_t index) const;
    /// Blocks of entries in front of walk `index`: how often its slots come around.
    int64_t outer(size_t index) const;
    /// Index of the walk along `axis`, or -1.
    int find(int axis) const;
    /// The cell of a full index into the tensor.
    size_t cell(const std::vector<int64_t>& position) const;
    /// The interval there.
    Interval at(const std::vector<int64_t>& position) const;
    /// The interval at the first position along every axis, or at the last.
    Interval corner(bool last) const;
};

using TermPtr = std::shared_ptr<const Term>;

/// Everything one tensor sees along one input axis: the hull of its terms. `widened`: a superset, because a table grew
/// too large.
struct Field {
    std::vector<TermPtr> terms;
    bool widened = false;

    /// The interval at a full index into the tensor.
    Interval at(const std::vector<int64_t>& position) const;
};

using FieldPtr = std::shared_ptr<const Field>;

/// Largest table a term may have before it is widened.
constexpr int64_t kLargestTable = int64_t{1} << 22;
/// Longest turn of a rule that moves on, which is looked at throughout: rows laid end to end may have longer ones.
constexpr int64_t kLongestTurn = int64_t{1} << 16;
/// Most terms a field may have before terms of different axes are merged.
constexpr size_t kMostTerms = 8;

/// What input position i of an axis sees of that axis itself: [i, i].
TermPtr identity_term(int axis, int64_t length, Mode mode);

} // namespace rfonnx
