// y[q][h] = sum_j softmax_j(scale * query[q][h] . key[j][h] + bias) * value[j][h], as attention.wgsl, for graphics cards
//
// Changes to attention.wgsl: a workgroup takes 32 queries instead of 4, so that a key or value that it fetches serves eight
// times as many, and makes small tiles in registers: 4 x 4 scores an invocation, then 4 queries by 4 vectors of the sums.
// Heads wider than 128 are shared among workgroups, 128 columns each; each of them makes the scores anew. headDim is a
// multiple of 4. Workgroup memory is 14 KiB; rows in it are 5 vectors apart, so that neighbours read different banks.
// Bindings: query f32 [queries, heads * headDim], rows firstQuery and on of a whole; keys, values [cacheRows, heads *
//   headDim] of CACHE_TYPE, f32, two 16-bit values to a word, or 8-bit rows (updateQuantizedRows.wgsl); rows u32 [rowCount];
//   ownKeys, ownValues [ownCount, heads * headDim] of OWN_TYPE; bias f32 [2 * biasSpan - 1, heads], by key row minus query row
//   plus biasSpan - 1 (only where HAS_BIAS); y f32 [queries, heads * headDim].
// Grid: one workgroup of 64 invocations for each head, tile of 32 queries and 128 columns of the head.
// Precision: f32, 16-bit keys and values widened exactly, with an online softmax over tiles of 32 keys.
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

const TILE = 32u; // queries, keys and vectors of columns
const STEP = 4u; // vectors of a head that the scores are made from at a time
const PITCH = 5u; // vectors from one row of those to the next
const VALUES = 8u; // keys whose values are in workgroup memory at a time

var<workgroup> queryTile: array<vec4f, TILE * PITCH>;
var<workgroup> keyTile: array<vec4f, TILE * PITCH>;
var<workgroup> valueTile: array<vec4f, VALUES * TILE>;
var<workgroup> weights: array<f32, TILE * (TILE + 1u)>; // scores, then their exponentials, by query
var<workgroup> keyRows: array<u32, TILE>; // where in its tensor each key is
var<workgroup> keyScales: array<f32, TILE>; // of 8-bit keys, and of their values
var<workgroup> valueScales: array<f32, TILE>;
var<workgroup> rescales: array<f32, TILE>;

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
    return fourBytes((*source)[index / 2u][index & 1u]);
  }
  let pair = (*source)[index];
  if (kind == 1u) {
    return bitcast<vec4f>(vec4u(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u));
  }
  return vec4f(unpack2x16float(pair.x), unpack2x16float(pair.y));
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let depth = params.depth;
  let parts = (depth + TILE - 1u) / TILE;
  let index = group.x + group.y * groups.x;
  let firstColumn = (index % parts) * TILE;
  let head = index / parts % params.heads;
  let firstQuery = index / (parts * params.heads) * TILE; // of those bound
  if (firstQuery >= params.queries) {
    return;
  }

  // An invocation makes the scores and sums of every eighth query, key and column from its place in 8 by 8 on.
  let across = lane % 8u;
  let down = lane / 8u;
  let width = params.heads * depth;
  let pitch = select(width, (width + params.heads + 3u) / 4u * 4u, CACHE_TYPE == 3u); // of cached rows
  let start = head * depth;
  let keyCount = params.rowCount + params.ownCount;
  var maximum = -3.0e38; // of query lane / 2, over all keys so far
  var total = 0.0; // of every other exponential of that query
  var sums: array<array<vec4f, 4>, 4>;
  for (var firstKey = 0u; firstKey < keyCount; firstKey += TILE) {
    if (lane < TILE) {
      let j = min(firstKey + lane, keyCount - 1u); // keys past the end repeat the last one, and get no weight
      let isCached = j < params.rowCount;
      let row = select(j - params.rowCount, rows[min(j, max(params.rowCount, 1u) - 1u)], isCached);
      keyRows[lane] = row;
      if (CACHE_TYPE == 3u && isCached) {
        let scaleAt = row * pitch + width + head;
        keyScales[lane] = bitcast<f32>(keys[scaleAt / 2u][scaleAt & 1u]);
        valueScales[lane] = bitcast<f32>(values[scaleAt / 2u][scaleAt & 1u]);
      }
    }

    var scores = array<array<f32, 4>, 4>(); // said outright: without it Dawn keeps those of the tile before
    for (var d = 0u; d < depth; d += STEP) {
      workgroupBarrier();
      let column = start + min(d + lane % STEP, depth - 1u);
      for (var i = lane / STEP; i < TILE; i += 16u) {
        let row = min(firstQuery + i, params.queries - 1u);
        queryTile[i * PITCH + lane % STEP] = query[row * width + column];
        var key: vec4f;
        if (min(firstKey + i, keyCount - 1u) < params.rowCount) {
          key = vectorAt(&keys, CACHE_TYPE, keyRows[i] * pitch + column);
          if (CACHE_TYPE == 3u) {
            key *= keyScales[i];
          }
        } else {
          key = vectorAt(&ownKeys, OWN_TYPE, keyRows[i] * width + column);
        }
        keyTile[i * PITCH + lane % STEP] = key;
      }
      workgroupBarrier();
      for (var step = 0u; step < min(STEP, depth - d); step++) {
        for (var i = 0u; i < 4u; i++) {
          let part = queryTile[(down + 8u * i) * PITCH + step];
          for (var j = 0u; j < 4u; j++) {
            scores[i][j] += dot(part, keyTile[(across + 8u * j) * PITCH + step]);
          }
        }
      }
    }

    for (var j = 0u; j < 4u; j++) {
      let key = across + 8u * j;
      for (var i = 0u; i < 4u; i++) {
        var score = scores[i][j] * params.scale;
        if (HAS_BIAS == 1u) {
          let queryRow = params.firstQuery + min(firstQuery + down + 8u * i, params.queries - 1u);
          score += bias[(keyRows[key] + params.biasSpan - 1u - queryRow) * params.heads + head];
        }
        weights[(down + 8u * i) * (TILE + 1u) + key] = select(-3.0e38, score, firstKey + key < keyCount);
      }
    }
    workgroupBarrier();

    // Two invocations to a query: both look for the maximum, each makes half of the exponentials.
    let row = lane / 2u * (TILE + 1u);
    var largest = maximum;
    for (var j = 0u; j < TILE; j++) {
      largest = max(largest, weights[row + j]);
    }
    workgroupBarrier();
    let rescale = exp(maximum - largest);
    maximum = largest;
    total *= rescale;
    for (var j = lane % 2u; j < TILE; j += 2u) {
      let weight = exp(weights[row + j] - largest);
      weights[row + j] = weight;
      total += weight;
    }
    if (lane % 2u == 0u) {
      rescales[lane / 2u] = rescale;
    }
    workgroupBarrier();

    for (var i = 0u; i < 4u; i++) {
      for (var j = 0u; j < 4u; j++) {
        sums[i][j] *= rescales[down + 8u * i];
      }
    }
    for (var first = 0u; first < min(TILE, keyCount - firstKey); first += VALUES) {
      for (var i = lane; i < VALUES * TILE; i += 64u) {
        let key = first + i / TILE;
        let column = start + min(firstColumn + i % TILE, depth - 1u);
        var value: vec4f;
        if (min(firstKey + key, keyCount - 1u) < params.rowCount) {
          value = vectorAt(&values, CACHE_TYPE, keyRows[key] * pitch + column);
          if (CACHE_TYPE == 3u) {
            value *= valueScales[key];
          }
        } else {
          value = vectorAt(&ownValues, OWN_TYPE, keyRows[key] * width + column);
        }
        valueTile[i] = value;
      }
      workgroupBarrier();
      for (var key = 0u; key < min(VALUES, keyCount - firstKey - first); key++) {
        for (var j = 0u; j < 4u; j++) {
          let value = valueTile[key * TILE + across + 8u * j];
          for (var i = 0u; i < 4u; i++) {
            sums[i][j] += weights[(down + 8u * i) * (TILE + 1u) + first + key] * value;
          }
        }
      }
      workgroupBarrier();
    }
  }

  weights[lane] = total;
  workgroupBarrier();
  for (var i = 0u; i < 4u; i++) {
    let row = down + 8u * i;
    let whole = weights[2u * row] + weights[2u * row + 1u];
    for (var j = 0u; j < 4u; j++) {
      let column = firstColumn + across + 8u * j;
      if (firstQuery + row < params.queries && column < depth) {
        y[(firstQuery + row) * width + start + column] = sums[i][j] / whole;
      }
    }
  }
}
