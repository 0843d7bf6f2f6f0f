// What bench/card/forms.mjs runs. A group is a process: shapes of one kernel, and what else it changes.

const product = (down, along, rows, columns, step, buffers) => ({ down, along, rows, columns, step, buffers });
const tile = (subgroups, copies) => ({ subgroups, copies });

const ATTENTION = [tile(4, 2), tile(8, 1), tile(4, 1)];

/** Of linear with one product. */
const HALF = [
  product(2, 2, 4, 4, 4, 2),
  product(2, 2, 4, 4, 2, 2),
  product(2, 4, 4, 2, 4, 2),
  product(2, 4, 4, 4, 2, 2),
  product(1, 2, 4, 4, 2, 2),
  product(2, 4, 4, 4, 4, 1),
  product(4, 2, 4, 4, 4, 1),
  product(2, 2, 4, 4, 4, 1),
  product(2, 2, 4, 2, 4, 2),
  product(2, 4, 2, 2, 4, 2),
  product(2, 2, 2, 2, 4, 2),
];

/** Of linear with two. */
const LINEAR = [
  product(2, 2, 4, 4, 4, 1),
  product(2, 4, 4, 2, 4, 1),
  product(2, 2, 4, 4, 2, 2),
  product(2, 2, 2, 2, 4, 1),
];

const CONV = [
  product(2, 2, 4, 3, 4, 2),
  product(4, 2, 2, 3, 4, 2),
  product(4, 2, 4, 3, 4, 1),
  product(2, 2, 4, 3, 2, 2),
  product(2, 2, 4, 3, 4, 1),
  product(2, 2, 2, 3, 4, 2),
  product(2, 4, 4, 3, 4, 1),
];

/** What a part of a kernel costs: its text with some of it taken away, which makes wrong results. */
const NO_PRODUCTS = [/\w+ = subgroupMatrixMultiplyAccumulate\(.*?\);/g, ''];
const PARTS = {
  linear: {
    'no products': [NO_PRODUCTS],
    'fetched once': [['if (k < depth) {', 'if (k < depth && turn == 0u) {']],
    'kept once': [
      ['if (k < depth) {', 'if (k < depth && turn == 0u) {'],
      ['if (turn < steps) {', 'if (turn == 0u) {'],
    ],
    'no barriers': [
      ['if (k < depth) {', 'if (k < depth && turn == 0u) {'],
      ['if (turn < steps) {', 'if (turn == 0u) {'],
      [/ {4}workgroupBarrier\(\);\n {2}\}\n/g, '    }\n'],
    ],
    'weights out of the storage buffer': [
      [
        /<Right, col_major>\(&tile, b(?: \+ (\d+)u \* PITCH)?, PITCH\)/g,
        (_, down = 0) =>
          '<Right, col_major>(&weight, ' +
          `(firstColumn + mine % ALONG * COLUMNS * 16u + ${down}u) * depth + (turn - 1u) * STEP + 2u * n, depth)`,
      ],
      [/^.*keepWeight\(to[^:]*, w\d\).*\n/gm, ''],
    ],
  },
  attention: {
    'fetched once': [['if (turn < steps) {\n      let first', 'if (turn == 0u) {\n      let first']],
    'no products': [NO_PRODUCTS],
    'no exponentials': [['if (turn > 0u) {\n      let at', 'if (turn == 1u) {\n      let at']],
    'no rescaling': [
      [
        'let isRaised = workgroupUniformLoad(&raised) == turn; // a',
        'workgroupBarrier();\n    let isRaised = false; // a',
      ],
    ],
    'no values': [['if (multiplies && turn > 0u) {\n      for', 'if (multiplies && turn == 1u) {\n      for']],
  },
};

/** `disable_robustness` leaves out Dawn's checks of indices: what they cost, not what a run would use. */
export const GROUPS = {
  ceilings: { kind: 'ceilings', limit: 10 },
  check: { kind: 'check', limit: 15 },
  forms: { kind: 'every', limit: 60 },
  attention: { kind: 'attention', shapes: ATTENTION, limit: 16 },
  half: { kind: 'half', shapes: HALF, limit: 24 },
  'half parts': { kind: 'half', shapes: HALF.slice(0, 1), limit: 11, parts: PARTS.linear },
  'attention parts': { kind: 'attention', shapes: ATTENTION.slice(0, 1), limit: 14, parts: PARTS.attention },
  conv: { kind: 'conv', shapes: CONV, limit: 26 },
  'half unguarded': { kind: 'half', shapes: HALF.slice(0, 4), limit: 9, toggles: 'disable_robustness' },
  'attention unguarded': { kind: 'attention', shapes: ATTENTION.slice(0, 2), limit: 9, toggles: 'disable_robustness' },
  linear: { kind: 'linear', shapes: LINEAR, limit: 10 },
  others: { kind: 'others', limit: 25 },
};

/** Those that are run where none are asked for: not what is known already. */
export const ASKED = Object.keys(GROUPS).filter((name) => name !== 'others');
