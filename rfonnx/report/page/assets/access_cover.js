// Covers: which positions of a tensor belong, laid out only where they may.
//
// {start, extent, values}: along axis k the positions start[k] .. start[k] + extent[k] - 1 are laid out, and none beyond them
// belongs. Where start[k] is COVER_ALIKE, extent[k] is 1 and all positions of the axis are alike. `values` is row-major over
// `extent`, 1 where a position belongs. A cover to which nothing belongs is null.
const COVER_ALIKE = -1;
const COVER_LARGEST = 2 ** 27;

function coverOfPosition(position) {
  return {
    start: position.map((index) => (index === null ? COVER_ALIKE : index)),
    extent: position.map(() => 1),
    values: Uint8Array.of(1),
  };
}

function coverSize(extent) {
  const size = extent.reduce((product, length) => product * length, 1);
  if (size > COVER_LARGEST) throw new RangeError("too many positions to lay out in a page");
  return size;
}

// An axis between those before it and those behind it.
function coverLayout(extent, axis) {
  let outer = 1, inner = 1;
  for (let k = 0; k < axis; k++) outer *= extent[k];
  for (let k = axis + 1; k < extent.length; k++) inner *= extent[k];
  return { outer, length: extent[axis], inner };
}

// The same cover, laid out along an axis over `count` positions from `first` on, which hold all that belongs.
function coverLaid(cover, axis, first, count) {
  const alike = cover.start[axis] === COVER_ALIKE;
  if (!alike && cover.start[axis] === first && cover.extent[axis] === count) return cover;
  const { outer, length, inner } = coverLayout(cover.extent, axis);
  const start = cover.start.slice(), extent = cover.extent.slice();
  start[axis] = first;
  extent[axis] = count;
  const values = new Uint8Array(coverSize(extent));
  const offset = alike ? 0 : cover.start[axis] - first;
  for (let o = 0; o < outer; o++) {
    const from = o * length * inner, into = (o * count + offset) * inner;
    for (let k = 0; k < (alike ? count : 1); k++) coverCopy(cover.values, from, values, into + k * inner, length * inner);
  }
  return { start, extent, values };
}

// A loop: most rows are short, and `set` and `subarray` cost more than they do.
function coverCopy(from, at, into, to, count) {
  for (let k = 0; k < count; k++) into[to + k] = from[at + k];
}

// An axis of `length` positions, all laid out.
function coverWhole(cover, axis, length) {
  return coverLaid(cover, axis, 0, length);
}

// Drops what is laid out along an axis of `length` positions for nothing: its ends, or all of it where positions are alike.
function coverTidied(cover, axis, length) {
  if (cover.start[axis] === COVER_ALIKE) return cover;
  const { outer, length: count, inner } = coverLayout(cover.extent, axis);
  let first = count, last = -1, alike = count === length && count > 1;
  for (let o = 0; o < outer && (first > 0 || last < count - 1 || alike); o++) {
    for (let k = 0; k < count; k++) {
      for (let i = 0, at = (o * count + k) * inner; i < inner; i++, at++) {
        const value = cover.values[at];
        if (value) {
          if (k < first) first = k;
          if (k > last) last = k;
        }
        if (alike && value !== cover.values[at - k * inner]) alike = false;
      }
    }
  }
  if (last < 0) return null;
  if (alike) return coverCut(cover, axis, 0, 1, COVER_ALIKE);
  return coverCut(cover, axis, first, last - first + 1, cover.start[axis] + first);
}

// `count` of what is laid out along an axis, from entry `first` on, which is position `start`.
function coverCut(cover, axis, first, count, start) {
  if (count === cover.extent[axis] && start === cover.start[axis]) return cover;
  const { outer, length, inner } = coverLayout(cover.extent, axis);
  const values = new Uint8Array(outer * count * inner);
  for (let o = 0; o < outer; o++) {
    coverCopy(cover.values, (o * length + first) * inner, values, o * count * inner, count * inner);
  }
  const starts = cover.start.slice(), extent = cover.extent.slice();
  starts[axis] = start;
  extent[axis] = count;
  return { start: starts, extent, values };
}

// One entry along an axis, which belongs where any along it does.
function coverAny(cover, axis) {
  const { outer, length, inner } = coverLayout(cover.extent, axis);
  const start = cover.start.slice(), extent = cover.extent.slice();
  start[axis] = 0;
  extent[axis] = 1;
  if (length === 1) return { start, extent, values: cover.values };
  const values = new Uint8Array(outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let at = o * length * inner, end = at + length * inner, i = 0; at < end; at++) {
      values[o * inner + i] |= cover.values[at];
      if (++i === inner) i = 0;
    }
  }
  return { start, extent, values };
}

// What belongs to either of two covers of a tensor.
function coverUnion(one, other, shape) {
  for (let axis = 0; axis < shape.length; axis++) {
    const all = one.start[axis] === COVER_ALIKE, both = all && other.start[axis] === COVER_ALIKE;
    if (both) continue;
    let first = 0, end = shape[axis];
    if (!all && other.start[axis] !== COVER_ALIKE) {
      first = Math.min(one.start[axis], other.start[axis]);
      end = Math.max(one.start[axis] + one.extent[axis], other.start[axis] + other.extent[axis]);
    }
    one = coverLaid(one, axis, first, end - first);
    other = coverLaid(other, axis, first, end - first);
  }
  const values = new Uint8Array(one.values.length);
  for (let k = 0; k < values.length; k++) values[k] = one.values[k] | other.values[k];
  return { start: one.start, extent: one.extent, values };
}

// From a tensor of shape `to` to one of shape `from` that was broadcast to it: numpy's rules, undone.
function coverUnbroadcast(cover, from, to) {
  const skipped = to.length - from.length;
  for (let axis = 0; axis < to.length; axis++) {
    if (axis < skipped || (from[axis - skipped] === 1 && to[axis] !== 1)) cover = coverAny(cover, axis);
  }
  return { start: cover.start.slice(skipped), extent: cover.extent.slice(skipped), values: cover.values };
}

// From a tensor of shape `from` to one of shape `to` that it is broadcast to.
function coverBroadcast(cover, from, to) {
  const skipped = to.length - from.length;
  const start = to.map((length, axis) => {
    const repeats = axis < skipped || (from[axis - skipped] === 1 && length !== 1);
    return repeats ? COVER_ALIKE : cover.start[axis - skipped];
  });
  const extent = to.map((_, axis) => (axis < skipped ? 1 : cover.extent[axis - skipped]));
  return { start, extent, values: cover.values };
}

// Over the chosen axes alone, in their order as in the tensor: 1 where a position belongs for any position along the others,
// or for the one that `fixed` gives for an axis. A Uint8Array, row-major over the lengths of those axes.
function coverMask(cover, shape, axes, fixed = {}) {
  const lengths = axes.map((axis) => shape[axis]);
  if (!cover) return new Uint8Array(coverSize(lengths));
  for (let axis = 0; axis < shape.length; axis++) {
    if (axes.includes(axis)) {
      cover = coverWhole(cover, axis, shape[axis]);
    } else if (axis in fixed && cover.start[axis] !== COVER_ALIKE) {
      const entry = fixed[axis] - cover.start[axis];
      if (entry < 0 || entry >= cover.extent[axis]) return new Uint8Array(coverSize(lengths));
      cover = coverCut(cover, axis, entry, 1, fixed[axis]);
    } else {
      cover = coverAny(cover, axis);
    }
  }
  return cover.values;
}
