// y[q][h] = sum_j softmax_j(scale * query[q][h] . key[j][h] + bias) * value[j][h], as attention.wgsl, for graphics cards
//
// Changes to attention.wgsl: a workgroup takes 32 queries instead of 4, and an invocation keeps 4 of them, 16 columns wide, in
// registers for good, and as much of their sums, a vector a column with a component for each query. So a vector of a key or
// value that it reads is 16 products, chains of fma. A score is a sum over the 8 invocations of its query, by way of
// workgroup memory, where 8 keys or values lie at a time. Heads wider than 128 are shared among workgroups, 128 columns each;
// each of them makes the scores anew. headDim is a multiple of 4. Workgroup memory is 15 KiB.
// Bindings: query f32 [queries, heads * headDim], rows firstQuery and on of a whole; keys, values [cacheRows, heads *
//   headDim] of CACHE_TYPE, f32, two 16-bit values to a word, or 8-bit rows (updateQuantizedRows.wgsl); rows u32 [rowCount];
//   ownKeys, ownValues [ownCount, heads * headDim] of OWN_TYPE; bias f32 [2 * biasSpan - 1, heads], by key row minus query
//   row plus biasSpan - 1 (only where HAS_BIAS); y f32 [queries, heads * headDim].
// Grid: one workgroup of 64 invocations for each head, tile of 32 queries and 128 columns of the head.
// Precision: f32, keys and values widened exactly, with an online softmax over 8 keys at a time, in powers of two.
// Twin: attention.twin.ts

requires unrestricted_pointer_parameters;

override HAS_BIAS: u32;
override CACHE_TYPE: u32; // 0 f32, 1 bf16, 2 f16, 3 8 bits with a scale for each row and head
override OWN_TYPE: u32;

struct Params {
  firstQuery: u32,
  queries: u32,
  heads: u32,
  rowCount: u32,
  ownCount: u32,
  biasSpan: u32,
  scale: f32,
  depth: u32, // of a head, a quarter of its width
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> query: array<vec4f>;
@group(0) @binding(2) var<storage, read> keys: array<vec2u>;
@group(0) @binding(3) var<storage, read> values: array<vec2u>;
@group(0) @binding(4) var<storage, read> rows: array<u32>;
@group(0) @binding(5) var<storage, read> ownKeys: array<vec2u>;
@group(0) @binding(6) var<storage, read> ownValues: array<vec2u>;
@group(0) @binding(7) var<storage, read> bias: array<f32>;
@group(0) @binding(8) var<storage, read_write> y: array<vec4f>;

const TILE = 32u; // queries, and vectors of columns
const KEYS = 8u; // at a time
const ROWS = 64u; // keys whose rows are looked up at a time
const PITCH = 9u; // vectors from one 8 to the next: other banks
const LOG2E = 1.4426950408889634;

var<workgroup> tile: array<vec4f, KEYS * TILE>; // of keys, then of their values
var<workgroup> parts: array<vec4f, KEYS * KEYS * PITCH>; // of scores: key, 4 queries, the columns of an invocation
var<workgroup> scores: array<vec4f, KEYS * PITCH>; // 4 queries, key
var<workgroup> starts: array<u32, ROWS>; // where in its tensor each key begins
var<workgroup> keyScales: array<f32, ROWS>; // of 8-bit keys, and of their values
var<workgroup> valueScales: array<f32, ROWS>;

// Passage: four of 8 bits
// Four bytes of a word, with their signs: elements that follow one another, before their scale.
fn fourBytes(word: u32) -> vec4f {
  return vec4f(bitcast<vec4i>(vec4u(word) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u));
}

// Four elements that follow one another in a key or value, of 8 bits before their scale.
fn vectorAt(source: ptr<storage, array<vec2u>, read>, kind: u32, index: u32) -> vec4f {
  if (kind == 0u) {
    return bitcast<vec4f>(vec4u((*source)[2u * index], (*source)[2u * index + 1u]));
  }
  if (kind == 3u) {
    let pair = (*source)[index / 2u];
    return fourBytes(select(pair.x, pair.y, (index & 1u) == 1u));
  }
  let pair = (*source)[index];
  if (kind == 1u) {
    return bitcast<vec4f>(vec4u(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u));
  }
  return vec4f(unpack2x16float(pair.x), unpack2x16float(pair.y));
}

// Where the key at a place in their order lies, among the cached or its own; past the end the last one, which gets no weight.
fn rowAt(j: u32) -> u32 {
  let place = min(j, params.rowCount + params.ownCount - 1u);
  if (place < params.rowCount) {
    return rows[place];
  }
  return place - params.rowCount;
}

fn isOwn(j: u32) -> bool {
  return params.rowCount == 0u || (j >= params.rowCount && params.ownCount > 0u);
}

fn keyAt(j: u32, column: u32) -> vec4f {
  let at = starts[j % ROWS] + column;
  if (isOwn(j)) {
    return vectorAt(&ownKeys, OWN_TYPE, at);
  }
  let key = vectorAt(&keys, CACHE_TYPE, at);
  return select(key, key * keyScales[j % ROWS], CACHE_TYPE == 3u);
}

fn valueAt(j: u32, column: u32) -> vec4f {
  let at = starts[j % ROWS] + column;
  if (isOwn(j)) {
    return vectorAt(&ownValues, OWN_TYPE, at);
  }
  let value = vectorAt(&values, CACHE_TYPE, at);
  return select(value, value * valueScales[j % ROWS], CACHE_TYPE == 3u);
}

// Four queries, four columns of each: a column of the result for each column of theirs.
fn queriesAt(at: vec4u, column: u32) -> mat4x4f {
  let isThere = f32(column < params.depth); // columns past the end count for nothing
  let place = at + min(column, params.depth - 1u);
  let a = isThere * query[place.x];
  let b = isThere * query[place.y];
  let c = isThere * query[place.z];
  let d = isThere * query[place.w];
  return mat4x4f(vec4f(a.x, b.x, c.x, d.x), vec4f(a.y, b.y, c.y, d.y), vec4f(a.z, b.z, c.z, d.z), vec4f(a.w, b.w, c.w, d.w));
}

// Adds to the scores of four queries what four columns make of them.
fn withColumns(sum: vec4f, queries: mat4x4f, key: vec4f) -> vec4f {
  let first = fma(queries[1], vec4f(key.y), fma(queries[0], vec4f(key.x), sum));
  return fma(queries[3], vec4f(key.w), fma(queries[2], vec4f(key.z), first));
}

// Adds a weighted value to four columns of four queries' sums.
fn withValue(sums: mat4x4f, value: vec4f, weights: vec4f) -> mat4x4f {
  return mat4x4f(
    fma(weights, vec4f(value.x), sums[0]),
    fma(weights, vec4f(value.y), sums[1]),
    fma(weights, vec4f(value.z), sums[2]),
    fma(weights, vec4f(value.w), sums[3]),
  );
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let depth = params.depth;
  let shares = (depth + TILE - 1u) / TILE;
  let index = group.x + group.y * groups.x;
  let share = index % shares;
  let head = index / shares % params.heads;
  let firstQuery = index / (shares * params.heads) * TILE; // of those bound
  if (firstQuery >= params.queries) {
    return;
  }

  // Vectors `across`, `across` + 8, + 16 and + 24 of queries 4 * `four` to 4 * `four` + 3.
  let across = lane % 8u;
  let four = lane / 8u;
  let width = params.heads * depth;
  let pitch = select(width, (width + params.heads + 3u) / 4u * 4u, CACHE_TYPE == 3u); // of cached rows
  let start = head * depth;
  let queryRows = min(vec4u(firstQuery + 4u * four) + vec4u(0u, 1u, 2u, 3u), vec4u(params.queries - 1u));
  let queryAt = queryRows * width + start;
  var q0 = queriesAt(queryAt, across);
  var q1 = queriesAt(queryAt, across + 8u);
  var q2 = queriesAt(queryAt, across + 16u);
  var q3 = queriesAt(queryAt, across + 24u);
  var o0: mat4x4f;
  var o1: mat4x4f;
  var o2: mat4x4f;
  var o3: mat4x4f;
  var largest = vec4f(-3.0e38); // of the scores of each query so far
  var total = vec4f(); // of their exponentials
  let keyCount = params.rowCount + params.ownCount;
  let scale = params.scale * LOG2E;
  for (var firstKey = 0u; firstKey < keyCount; firstKey += KEYS) {
    if (firstKey % ROWS == 0u) {
      let row = rowAt(firstKey + lane);
      starts[lane] = row * select(pitch, width, isOwn(firstKey + lane)) + start;
      if (CACHE_TYPE == 3u && !isOwn(firstKey + lane)) {
        let scaleAt = row * pitch + width + head;
        keyScales[lane] = bitcast<f32>(keys[scaleAt / 2u][scaleAt & 1u]);
        valueScales[lane] = bitcast<f32>(values[scaleAt / 2u][scaleAt & 1u]);
      }
    }

    for (var part = 0u; part < shares; part++) {
      if (shares > 1u) {
        q0 = queriesAt(queryAt, part * TILE + across);
        q1 = queriesAt(queryAt, part * TILE + across + 8u);
        q2 = queriesAt(queryAt, part * TILE + across + 16u);
        q3 = queriesAt(queryAt, part * TILE + across + 24u);
      }
      workgroupBarrier();
      let column = min(part * TILE + lane % TILE, depth - 1u);
      for (var n = 0u; n < 4u; n++) {
        tile[n * 64u + lane] = keyAt(firstKey + 2u * n + lane / TILE, column);
      }
      workgroupBarrier();
      for (var key = 0u; key < KEYS; key++) {
        let at = key * TILE + across;
        let slot = (key * KEYS + four) * PITCH + across;
        var sum = vec4f(); // said outright: without it Dawn keeps that of the key before
        if (part > 0u) {
          sum = parts[slot];
        }
        sum = withColumns(sum, q0, tile[at]);
        sum = withColumns(sum, q1, tile[at + 8u]);
        sum = withColumns(sum, q2, tile[at + 16u]);
        parts[slot] = withColumns(sum, q3, tile[at + 24u]);
      }
    }
    workgroupBarrier();

    // The scores of key `four` and queries 4 * `across` and on, and a share of the values.
    var score = parts[lane * PITCH];
    for (var i = 1u; i < 8u; i++) {
      score += parts[lane * PITCH + i];
    }
    score *= scale;
    if (HAS_BIAS == 1u) {
      let rowsOfQueries = min(vec4u(firstQuery + 4u * across) + vec4u(0u, 1u, 2u, 3u), vec4u(params.queries - 1u));
      let away = vec4u(rowAt(firstKey + four) + params.biasSpan - 1u - params.firstQuery) - rowsOfQueries;
      let at = away * params.heads + head;
      score = fma(vec4f(bias[at.x], bias[at.y], bias[at.z], bias[at.w]), vec4f(LOG2E), score);
    }
    scores[across * PITCH + four] = select(vec4f(-3.0e38), score, firstKey + four < keyCount);
    let column = min(share * TILE + lane % TILE, depth - 1u);
    for (var n = 0u; n < 4u; n++) {
      tile[n * 64u + lane] = valueAt(firstKey + 2u * n + lane / TILE, column);
    }
    workgroupBarrier();

    var highest = largest;
    for (var key = 0u; key < KEYS; key++) {
      highest = max(highest, scores[four * PITCH + key]);
    }
    if (any(highest > largest)) {
      let factor = exp2(largest - highest);
      total *= factor;
      o0 = scaled(o0, factor);
      o1 = scaled(o1, factor);
      o2 = scaled(o2, factor);
      o3 = scaled(o3, factor);
      largest = highest;
    }
    for (var key = 0u; key < KEYS; key++) {
      let at = key * TILE + across;
      let weights = exp2(scores[four * PITCH + key] - largest);
      total += weights;
      o0 = withValue(o0, tile[at], weights);
      o1 = withValue(o1, tile[at + 8u], weights);
      o2 = withValue(o2, tile[at + 16u], weights);
      o3 = withValue(o3, tile[at + 24u], weights);
    }
  }

  let firstRow = firstQuery + 4u * four;
  let firstColumn = share * TILE + across;
  store(o0, total, firstRow, head, firstColumn);
  store(o1, total, firstRow, head, firstColumn + 8u);
  store(o2, total, firstRow, head, firstColumn + 16u);
  store(o3, total, firstRow, head, firstColumn + 24u);
}

fn scaled(sums: mat4x4f, factor: vec4f) -> mat4x4f {
  return mat4x4f(sums[0] * factor, sums[1] * factor, sums[2] * factor, sums[3] * factor);
}

fn store(sums: mat4x4f, total: vec4f, firstRow: u32, head: u32, column: u32) {
  for (var i = 0u; i < 4u; i++) {
    if (firstRow + i < params.queries && column < params.depth) {
      let result = vec4f(sums[0][i], sums[1][i], sums[2][i], sums[3][i]);
      y[((firstRow + i) * params.heads + head) * params.depth + column] = result / total[i];
    }
  }
}
