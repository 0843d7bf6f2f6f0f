// What bench/card/forms.mjs runs. A group is a process: shapes of one kernel, and what else it changes.

const product = (down, along, rows, columns, step, ahead) => ({ down, along, rows, columns, step, ahead });
const tile = (subgroups, blocks, keys, both) => ({ subgroups, blocks, keys, both });

const ATTENTION = [
  tile(4, 1, 64, 0),
  tile(4, 1, 32, 0),
  tile(4, 1, 32, 1),
  tile(4, 2, 32, 0),
  tile(4, 2, 32, 1),
  tile(8, 1, 32, 0),
  tile(8, 1, 32, 1),
  tile(2, 1, 64, 0),
  tile(2, 1, 64, 1),
  tile(2, 2, 64, 0),
  tile(2, 2, 32, 1),
];

/** Of linear with one product. */
const HALF = [
  product(2, 2, 4, 4, 4, 1),
  product(2, 2, 4, 4, 4, 0),
  product(2, 2, 4, 4, 8, 0),
  product(2, 2, 4, 4, 8, 1),
  product(2, 4, 4, 2, 4, 1),
  product(2, 4, 4, 2, 8, 0),
  product(4, 2, 4, 4, 4, 1),
  product(4, 2, 4, 4, 4, 0),
  product(2, 4, 4, 4, 4, 1),
  product(2, 2, 4, 2, 4, 1),
  product(2, 2, 2, 2, 8, 1),
];

/** Of linear with two. */
const LINEAR = [
  product(2, 2, 4, 4, 4, 1),
  product(2, 2, 4, 4, 4, 0),
  product(2, 4, 4, 2, 4, 1),
  product(2, 2, 2, 4, 4, 1),
  product(2, 2, 2, 2, 4, 1),
];

const CONV = [
  product(2, 2, 4, 3, 4, 1),
  product(2, 2, 4, 3, 4, 0),
  product(4, 2, 2, 3, 4, 1),
  product(4, 2, 4, 3, 4, 1),
  product(4, 2, 4, 3, 4, 0),
  product(2, 2, 4, 3, 12, 0),
  product(2, 2, 2, 3, 4, 1),
  product(4, 1, 4, 3, 4, 1),
  product(2, 2, 4, 4, 4, 1),
];

/** `disable_robustness` leaves out Dawn's checks of indices: what they cost, not what a run would use. */
export const GROUPS = {
  check: { kind: 'check', limit: 25 },
  attention: { kind: 'attention', shapes: ATTENTION, limit: 40 },
  half: { kind: 'half', shapes: HALF, limit: 25 },
  conv: { kind: 'conv', shapes: CONV, limit: 30 },
  linear: { kind: 'linear', shapes: LINEAR, limit: 14 },
  ceilings: { kind: 'ceilings', limit: 8 },
  'attention unguarded': { kind: 'attention', shapes: ATTENTION.slice(0, 7), limit: 18, toggles: 'disable_robustness' },
  'half unguarded': { kind: 'half', shapes: HALF.slice(0, 7), limit: 16, toggles: 'disable_robustness' },
  'conv unguarded': { kind: 'conv', shapes: CONV.slice(0, 5), limit: 16, toggles: 'disable_robustness' },
  others: { kind: 'others', limit: 25 },
};
