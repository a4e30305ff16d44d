/// Rules that columns follow by themselves, whatever rule a reshape gives them.
#pragma once

#include "flat_rule.hpp"

namespace rfonnx {

/// Whether all columns go on by a rule, as far as they reach.
bool follow(Rule rule, const std::vector<ColumnPtr>& columns);

/// Gives walks [first, last), and `along`, a shorter rule where the term goes on by that for two periods at least, and
/// the rule that they have is as long as the axis. The rows of a batch laid end to end start anew with each row: what a
/// row shows beyond its end is not the next one.
void find_own_rules(Term& term, size_t first, size_t last);

} // namespace rfonnx
