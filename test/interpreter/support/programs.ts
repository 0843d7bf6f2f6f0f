/** What stands around the body of a program: 64 invocations, each with a float `a` and whole numbers `u` and `s`. */
const program = (body: string, before = '') => `
struct Params { count: u32, factor: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> words: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;
${before}
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) i: u32) {
  let a = x[i];
  let b = x[(i + 7u) % 64u];
  let u = words[i];
  let v = words[(i + 5u) % 64u];
  let s = bitcast<i32>(u);
  var at = i * params.count;
  ${body}
}`;

/** Puts one u32, or the bits of one f32, into the output after another. */
const put = (expressions: string[]) =>
  expressions.map((expression) => `y[at] = bitcast<u32>(${expression}); at++;`).join('\n  ');

/** Programs whose results are exact by the specification: the same bits everywhere. */
export const EXACT: Readonly<Record<string, string>> = {
  'f32 arithmetic': program(put(['a + b', 'a - b', 'a * b', '-a', 'min(a, b)', 'max(a, b)', 'clamp(a, -1.0, 2.0)'])),
  'f32 rounding': program(
    put(['abs(a)', 'floor(a)', 'ceil(a)', 'trunc(a)', 'round(a)', 'sign(a)', 'step(a, b)', 'a * 3']),
  ),
  'u32 arithmetic': program(
    put([
      'u + v',
      'u - v',
      'u * v',
      'u / (v | 1u)',
      'u % (v | 1u)',
      'u & v',
      'u | v',
      'u ^ v',
      '~u',
      'u << (v & 31u)',
    ]) +
      put(['u >> (v & 31u)', 'min(u, v)', 'max(u, v)', 'u / 7u', 'u % 7u', 'countOneBits(u)', 'countLeadingZeros(u)']),
  ),
  'i32 arithmetic': program(
    put(['s + 5', 's - i32(v)', 's * 3', 's / 7', 's % 7', 's >> 3u', 's << 3u', '-s', '~s', 'abs(s)', 'min(s, -4)']) +
      put(['max(s, 9)', 'sign(s)', 'extractBits(u, 3u, 9u)', 'extractBits(s, 3u, 9u)', 'insertBits(u, v, 4u, 8u)']),
  ),
  conversions: program(
    put(['u32(i32(u))', 'f32(u % 1000u)', 'f32(s % 1000)', 'u32(abs(a))', 'i32(a)', 'u32(a > 0.0)', 'f32(b > a)']) +
      put([
        'select(u, v, a > b)',
        'u32(all(vec2f(a, b) > vec2f(0.0)))',
        'u32(any(vec3u(u, v, 0u) == vec3u(v, u, 0u)))',
      ]),
  ),
  packing: program(
    put(['pack2x16float(vec2f(a, b))', 'unpack2x16float(u & 0x7bff7bffu).y', 'pack4xU8(vec4u(u, v, 3u, 4u))']) +
      put(['unpack4xU8(u).z', 'unpack4xI8(u).w', 'dot4I8Packed(u, v)', 'dot4U8Packed(u, v)', 'f32(unpack4xI8(v).x)']),
  ),
  vectors: program(
    `var p = vec4u(u, v, 3u, i);
  p.y += 9u;
  p[i % 4u] = 77u;
  let q = p.wzyx * 2u + vec4u(1u);
  let f = vec3f(a, vec2f(b, 1.0));
  let g = f.zx;
  ${put(['p.x', 'p.y', 'p.z', 'p.w', 'q.x', 'q.y', 'q[i % 4u]', 'g.x', 'g.y', 'dot(q.xy, vec2u(2u, 3u))'])}`,
  ),
  'control flow': program(
    `var sum = 0u;
  for (var n = 0u; n < i; n++) {
    if (n % 3u == 1u) { continue; }
    if (n > 40u) { break; } else if (n == 13u) { sum += 100u; } else { sum += n; }
  }
  var left = i;
  while (left > 5u) { left -= 3u; }
  var turns = 0u;
  loop {
    if (turns % 2u == 0u) { sum++; continue; }
    if (turns == 9u) { break; }
    continuing { turns++; break if turns > i; }
  }
  switch (i % 5u) {
    case 0u: { sum += 1000u; }
    case 1u, 2u { sum += 2000u; }
    default: { sum *= 2u; }
  }
  { let sum = sum + 1u; y[at] = sum; at++; }
  ${put(['sum', 'left', 'turns', 'helped(i, 4u)'])}`,
    'fn helped(n: u32, most: u32) -> u32 { if (n > most) { return most; } return n * n; }',
  ),
  'arrays, structs and pointers': program(
    `var cells: array<Cell, 3>;
  cells[i % 3u].weights[2] = u;
  cells[1].place.y = v;
  var copied = cells;
  copied[1].place.y = 5u;
  raise(&copied[0]);
  var vector = vec2u(i, 1u);
  double(&vector);
  var number = 3u;
  let to = &number;
  *to += i;
  let row = array(1u, 2u, 3u);
  counted += number;
  ${put(['cells[i % 3u].weights[2]', 'cells[1].place.y', 'copied[1].place.y', 'copied[0].weights[0]', 'vector.x', 'number'])}
  ${put(['row[i % 3u]', 'counted', 'FIXED[i % 2u]', 'WIDE * 2u', 'u32(THIRD * 9.0)', 'arrayLength(&x)'])}`,
    `struct Cell { weights: array<u32, 4>, place: vec2u }
  const WIDE = 3u * 2u;
  const THIRD = 1.0 / 3.0;
  const FIXED = array<u32, 2>(7u, WIDE);
  var<private> counted = 4u;
  fn raise(cell: ptr<function, Cell>) { (*cell).weights[0] += 11u; (*cell).place = vec2u(1u, 2u); }
  fn double(value: ptr<function, vec2u>) { *value *= 2u; (*value).y = 9u; }`,
  ),
  'workgroup memory': program(
    `if (i < 32u) { tile[i] = vec4f(a, b, f32(i), 1.0); parts[i].low = u; }
  workgroupBarrier();
  let other = tile[31u - i / 2u];
  if (i == 5u) { total = 3u; }
  atomicAdd(&counter, i);
  workgroupBarrier();
  let found = workgroupUniformLoad(&total);
  ${put(['other.x', 'other.z', 'tile[i / 2u][1]', 'parts[31u - i / 2u].low', 'parts[i / 2u].high.y', 'found'])}
  ${put(['atomicLoad(&counter)'])}`,
    `struct Part { low: u32, high: vec2u }
  var<workgroup> tile: array<vec4f, 32>;
  var<workgroup> parts: array<Part, 32>;
  var<workgroup> total: u32;
  var<workgroup> counter: atomic<u32>;`,
  ),
};

/** Programs that a driver may round in its own way. */
export const ROUNDED: Readonly<Record<string, string>> = {
  functions: program(
    put(['exp(a)', 'exp2(a)', 'log(abs(a) + 0.1)', 'sqrt(abs(a))', 'inverseSqrt(abs(a) + 0.1)', 'tanh(a)', 'sin(a)']) +
      put(['cos(a)', 'a / (abs(b) + 1.0)', 'fma(a, b, 1.0)', 'mix(a, b, 0.25)', 'pow(abs(a) + 0.5, 1.5)', 'fract(a)']),
  ),
  products: program(
    `let m = mat4x4f(vec4f(a), vec4f(b), vec4f(1.0, a, b, 2.0), vec4f(0.5));
  let w = vec4f(a, 1.0, b, -1.0);
  let left = w * m;
  let right = m * w;
  let both = m * m;
  ${put(['left.x', 'left.z', 'right.y', 'right.w', 'both[2].y', '(m * 2.0)[1].z', 'dot(w, w)', 'length(w.xyz)'])}
  ${put(['distance(w, left)', 'params.factor * a', '(m + m)[3].x', 'normalize(w).y'])}`,
  ),
};

/** How many values an invocation of any program may put. */
export const COUNT = 24;
