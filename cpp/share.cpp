#include "share.hpp"

#include <algorithm>
#include <stdexcept>

#include "steady_reads.hpp"

namespace rfonnx {
namespace {

/// Positions that are read one by one, and shares in all.
constexpr int64_t kMostShares = int64_t{1} << 26;
/// Outputs in a row of which each is asked, and reads of one of which each is written.
constexpr int64_t kFew = 4096;
/// Positions between two that are read are written, too, where they are no more.
constexpr int64_t kGap = 16;

void require_few(int64_t count) {
    if (count > kMostShares)
        throw std::length_error("too many positions to lay out; bind a smaller input shape");
}

/// A share of one value.
struct Given {
    int64_t from, parts, times;
};

struct At {
    int64_t position;
    Given given;
};

/// A span, and by value of it what it gets.
struct Part {
    Span span;
    std::vector<std::vector<Given>> given;
};

/// Collects what positions get: one by one, and in parts that lie over each other.
class Collected {
public:
    explicit Collected(int64_t before) : before_(before) {}

    void add(int64_t position, Given given) {
        if (position < 0 || position >= before_)
            return;
        single_.push_back({position, given});
        require_few(static_cast<int64_t>(single_.size()));
    }
    void add(const Progression& reads, Given given) {
        const Progression real = clipped(reads, before_);
        if (real.count() <= kFew) {
            for (int64_t k = 0; k < real.count(); ++k)
                add(real.first + k * real.step, given);
            return;
        }
        Part part{{real.first, real.last - real.first + 1, real.step}, {}};
        part.given.resize(index(real.step));
        part.given[0].push_back(given);
        parts_.push_back(std::move(part));
    }
    /// From `begin` to before `end`, what comes around: `given` is by position modulo the period, counted from
    /// `origin`.
    void add(int64_t begin, int64_t end, int64_t origin, std::vector<std::vector<Given>> given) {
        begin = std::max<int64_t>(begin, 0);
        end = std::min(end, before_);
        if (end <= begin)
            return;
        const auto period = static_cast<int64_t>(given.size());
        std::rotate(given.begin(), given.begin() + floor_modulo(begin - origin, period), given.end());
        given.resize(index(std::min(period, end - begin)));
        parts_.push_back({{begin, end - begin, static_cast<int64_t>(given.size())}, std::move(given)});
    }

    Shares told() {
        take_single();
        std::sort(parts_.begin(), parts_.end(),
                  [](const Part& a, const Part& b) { return a.span.first < b.span.first; });
        std::vector<int64_t> ends;
        for (const Part& part : parts_) {
            ends.push_back(part.span.first);
            ends.push_back(part.span.end());
        }
        std::sort(ends.begin(), ends.end());
        ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
        std::vector<const Part*> held;
        size_t next = 0;
        for (size_t k = 0; k + 1 < ends.size(); ++k) {
            const auto over = [&](const Part* part) { return part->span.end() <= ends[k]; };
            held.erase(std::remove_if(held.begin(), held.end(), over), held.end());
            while (next < parts_.size() && parts_[next].span.first == ends[k])
                held.push_back(&parts_[next++]);
            if (!held.empty())
                take(held, ends[k], ends[k + 1]);
        }
        return std::move(told_);
    }

private:
    /// Positions that lie near to each other become one part.
    void take_single() {
        std::stable_sort(single_.begin(), single_.end(),
                         [](const At& a, const At& b) { return a.position < b.position; });
        for (size_t k = 0; k < single_.size();) {
            const int64_t first = single_[k].position;
            Part part{{first, 0, 0}, {}};
            for (; k < single_.size() && single_[k].position <= first + part.span.count + kGap; ++k) {
                part.span.count = single_[k].position - first + 1;
                part.given.resize(index(part.span.count));
                part.given.back().push_back(single_[k].given);
            }
            part.span.period = part.span.count;
            parts_.push_back(std::move(part));
        }
    }
    /// What all these parts give to a stretch of positions that all of them hold.
    void take(const std::vector<const Part*>& held, int64_t begin, int64_t end) {
        int64_t period = 1;
        for (const Part* part : held)
            period = common_period(period, part->span.period, end - begin);
        const int64_t offset = slots(told_.side);
        require_slots(offset + period);
        told_.side.push_back({begin, end - begin, period});
        for (int64_t k = 0; k < period; ++k) {
            for (const Part* part : held) {
                for (const Given& one : part->given[index((begin + k - part->span.first) % part->span.period)])
                    told_.shares.push_back({one.from, offset + k, one.parts, one.times});
            }
        }
        require_few(static_cast<int64_t>(told_.shares.size()));
    }

    int64_t before_;
    std::vector<At> single_;
    std::vector<Part> parts_;
    Shares told_;
};

/// What one span of outputs reads.
class Spanned {
public:
    Spanned(const AxisReads& reads, const Span& span, int64_t offset, Collected& into)
        : reads_(reads), span_(span), offset_(offset), into_(into) {}

    void read() const {
        for (const Steady& part : steady_parts(reads_, span_.first, span_.end())) {
            const int64_t turn = part.period == 0 ? 0 : std::lcm(part.period, span_.period);
            const int64_t turns = turn == 0 || turn > kMostSlots ? 0 : (part.end - part.begin) / turn;
            int64_t begin = part.begin;
            if (part.end - part.begin > kFew && turns > 1)
                begin = around(part.begin, turn, turns, multiply(part.shift, turn / part.period));
            one_by_one(begin, part.end);
        }
    }

private:
    Given given(int64_t output, int64_t times) const {
        const int64_t value = offset_ + (output - span_.first) % span_.period;
        return {value, std::max(reads_.free(output).count(), int64_t{1}), times};
    }
    void one_by_one(int64_t begin, int64_t end) const {
        require_few(end - begin);
        for (int64_t output = begin; output < end; ++output)
            into_.add(reads_.unclipped(output), given(output, 1));
    }
    /// Turns of outputs, each of which reads `shift` positions behind the one before it. From `width` positions on
    /// behind the first read, and up to the first read of a turn behind the last, each `shift` positions are read by as
    /// many. The first output that is left.
    int64_t around(int64_t begin, int64_t turn, int64_t turns, int64_t shift) const {
        const int64_t end = begin + turn * turns;
        if (shift == 0) {
            for (int64_t output = begin; output < begin + turn; ++output)
                into_.add(reads_.unclipped(output), given(output, turns));
            return end;
        }
        std::vector<At> first = first_turn(begin, turn);
        if (first.empty())
            return end;
        if (shift < 0) { // the last turn reads the first positions
            for (At& at : first)
                at.position = add(at.position, multiply(turns - 1, shift));
            shift = -shift;
        }
        const auto by_position = [](const At& a, const At& b) { return a.position < b.position; };
        const auto [least, most] = std::minmax_element(first.begin(), first.end(), by_position);
        const int64_t origin = least->position;
        const int64_t overlap = (most->position - origin) / shift; // turns behind one that read what it reads
        if (turns <= 2 * overlap + 1)
            return begin;
        require_few(multiply(overlap, static_cast<int64_t>(first.size())));
        const int64_t from = add(origin, overlap * shift), to = add(origin, multiply(turns, shift));
        std::vector<std::vector<Given>> given(index(shift));
        for (const At& at : first)
            given[index((at.position - origin) % shift)].push_back(at.given);
        for (int64_t number = 0; number < overlap; ++number) {
            for (const At& at : first) {
                if (const int64_t position = at.position + number * shift; position < from)
                    into_.add(position, at.given);
            }
        }
        into_.add(from, to, origin, std::move(given));
        for (int64_t number = turns - overlap; number < turns; ++number) {
            for (const At& at : first) {
                if (const int64_t position = at.position + number * shift; position >= to)
                    into_.add(position, at.given);
            }
        }
        return end;
    }
    std::vector<At> first_turn(int64_t begin, int64_t turn) const {
        std::vector<At> result;
        for (int64_t output = begin; output < begin + turn; ++output) {
            const Progression reads = reads_.unclipped(output);
            require_few(add(static_cast<int64_t>(result.size()), reads.count()));
            for (int64_t k = 0; k < reads.count(); ++k)
                result.push_back({reads.first + k * reads.step, given(output, 1)});
        }
        return result;
    }

    const AxisReads& reads_;
    const Span& span_;
    int64_t offset_;
    Collected& into_;
};

} // namespace

Shares shares_of(const AxisReads& reads, int64_t before, const Side& after) {
    Collected collected(before);
    int64_t offset = 0;
    for (const Span& span : after) {
        Spanned(reads, span, offset, collected).read();
        offset += span.period;
    }
    return collected.told();
}

} // namespace rfonnx
