/// What the primitives and their fields are called in Python: the named tuples of operators/access/primitives.py,
/// fields in their order. A primitive that is missing here does not compile, and a test compares both sides.
#pragma once

#include <tuple>

#include "program.hpp"

namespace rfonnx {

template <typename Primitive, typename Value>
struct NamedField {
    const char* name;
    Value Primitive::* place;
};
template <typename Primitive, typename Value>
NamedField(const char*, Value Primitive::*) -> NamedField<Primitive, Value>;

template <typename Primitive>
struct Named;

template <typename Primitive>
struct NamedSliding {
    static constexpr auto fields =
        std::make_tuple(NamedField{"axis", &Primitive::axis}, NamedField{"length", &Primitive::length},
                        NamedField{"kernel", &Primitive::kernel}, NamedField{"stride", &Primitive::stride},
                        NamedField{"dilation", &Primitive::dilation}, NamedField{"pad", &Primitive::pad});
};
template <>
struct Named<Window> : NamedSliding<Window> {
    static constexpr const char* name = "Window";
};
template <>
struct Named<Spread> : NamedSliding<Spread> {
    static constexpr const char* name = "Spread";
};
template <>
struct Named<Select> {
    static constexpr const char* name = "Select";
    static constexpr auto fields = std::make_tuple(
        NamedField{"axis", &Select::axis}, NamedField{"first", &Select::first}, NamedField{"last", &Select::last},
        NamedField{"step", &Select::step}, NamedField{"period", &Select::period}, NamedField{"shift", &Select::shift},
        NamedField{"free_first", &Select::free_first}, NamedField{"free_last", &Select::free_last});
};
template <>
struct Named<Reduce> {
    static constexpr const char* name = "Reduce";
    static constexpr auto fields = std::make_tuple(NamedField{"axes", &Reduce::axes});
};
template <>
struct Named<Band> {
    static constexpr const char* name = "Band";
    static constexpr auto fields = std::make_tuple(NamedField{"axis", &Band::axis}, NamedField{"by", &Band::by},
                                                   NamedField{"first", &Band::first}, NamedField{"last", &Band::last});
};
template <>
struct Named<Permute> {
    static constexpr const char* name = "Permute";
    static constexpr auto fields = std::make_tuple(NamedField{"perm", &Permute::perm});
};
template <>
struct Named<Reshape> {
    static constexpr const char* name = "Reshape";
    static constexpr auto fields = std::make_tuple(NamedField{"shape", &Reshape::shape});
};

} // namespace rfonnx
