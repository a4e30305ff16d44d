// What each access primitive does to a cover, from its output back to what it reads (accessBack) and the other way
// (accessForth). The window arithmetic is that of cpp/reads.cpp, the groups of a reshape those of cpp/reindex.cpp.

// `before` is the shape that the step was applied to; the cover is of the shape after it.
function accessBack(step, before, cover) {
  switch (step.kind) {
    case "Window":
    case "Spread":
    case "Select":
      return accessAlongBack(step, before[step.axis], cover);
    case "Reduce":
      return accessAlikeAlong(cover, step.axes);
    case "Band":
      return accessBandBack(step, before, cover);
    case "Permute":
      return accessPermuted(cover, step.perm);
    case "Reshape":
      return accessReshaped(cover, step.shape, before);
  }
  throw new Error(`no access primitive: ${step.kind}`);
}

// The cover is of the shape before the step.
function accessForth(step, before, after, cover) {
  switch (step.kind) {
    case "Window":
    case "Spread":
    case "Select":
      return accessAlongForth(step, before[step.axis], after[step.axis], cover);
    case "Reduce":
      return step.axes.reduce((current, axis) => coverAny(current, axis), cover);
    case "Band":
      return accessBandForth(step, before, cover);
    case "Permute":
      return accessPermuted(cover, accessInverse(step.perm));
    case "Reshape":
      return accessReshaped(cover, before, after);
  }
  throw new Error(`no access primitive: ${step.kind}`);
}

function accessModulo(a, m) {
  const rest = a % m;
  return rest < 0 ? rest + m : rest;
}

function accessDivisor(a, b) {
  while (b) [a, b] = [b, a % b];
  return a;
}

// x with a*x = 1 (mod m), for coprime a and m; 0 when m is 1. Extended Euclid.
function accessInverseModulo(a, m) {
  let previous = 0, current = 1, remainder = m, divisor = a % m;
  while (divisor > 0) {
    const quotient = Math.floor(remainder / divisor);
    [remainder, divisor] = [divisor, remainder - quotient * divisor];
    [previous, current] = [current, previous - quotient * current];
  }
  return m === 1 ? 0 : accessModulo(previous, m);
}

// What outputs from, from + 1, ... read of an axis of `length` positions: first[k], first[k] + step .. last[k]; nothing where
// last < first.
function accessReads(step, length, from, count) {
  const reads = {
    first: new Float64Array(count), last: new Float64Array(count).fill(-1), step: step.dilation || step.step,
  };
  const spread = step.kind === "Spread" && accessSpread(step);
  if (spread) reads.step = spread.step;
  for (let k = 0; k < count; k++) {
    const o = from + k;
    if (spread) {
      spread.read(o, reads, k);
    } else if (step.kind === "Window") {
      reads.first[k] = o * step.stride - step.pad;
      reads.last[k] = reads.first[k] + (step.kernel - 1) * step.dilation;
    } else if (step.last[o] >= step.first[o]) {
      reads.first[k] = step.first[o];
      reads.last[k] = step.last[o] - (step.last[o] - step.first[o]) % step.step;
    }
    accessClip(reads, k, length);
  }
  return reads;
}

// The taps t that reach o are those with (o + pad - t*dilation) divisible by the stride: t0, t0 + stride/common, ... Each further
// one reads dilation/common positions earlier.
function accessSpread({ kernel, stride, dilation, pad }) {
  const common = accessDivisor(stride, dilation), apart = stride / common, step = dilation / common;
  const inverse = accessInverseModulo(step, apart);
  function read(o, reads, k) {
    const reach = o + pad;
    if (accessModulo(reach, common) !== 0) return;
    const t0 = (accessModulo(reach / common, apart) * inverse) % apart;
    if (t0 >= kernel) return;
    reads.last[k] = (reach - t0 * dilation) / stride;
    reads.first[k] = reads.last[k] - Math.floor((kernel - 1 - t0) / apart) * step;
  }
  return { step, read };
}

// Leaves the part in 0 .. length - 1.
function accessClip(reads, k, length) {
  if (reads.last[k] < reads.first[k]) {
    reads.first[k] = 0;
    reads.last[k] = -1;
    return;
  }
  if (reads.first[k] < 0) reads.first[k] = accessModulo(reads.first[k], reads.step);
  if (reads.last[k] >= length) reads.last[k] = length - 1 - accessModulo(length - 1 - reads.last[k], reads.step);
}

// Windows, spreads and selects: each output hands on to what it reads.
function accessAlongBack(step, length, cover) {
  const { axis } = step, alike = cover.start[axis] === COVER_ALIKE;
  const after = step.kind === "Select" ? step.first.length : step.length;
  const reads = accessReads(step, length, alike ? 0 : cover.start[axis], alike ? after : cover.extent[axis]);
  let first = Infinity, last = -1;
  reads.first.forEach((low, k) => {
    if (reads.last[k] < low) return;
    if (low < first) first = low;
    if (reads.last[k] > last) last = reads.last[k];
  });
  if (last < first) return null;
  const { outer, length: count, inner } = coverLayout(cover.extent, axis), span = last - first + 1;
  const start = cover.start.slice(), extent = cover.extent.slice();
  start[axis] = first;
  extent[axis] = span;
  const values = new Uint8Array(coverSize(extent));
  if (alike) {
    const column = new Uint8Array(span);
    reads.first.forEach((low, k) => {
      for (let p = low; p <= reads.last[k]; p += reads.step) column[p - first] = 1;
    });
    for (let o = 0; o < outer; o++) {
      const row = cover.values.subarray(o * inner, (o + 1) * inner);
      column.forEach((read, p) => { if (read) values.set(row, (o * span + p) * inner); });
    }
    return coverTidied({ start, extent, values }, axis, length);
  }
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < count; k++) {
      const from = (o * count + k) * inner;
      for (let p = reads.first[k]; p <= reads.last[k]; p += reads.step) {
        const into = (o * span + p - first) * inner;
        for (let i = 0; i < inner; i++) values[into + i] |= cover.values[from + i];
      }
    }
  }
  return coverTidied({ start, extent, values }, axis, length);
}

// Each output belongs when any position does that it reads.
function accessAlongForth(step, length, after, cover) {
  const { axis } = step, alike = cover.start[axis] === COVER_ALIKE;
  const { outer, length: count, inner } = coverLayout(cover.extent, axis);
  const begin = alike ? 0 : cover.start[axis], end = alike ? length : begin + count;
  const reads = accessReads(step, length, 0, after);
  const start = cover.start.slice(), extent = cover.extent.slice();
  start[axis] = 0;
  extent[axis] = after;
  const values = new Uint8Array(coverSize(extent));
  for (let k = 0; k < after; k++) {
    const low = reads.first[k] + Math.max(0, Math.ceil((begin - reads.first[k]) / reads.step)) * reads.step;
    const high = Math.min(reads.last[k], end - 1);
    for (let p = low; p <= high; p += reads.step) {
      for (let o = 0; o < outer; o++) {
        const from = (o * count + (alike ? 0 : p - begin)) * inner, into = (o * after + k) * inner;
        for (let i = 0; i < inner; i++) values[into + i] |= cover.values[from + i];
      }
      if (alike) break;
    }
  }
  return coverTidied({ start, extent, values }, axis, after);
}

function accessAlikeAlong(cover, axes) {
  const start = cover.start.slice();
  for (const axis of axes) start[axis] = COVER_ALIKE;
  return { start, extent: cover.extent, values: cover.values };
}

// The keys first[q] .. last[q] of a query q, of which there are `keys`.
function accessKeys(step, q, keys) {
  return [Math.max(step.first[q], 0), Math.min(step.last[q], keys - 1)];
}

function accessBandBack(step, before, cover) {
  const { axis, by } = step, keys = before[axis], queries = before[by];
  if (cover.start[by] === COVER_ALIKE) cover = coverWhole(cover, by, queries);
  cover = coverWhole(accessAlikeAlong(cover, [axis]), axis, keys);
  const values = cover.values.slice();
  const apartBy = coverLayout(cover.extent, by).inner, apart = coverLayout(cover.extent, axis).inner;
  for (let entry = 0; entry < values.length; entry++) {
    const query = cover.start[by] + Math.floor(entry / apartBy) % cover.extent[by];
    const key = Math.floor(entry / apart) % keys;
    if (key < step.first[query] || key > step.last[query]) values[entry] = 0;
  }
  const result = coverTidied({ start: cover.start, extent: cover.extent, values }, axis, keys);
  return result && coverTidied(result, by, queries);
}

function accessBandForth(step, before, cover) {
  const { axis, by } = step, keys = before[axis], queries = before[by];
  cover = coverWhole(coverWhole(cover, axis, keys), by, queries);
  const apartBy = coverLayout(cover.extent, by).inner, apart = coverLayout(cover.extent, axis).inner;
  const values = cover.values.slice();
  for (let entry = 0; entry < values.length; entry++) {
    const [first, last] = accessKeys(step, Math.floor(entry / apartBy) % queries, keys);
    const key = Math.floor(entry / apart) % keys;
    if (key < first || key > last) values[entry] = 0;
  }
  const seen = coverAny({ start: cover.start, extent: cover.extent, values }, axis);
  return coverTidied(seen, by, queries);
}

function accessInverse(perm) {
  const inverse = [];
  perm.forEach((axis, k) => { inverse[axis] = k; });
  return inverse;
}

// Axis k of the cover becomes axis perm[k].
function accessPermuted(cover, perm) {
  const rank = perm.length, start = [], extent = [], apart = [];
  perm.forEach((axis, k) => {
    start[axis] = cover.start[k];
    extent[axis] = cover.extent[k];
    apart[axis] = coverLayout(cover.extent, k).inner;
  });
  const values = new Uint8Array(cover.values.length), position = new Array(rank).fill(0);
  let from = 0;
  for (let entry = 0; entry < values.length; entry++) {
    values[entry] = cover.values[from];
    for (let axis = rank - 1; axis >= 0; axis--) {
      from += apart[axis];
      if (++position[axis] < extent[axis]) break;
      from -= apart[axis] * extent[axis];
      position[axis] = 0;
    }
  }
  return { start, extent, values };
}

// The finest groups of axes of two shapes that hold the same elements: [firstFrom, endFrom, firstTo, endTo].
function accessGroups(from, to) {
  if (from.includes(0)) return [[0, from.length, 0, to.length]]; // nothing to match up
  const groups = [];
  let i = 0, j = 0;
  while (i < from.length && j < to.length) {
    const group = [i, 0, j, 0];
    let left = from[i++], right = to[j++];
    while (left !== right) {
      if (left < right) left *= from[i++];
      else right *= to[j++];
    }
    group[1] = i;
    group[3] = j;
    groups.push(group);
  }
  if (i < from.length || j < to.length) groups.push([i, from.length, j, to.length]); // axes of length 1
  return groups;
}

// The same elements under another shape. Groups along which all are alike stay so; one that stays one axis is kept.
function accessReshaped(cover, from, to) {
  const start = [], extent = [], changed = [];
  for (const [i, endFrom, j, endTo] of accessGroups(from, to)) {
    if (endFrom - i === 1 && endTo - j === 1) {
      start[j] = cover.start[i];
      extent[j] = cover.extent[i];
      continue;
    }
    let alike = true;
    for (let axis = i; axis < endFrom; axis++) alike &&= cover.start[axis] === COVER_ALIKE || from[axis] === 1;
    for (let axis = i; axis < endFrom && !alike; axis++) cover = coverWhole(cover, axis, from[axis]);
    for (let axis = j; axis < endTo; axis++) {
      start[axis] = alike ? COVER_ALIKE : 0;
      extent[axis] = alike ? 1 : to[axis];
      if (!alike) changed.push(axis);
    }
  }
  let result = { start, extent, values: cover.values };
  for (const axis of changed) result = result && coverTidied(result, axis, to[axis]);
  return result;
}
