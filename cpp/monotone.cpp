#include "monotone.hpp"

#include <algorithm>

namespace rfonnx {
namespace {

/// Widest dilated kernel whose taps beyond a border are written out, one copy of the border for each.
constexpr int64_t kMostCopies = 8;

struct Order {
    bool rising = true, falling = true;

    void look(int64_t before, int64_t here) {
        rising = rising && before <= here;
        falling = falling && before >= here;
    }
    bool neither() const { return !rising && !falling; }
};

/// From one entry to the next a residue's difference is a line: the first and the last turn decide.
void look_along(const Run& run, Order& order) {
    const int64_t period = run.period(), length = run.length();
    const bool some = std::find(run.values.begin(), run.values.end(), kNothing) != run.values.end();
    const bool all =
        some && std::all_of(run.values.begin(), run.values.end(), [](int64_t value) { return value == kNothing; });
    if (all)
        return;
    if (some)
        order.rising = order.falling = false;
    const int64_t head = std::min(length, period + 1), tail = std::max(head, length - period - 1);
    for (int64_t k = 1; k < head && !order.neither(); ++k)
        order.look(run.after(k - 1), run.after(k));
    for (int64_t k = tail; k < length && !order.neither(); ++k)
        order.look(run.after(k - 1), run.after(k));
}

} // namespace

Course course_of(const Bound& f) {
    Order order;
    for (size_t k = 0; k < f.runs().size() && !order.neither(); ++k) {
        const Run& run = f.runs()[k];
        if (k > 0)
            order.look(f.runs()[k - 1].after(f.runs()[k - 1].length() - 1), run.values[0]);
        look_along(run, order);
    }
    return order.rising ? Course::rising : order.falling ? Course::falling : Course::neither;
}

/// A window over what rises reads the least at its first position that is not before the axis, and so before the axis
/// stands, again and again, what its first `dilation` positions are; over what falls, at its last one, and so behind
/// it.
std::optional<Bound> window_at_end(const Bound& f, int64_t kernel, int64_t dilation, int64_t scale, int64_t offset,
                                   int64_t length) {
    if (f.length() == 0 || (dilation > 1 && kernel > kMostCopies))
        return {};
    const Course course = course_of(f);
    if (course == Course::neither)
        return {};
    const bool rising = course == Course::rising;
    const int64_t before = multiply(kernel - 1, dilation), last = f.length() - 1;
    Bound held = rising ? Bound() : f;
    if (dilation == 1)
        held.append(constant_run(0, before, f.at(rising ? 0 : last)));
    for (int64_t copy = 1; copy < kernel && dilation > 1; ++copy)
        held.append(gathered(f, 1, rising ? 0 : last + 1 - dilation, dilation));
    if (rising)
        held.append(f);
    return gathered(held, scale, add(offset, before), length);
}

} // namespace rfonnx
