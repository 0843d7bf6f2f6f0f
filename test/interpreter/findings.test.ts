import { expect, test } from 'vitest';
import { InterpretedKernel } from '../../src/interpreter/kernel.js';
import { Order } from '../../src/interpreter/run/order.js';

// What the interpreter says of kernels that are wrong, and that it says nothing of those that are right.

const HEAD = `
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
var<workgroup> tile: array<u32, 64>;
var<workgroup> vectors: array<vec4u, 16>;
var<workgroup> raised: atomic<u32>;
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) i: u32, @builtin(workgroup_id) group: vec3u,
  @builtin(subgroup_invocation_id) lane: u32) {
`;
const FIRST = HEAD.split('\n').length; // the line on which the body begins

/** What is found, without the file's name. */
function found(body: string, seed = 1): string[] {
  const kernel = new InterpretedKernel(`${HEAD}${body}\n}`, {}, 'a.wgsl');
  const bindings = [new Uint32Array(64), new Uint32Array(128)];
  const findings = kernel.run({ bindings, grid: [2, 1], subgroupSize: 8, order: new Order(seed) });
  return findings.map(({ line, text }) => text.replace(`a.wgsl:${line}: `, `${line - FIRST + 1}: `));
}

const RIGHT: Record<string, string> = {
  'each its own': 'tile[i] = i; tile[i] += 1u; y[64u * group.x + i] = tile[i];',
  'a barrier between': 'tile[i] = i;\nworkgroupBarrier();\ny[64u * group.x + i] = tile[63u - i];',
  'a barrier after reading': 'let a = tile[63u - i];\nworkgroupBarrier();\ntile[i] = a;',
  'all read one': 'y[64u * group.x + i] = x[0] + tile[3];',
  atomics: 'atomicMax(&raised, i);\nworkgroupBarrier();\ny[64u * group.x + i] = workgroupUniformLoad(&raised);',
  'a storage barrier':
    'y[64u * group.x + i] = i;\nstorageBarrier();\ny[64u * group.x + 63u - i] = y[64u * group.x + 63u - i] + 1u;',
  'a subgroup leaves as one': 'if (i < 8u) { return; }\ny[64u * group.x + i] = subgroupAdd(i);',
};
test.each(Object.entries(RIGHT))('nothing is said of %s', (_, body) => {
  expect([1, 2, 0].flatMap((seed) => found(body, seed))).toEqual([]);
});

const ELEMENT = (name: string, how: string) => `an element of ${name} is ${how}, unordered`;
const WRONG: [string, string, string][] = [
  [
    'two writers of one value',
    'tile[i / 2u] = 7u;',
    `1: ${ELEMENT('tile', 'written here and written by another invocation there')}`,
  ],
  [
    'a read of what another writes',
    'tile[i] = i;\ny[64u * group.x + i] = tile[63u - i];',
    `2: ${ELEMENT('tile', 'read here and written by another invocation at line 1')}`.replace('line 1', `line ${FIRST}`),
  ],
  ['a write of what another reads', 'let a = tile[63u - i];\ntile[i] = a;', `line ${FIRST}`],
  [
    'components of one vector',
    'vectors[i / 4u][i % 4u] = i;',
    `1: ${ELEMENT('vectors', 'written here and written by another invocation there')}`,
  ],
  [
    'the wrong barrier',
    'tile[i] = i;\nstorageBarrier();\ny[64u * group.x + i] = tile[63u - i];',
    '3: an element of tile',
  ],
  [
    'two workgroups in one place',
    'y[i] = i;',
    `1: ${ELEMENT('y', 'written here and written by another invocation there')}`,
  ],
  [
    'a plain write beside an atomic one',
    'if (i == 3u) { atomicStore(&raised, 1u); } else { tile[0] = atomicLoad(&raised); }',
    'an element of tile',
  ],
  [
    'an index past what is bound',
    'y[64u * group.x + i] = x[i + 1u];',
    '1: index 64 is past the end of x, of 64 elements there',
  ],
  ['an index past an array', 'tile[i + 1u] = i;', '1: index 64 is past the end of tile, of 64 elements there'],
  [
    'an index past an array of a function',
    'var own: array<u32, 4>;\nown[i] = 1u;',
    '2: index 63 is past the end of own, of 4 elements',
  ],
  [
    'both sides of a selection',
    'y[64u * group.x + i] = select(0u, x[i + 1u], i < 63u);',
    '1: index 64 is past the end of x',
  ],
  [
    'a barrier that some leave out',
    'if (i < 40u) {\nworkgroupBarrier();\n}',
    '2: workgroupBarrier waits for all, but only 40 of 64 invocations come to it; others have returned',
  ],
  [
    'two barriers in the place of one',
    'if (i < 40u) {\nworkgroupBarrier();\n} else {\nworkgroupBarrier();\n}',
    'waits for all',
  ],
  [
    'a subgroup that is not whole',
    'if (lane < 3u) {\ny[64u * group.x + i] = subgroupAdd(i);\n}',
    '2: subgroupAdd waits for all',
  ],
  [
    'a lane that is not there',
    'y[64u * group.x + i] = subgroupShuffle(i, 9u);',
    '1: lane 0 takes from lane 9, which is not there',
  ],
];
test.each(WRONG)('%s is found', (_, body, expected) => {
  const all = [1, 2].map((seed) => found(body, seed));
  for (const one of all)
    expect(
      one.some((text) => text.includes(expected)),
      one.join('\n'),
    ).toBe(true);
});

test('names file and line of what it does not know', () => {
  const make = (text: string) => () => new InterpretedKernel(text, {}, 'b.wgsl');
  expect(make('fn main() {\n  let a = ;\n}')).toThrow('b.wgsl:2: expected an expression, found ";"');
  expect(make('fn main() {\n  let a = 1u $ 2u;\n}')).toThrow('b.wgsl:2: no word of WGSL begins with "$"');
  expect(make('@compute @workgroup_size(1)\nfn main() {\n  let a = dpdx(1.0);\n}')).toThrow(
    'b.wgsl:3: the interpreter does not know the function dpdx',
  );
  expect(make('@compute @workgroup_size(1)\nfn main() {\n  b = 1u;\n}')).toThrow('b.wgsl:3: b is not declared');
  expect(make('override A: u32;\nvar<workgroup> t: array<u32, A>;\n@compute @workgroup_size(1)\nfn main() {}')).toThrow(
    'b.wgsl:1: the override A is given no value',
  );
});

test('says what is missing of what is bound', () => {
  const kernel = new InterpretedKernel(`${HEAD}y[i] = x[i];\n}`, {}, 'c.wgsl');
  const run =
    (...bindings: Uint32Array[]) =>
    () =>
      kernel.run({ bindings, grid: [1, 1], subgroupSize: 0, order: new Order(0) });
  expect(run(new Uint32Array(64))).toThrow('c.wgsl: nothing is bound to y, binding 1');
  expect(run(new Uint32Array(0), new Uint32Array(64))).toThrow('c.wgsl: x, binding 0, needs at least 4 bytes, found 0');
});
