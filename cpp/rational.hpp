/// Fractions in lowest terms with a positive denominator; std::overflow_error when 64 bits do not hold them.
#pragma once

#include "interval.hpp"

namespace rfonnx {

struct Rational {
    int64_t numerator = 0;
    int64_t denominator = 1;

    Rational(int64_t whole = 0) : numerator(whole) {}
    Rational(int64_t n, int64_t d) {
        const int64_t common = std::gcd(magnitude(n), magnitude(d)) * (d < 0 ? -1 : 1);
        numerator = n / common;
        denominator = d / common;
    }

    friend Rational operator+(Rational a, Rational b) {
        return {add(multiply(a.numerator, b.denominator), multiply(b.numerator, a.denominator)),
                multiply(a.denominator, b.denominator)};
    }
    friend Rational operator-(Rational a, Rational b) { return a + Rational(subtract(0, b.numerator), b.denominator); }
    friend Rational operator*(Rational a, Rational b) {
        return {multiply(a.numerator, b.numerator), multiply(a.denominator, b.denominator)};
    }
    friend Rational operator/(Rational a, Rational b) { return a * Rational(b.denominator, b.numerator); }
    friend bool operator==(Rational a, Rational b) {
        return a.numerator == b.numerator && a.denominator == b.denominator;
    }
};

} // namespace rfonnx
