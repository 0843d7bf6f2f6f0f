// y[q][h] = sum_j softmax_j(scale * query[q][h] . key[j][h] + bias) * value[j][h]
//
// The keys and values of a sequence are two lists read one after the other: first `rows.length` rows of a cache, picked
// by index (so a cache that lost rows needs no copying), then all `ownCount` rows of a second pair of tensors.
// Bindings: query f32 [queries, heads * HEAD_DIM]; keys, values f32 [cacheRows, heads * HEAD_DIM]; rows u32 [rowCount];
//   ownKeys, ownValues f32 [ownCount, heads * HEAD_DIM]; bias f32 [2 * biasSpan - 1, heads], by key row minus query row
//   plus biasSpan - 1 (T5's relative positions; only where HAS_BIAS); y f32 [queries, heads * HEAD_DIM].
// Grid: one workgroup of 64 invocations for each head and tile of TILE queries.
// Precision: f32 with an online softmax: a running maximum and sum, so the number of keys has no limit.
// Twin: reference/attention.ts

override HEAD_DIM: u32;
override TILE: u32;
override HAS_BIAS: u32;

struct Params {
  queries: u32,
  heads: u32,
  rowCount: u32,
  ownCount: u32,
  biasSpan: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> query: array<f32>;
@group(0) @binding(2) var<storage, read> keys: array<f32>;
@group(0) @binding(3) var<storage, read> values: array<f32>;
@group(0) @binding(4) var<storage, read> rows: array<u32>;
@group(0) @binding(5) var<storage, read> ownKeys: array<f32>;
@group(0) @binding(6) var<storage, read> ownValues: array<f32>;
@group(0) @binding(7) var<storage, read> bias: array<f32>;
@group(0) @binding(8) var<storage, read_write> y: array<f32>;

const CHUNK = 64u; // keys handled between two updates of the running maximum: one for each invocation

var<workgroup> queryTile: array<f32, TILE * HEAD_DIM>;
var<workgroup> sums: array<f32, TILE * HEAD_DIM>; // weighted values so far
var<workgroup> weights: array<f32, TILE * CHUNK>; // scores of this chunk, then their exponentials
var<workgroup> chunkRow: array<u32, CHUNK>; // where in its tensor each key of this chunk starts
var<workgroup> maximum: array<f32, TILE>;
var<workgroup> total: array<f32, TILE>;
var<workgroup> rescale: array<f32, TILE>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let tiles = (params.queries + TILE - 1u) / TILE;
  let index = group.x + group.y * groups.x;
  if (index >= tiles * params.heads) {
    return;
  }
  let head = index % params.heads;
  let firstQuery = (index / params.heads) * TILE;
  let width = params.heads * HEAD_DIM;
  let keyCount = params.rowCount + params.ownCount;

  for (var i = lane; i < TILE * HEAD_DIM; i += 64u) {
    let q = min(firstQuery + i / HEAD_DIM, params.queries - 1u);
    queryTile[i] = query[q * width + head * HEAD_DIM + i % HEAD_DIM] * params.scale;
    sums[i] = 0.0;
  }
  if (lane < TILE) {
    maximum[lane] = -3.0e38;
    total[lane] = 0.0;
  }

  for (var firstKey = 0u; firstKey < keyCount; firstKey += CHUNK) {
    workgroupBarrier();
    scoreKey(firstKey + lane, lane, head, width, firstQuery);
    workgroupBarrier();
    if (lane < TILE) {
      updateSoftmax(lane, min(CHUNK, keyCount - firstKey));
    }
    workgroupBarrier();
    addValues(firstKey, min(CHUNK, keyCount - firstKey), lane);
  }

  workgroupBarrier();
  for (var i = lane; i < TILE * HEAD_DIM; i += 64u) {
    let q = firstQuery + i / HEAD_DIM;
    if (q < params.queries) {
      y[q * width + head * HEAD_DIM + i % HEAD_DIM] = sums[i] / total[i / HEAD_DIM];
    }
  }
}

// The scores of one key against every query of the tile.
fn scoreKey(j: u32, lane: u32, head: u32, width: u32, firstQuery: u32) {
  if (j >= params.rowCount + params.ownCount) {
    return;
  }
  let isCached = j < params.rowCount;
  var row = j - params.rowCount;
  if (isCached) {
    row = rows[j];
  }
  let start = row * width + head * HEAD_DIM;
  chunkRow[lane] = start;
  for (var t = 0u; t < TILE; t++) {
    var score = 0.0;
    for (var d = 0u; d < HEAD_DIM; d++) {
      if (isCached) {
        score += queryTile[t * HEAD_DIM + d] * keys[start + d];
      } else {
        score += queryTile[t * HEAD_DIM + d] * ownKeys[start + d];
      }
    }
    if (HAS_BIAS == 1u) {
      let q = min(firstQuery + t, params.queries - 1u);
      score += bias[(row + params.biasSpan - 1u - q) * params.heads + head];
    }
    weights[t * CHUNK + lane] = score;
  }
}

// Moves one query's running maximum, and turns the chunk's scores into exponentials relative to it.
fn updateSoftmax(t: u32, count: u32) {
  var largest = maximum[t];
  for (var j = 0u; j < count; j++) {
    largest = max(largest, weights[t * CHUNK + j]);
  }
  rescale[t] = exp(maximum[t] - largest);
  maximum[t] = largest;
  var sum = 0.0;
  for (var j = 0u; j < count; j++) {
    let weight = exp(weights[t * CHUNK + j] - largest);
    weights[t * CHUNK + j] = weight;
    sum += weight;
  }
  total[t] = total[t] * rescale[t] + sum;
}

// Each invocation owns every 64th component of the tile's sums.
fn addValues(firstKey: u32, count: u32, lane: u32) {
  for (var i = lane; i < TILE * HEAD_DIM; i += 64u) {
    let t = i / HEAD_DIM;
    let d = i % HEAD_DIM;
    var sum = sums[i] * rescale[t];
    for (var j = 0u; j < count; j++) {
      let start = chunkRow[j];
      if (firstKey + j < params.rowCount) {
        sum += weights[t * CHUNK + j] * values[start + d];
      } else {
        sum += weights[t * CHUNK + j] * ownValues[start + d];
      }
    }
    sums[i] = sum;
  }
}
