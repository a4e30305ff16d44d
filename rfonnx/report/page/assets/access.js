// The access program, followed in the page: which positions of an input can reach a position of a tensor, exactly, and which
// positions of a tensor an input position can reach. The same as cpp/backward.cpp; tests/browser compares whole masks.
//
// A position is an array with one index per axis. Sources are numbered inputs first, then tensors. What a *cover* is stands in
// access_cover.js, what each primitive does in access_steps.js.

// The primitives and their fields, in the order of rfonnx/report/explorer/access_program.py.
const ACCESS_FIELDS = {
  Window: ["axis", "length", "kernel", "stride", "dilation", "pad"],
  Spread: ["axis", "length", "kernel", "stride", "dilation", "pad"],
  Select: ["axis", "first", "last", "step"],
  Reduce: ["axes"],
  Band: ["axis", "by", "first", "last"],
  Permute: ["perm"],
  Reshape: ["shape"],
};
const ACCESS_TABLES = new Set(["first", "last"]);

// Undoes rfonnx/report/explorer/packing.py: [difference, count, ...] to the numbers.
function accessUnpacked(runs) {
  let length = 0;
  for (let k = 1; k < runs.length; k += 2) length += runs[k];
  const values = new Float64Array(length);
  let value = 0, at = 0;
  for (let k = 0; k < runs.length; k += 2) {
    for (let count = runs[k + 1]; count > 0; count--) values[at++] = value += runs[k];
  }
  return values;
}

// The program as accessSupport takes it, from its plain data.
function accessProgram(data) {
  const steps = data.steps.map(([kind, ...fields]) => {
    const step = { kind };
    ACCESS_FIELDS[kind].forEach((name, k) => {
      step[name] = ACCESS_TABLES.has(name) ? accessUnpacked(fields[k]) : fields[k];
    });
    return step;
  });
  const chains = data.chains.map((chain) => chain.map((number) => steps[number]));
  const shapes = data.inputs.map((number) => data.shapes[number]);
  const paths = data.inputs.map(() => []);
  data.tensors.forEach(([shape, ...row]) => {
    const own = [], number = shapes.length;
    for (let k = 0; k < row.length; k += 2) {
      const source = number - row[k], taken = chains[row[k + 1]], before = [shapes[source]];
      for (const step of taken) before.push(accessShapeAfter(step, before[before.length - 1]));
      own.push({ source, steps: taken, before });
    }
    shapes.push(data.shapes[shape]);
    paths.push(own);
  });
  return { inputs: data.inputs.length, shapes, paths };
}

function accessShapeAfter(step, shape) {
  const after = shape.slice();
  switch (step.kind) {
    case "Window":
    case "Spread":
      after[step.axis] = step.length;
      return after;
    case "Select":
      after[step.axis] = step.first.length;
      return after;
    case "Reduce":
      for (const axis of step.axes) after[axis] = 1;
      return after;
    case "Band":
      after[step.axis] = 1;
      return after;
    case "Permute":
      return step.perm.map((axis) => shape[axis]);
    case "Reshape":
      return step.shape;
  }
  throw new Error(`no access primitive: ${step.kind}`);
}

// The cover of an input: its positions that can reach `position` of a source. null where none does. A null in the position
// stands for all positions along that axis.
function accessSupport(program, source, position, input) {
  const covers = new Map([[source, coverOfPosition(position)]]);
  for (let number = source; number >= program.inputs; number--) {
    const cover = covers.get(number);
    covers.delete(number);
    if (!cover) continue;
    for (const path of program.paths[number]) {
      if (path.before[0].includes(0)) continue;
      const last = path.before.length - 1;
      let current = coverUnbroadcast(cover, path.before[last], program.shapes[number]);
      for (let k = last; k > 0 && current; k--) current = accessBack(path.steps[k - 1], path.before[k - 1], current);
      accessJoin(covers, path.source, program.shapes[path.source], current);
    }
  }
  return covers.get(input) || null;
}

// The cover of a source: its positions that `position` of an input can reach; as accessSupport the other way round.
function accessReached(program, input, position, source) {
  const covers = new Map([[input, coverOfPosition(position)]]);
  const wanted = accessAncestors(program, source);
  for (let number = program.inputs; number <= source; number++) {
    if (!wanted[number]) continue;
    for (const path of program.paths[number]) {
      let current = covers.get(path.source);
      for (let k = 0; k < path.steps.length && current; k++) {
        current = accessForth(path.steps[k], path.before[k], path.before[k + 1], current);
      }
      if (!current) continue;
      const arrived = path.before[path.before.length - 1];
      accessJoin(covers, number, program.shapes[number], coverBroadcast(current, arrived, program.shapes[number]));
    }
  }
  return covers.get(source) || null;
}

// By number: whether a source is read on the way to another, or is it.
function accessAncestors(program, source) {
  const wanted = new Uint8Array(source + 1);
  wanted[source] = 1;
  for (let number = source; number >= program.inputs; number--) {
    if (wanted[number]) program.paths[number].forEach((path) => { wanted[path.source] = 1; });
  }
  return wanted;
}

function accessJoin(covers, number, shape, cover) {
  if (!cover) return;
  const there = covers.get(number);
  covers.set(number, there ? coverUnion(there, cover, shape) : cover);
}
