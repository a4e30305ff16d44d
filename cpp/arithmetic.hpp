/// Arithmetic on positions that throws std::overflow_error instead of wrapping: sizes come from files that nobody
/// vouches for. Plain C++17, so that every compiler runs the same code; arithmetic.cpp checks it while it compiles.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace rfonnx {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

constexpr bool sum_overflows(int64_t a, int64_t b) {
    return b > 0 ? a > kMost - b : a < kLeast - b;
}

constexpr bool difference_overflows(int64_t a, int64_t b) {
    return b < 0 ? a > kMost + b : a < kLeast + b;
}

constexpr bool product_overflows(int64_t a, int64_t b) {
    constexpr int64_t small = int64_t{1} << 31;
    if (a > -small && a < small && b > -small && b < small)
        return false; // nearly all that is multiplied, and no division
    if (a == 0 || b == 0)
        return false;
    if (a > 0)
        return b > 0 ? a > kMost / b : b < kLeast / a;
    return b > 0 ? a < kLeast / b : a < kMost / b;
}

constexpr void require_fit(bool overflows) {
    if (overflows)
        throw std::overflow_error("a position exceeds 64 bits");
}

constexpr int64_t add(int64_t a, int64_t b) {
    require_fit(sum_overflows(a, b));
    return a + b;
}

constexpr int64_t subtract(int64_t a, int64_t b) {
    require_fit(difference_overflows(a, b));
    return a - b;
}

constexpr int64_t multiply(int64_t a, int64_t b) {
    require_fit(product_overflows(a, b));
    return a * b;
}

/// |a|, which for the least number of 64 bits does not fit.
constexpr int64_t magnitude(int64_t a) {
    return a < 0 ? subtract(0, a) : a;
}

/// Division that rounds towards minus infinity, and its remainder in `[0, b)`; b > 0. -5 / 3 = -2, remainder 1.
constexpr int64_t floor_divide(int64_t a, int64_t b) {
    return a / b - (a % b != 0 && a < 0);
}
constexpr int64_t floor_modulo(int64_t a, int64_t b) {
    return a % b < 0 ? a % b + b : a % b;
}

/// `a * b % m` for `0 <= a, b < m <= 2^40`, where the product itself may exceed 64 bits: 20 binary digits of b at a
/// time, each product below 2^60.
constexpr int64_t multiply_modulo(int64_t a, int64_t b, int64_t m) {
    constexpr int64_t digits = int64_t{1} << 20;
    return (a * (b / digits) % m * digits + a * (b % digits)) % m;
}

/// After so many positions two periods, of at least 1, have both come around, or a stretch of `length` is over.
constexpr int64_t common_period(int64_t a, int64_t b, int64_t length) {
    const int64_t turns = b / std::gcd(a, b);
    return turns > length / a ? length : std::min(length, a * turns);
}

} // namespace rfonnx
