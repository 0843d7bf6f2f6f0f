// cache[rows[i]][h] = x[i][h] / scale, rounded, and scale = max |x[i][h]| / 127, for every head h
//
// In place, in a KV cache of 8 bits. A row of it is the bytes of its values, four to a word, then a scale for each head, then
// zeros to the next 16 bytes.
// Bindings: x [any, heads * headDim] of X_TYPE; rows u32 [count]; cache u32 [capacity, words].
// Grid: one workgroup of 64 invocations for each row and head.
// Precision: a scale has 16 significant bits, rounded up, so that every step and half step of it is exact in f32; values
//   go to the nearest step, halves away from zero, on every adapter alike.
// Twin: quantizedRows.twin.ts

override X_TYPE: u32; // 0 f32, 1 bf16, 2 f16

struct Params {
  count: u32,
  heads: u32,
  headDim: u32, // a multiple of 4
  words: u32, // of a row of the cache
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read_write> cache: array<u32>;

const LEAST = 7.8886091e-31; // 2^-100: below it values are zeros

var<workgroup> partial: array<f32, 64>;

// Passage: the word of an element
// Where the word lies that holds an element, f32 where `kind` is 0, else one of two of 16 bits.
fn wordOf(kind: u32, index: u32) -> u32 {
  return select(index / 2u, index, kind == 0u);
}

// Passage: an element of a word
// An element as f32, from the word that holds it.
fn widened(word: u32, kind: u32, index: u32) -> f32 {
  if (kind == 0u) {
    return bitcast<f32>(word);
  }
  let half = word >> (16u * (index & 1u)); // in the lower bits
  if (kind == 1u) {
    return bitcast<f32>(half << 16u);
  }
  return unpack2x16float(half).x;
}

fn fourAt(index: u32) -> vec4f {
  return vec4f(
    widened(x[wordOf(X_TYPE, index)], X_TYPE, index),
    widened(x[wordOf(X_TYPE, index + 1u)], X_TYPE, index + 1u),
    widened(x[wordOf(X_TYPE, index + 2u)], X_TYPE, index + 2u),
    widened(x[wordOf(X_TYPE, index + 3u)], X_TYPE, index + 3u),
  );
}

// The largest share of the workgroup; every invocation must call it.
fn workgroupMax(value: f32, lane: u32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  var largest = 0.0;
  for (var i = 0u; i < 64u; i++) {
    largest = max(largest, partial[i]);
  }
  return largest;
}

// Four values as bytes of a word. The quotient may be a little off, the products are exact.
fn bytesOf(values: vec4f, scale: f32) -> u32 {
  let sizes = abs(values);
  var steps = floor(sizes / scale + 0.5);
  steps -= select(vec4f(), vec4f(1.0), sizes < (steps - 0.5) * scale);
  steps += select(vec4f(), vec4f(1.0), sizes >= (steps + 0.5) * scale);
  let bytes = vec4u(vec4i(select(steps, -steps, values < vec4f()))) & vec4u(255u);
  return bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = group.x + group.y * groups.x;
  let i = index / params.heads;
  let head = index % params.heads;
  if (i >= params.count) {
    return;
  }
  let start = index * params.headDim;
  var largest = 0.0;
  for (var d = 4u * lane; d < params.headDim; d += 256u) {
    let sizes = abs(fourAt(start + d));
    largest = max(largest, max(max(sizes.x, sizes.y), max(sizes.z, sizes.w)));
  }
  largest = workgroupMax(largest, lane);

  let isNothing = largest < LEAST;
  let scale = bitcast<f32>((bitcast<u32>(largest * (1.0 / 127.0)) + 0xffu) & 0xffffff00u);
  let place = rows[i] * params.words;
  for (var d = 4u * lane; d < params.headDim; d += 256u) {
    let bytes = bytesOf(fourAt(start + d), select(scale, 1.0, isNothing));
    cache[place + (head * params.headDim + d) / 4u] = bytes;
  }
  if (lane == 0u) {
    cache[place + params.heads * params.headDim / 4u + head] = select(bitcast<u32>(scale), 0u, isNothing);
  }
}
