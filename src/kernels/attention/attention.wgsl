// y[q][h] = sum_j softmax_j(scale * query[q][h] . key[j][h] + bias) * value[j][h]
//
// The keys and values of a sequence are two lists read one after the other: first `rowCount` rows of a cache, picked
// by index (so a cache that lost rows needs no copying), then all `ownCount` rows of a second pair of tensors.
// Bindings: query f32 [queries, heads * HEAD_DIM], rows firstQuery and on of a whole; keys, values [cacheRows, heads *
//   HEAD_DIM] of CACHE_TYPE, f32, two 16-bit values to a word, or 8-bit rows (updateQuantizedRows.wgsl); rows u32 [rowCount];
//   ownKeys, ownValues [ownCount, heads * HEAD_DIM] of OWN_TYPE; bias f32 [2 * biasSpan - 1, heads], by key row minus query
//   row plus biasSpan - 1 (T5's relative positions; only where HAS_BIAS); y f32 [queries, heads * HEAD_DIM].
// Grid: one workgroup of 64 invocations for each head and tile of four queries: the components of a vec4.
// Precision: f32, keys and values widened exactly (scales of 8-bit ones go to scores and weights), with an online softmax: a
//   running maximum and sum, so the number of keys has no limit.
// Twin: attention.twin.ts

override HEAD_DIM: u32;
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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> query: array<f32>;
@group(0) @binding(2) var<storage, read> keys: array<u32>;
@group(0) @binding(3) var<storage, read> values: array<u32>;
@group(0) @binding(4) var<storage, read> rows: array<u32>;
@group(0) @binding(5) var<storage, read> ownKeys: array<u32>;
@group(0) @binding(6) var<storage, read> ownValues: array<u32>;
@group(0) @binding(7) var<storage, read> bias: array<f32>;
@group(0) @binding(8) var<storage, read_write> y: array<f32>;

const CHUNK = 64u; // keys between two updates of the running maximum: one for each invocation
const TILE = 4u;

var<workgroup> queryTile: array<vec4f, HEAD_DIM>; // scaled; one component for each query
var<workgroup> sums: array<vec4f, HEAD_DIM>; // weighted values so far; an invocation touches every 64th only
var<workgroup> scores: array<vec4f, CHUNK>;
var<workgroup> weights: array<vec4f, CHUNK>;
var<workgroup> starts: array<u32, CHUNK>; // where in its tensor each key of the chunk begins

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
  let firstQuery = (index / params.heads) * TILE; // of those bound
  let width = params.heads * HEAD_DIM;
  let pitch = select(width, (width + 4u * params.heads + 15u) / 16u * 16u, CACHE_TYPE == 3u); // of cached rows
  // A tile that goes past the last query repeats it; the result is not stored.
  let tile = min(vec4u(firstQuery) + vec4u(0u, 1u, 2u, 3u), vec4u(params.queries - 1u));
  for (var d = lane; d < HEAD_DIM; d += 64u) {
    let at = tile * width + head * HEAD_DIM + d;
    queryTile[d] = vec4f(query[at.x], query[at.y], query[at.z], query[at.w]) * params.scale;
    sums[d] = vec4f();
  }
  workgroupBarrier();

  let keyCount = params.rowCount + params.ownCount;
  var maximum = vec4f(-3.0e38); // over all keys so far, the same in every invocation
  var ownTotal = vec4f(); // exponentials of the keys that this invocation scored
  for (var firstKey = 0u; firstKey < keyCount; firstKey += CHUNK) {
    let count = min(CHUNK, keyCount - firstKey);
    let j = firstKey + lane;
    let isCached = j < params.rowCount;
    var start = 0u;
    var scaleAt = 0u; // of a cached key and its value, in words
    var score = vec4f();
    if (lane < count) {
      let row = keyRow(j);
      start = row * select(width, pitch, isCached) + head * HEAD_DIM;
      scaleAt = (row * pitch + width) / 4u + head;
      score = scoreKey(isCached, start);
      if (CACHE_TYPE == 3u && isCached) {
        score *= bitcast<f32>(keys[scaleAt]);
      }
      if (HAS_BIAS == 1u) {
        let at = (vec4u(row + params.biasSpan - 1u - params.firstQuery) - tile) * params.heads + head;
        score += vec4f(bias[at.x], bias[at.y], bias[at.z], bias[at.w]);
      }
      scores[lane] = score;
    }
    workgroupBarrier();

    var largest = maximum;
    for (var i = 0u; i < count; i++) {
      largest = max(largest, scores[i]);
    }
    let rescale = exp(maximum - largest);
    maximum = largest;
    ownTotal *= rescale;
    if (lane < count) {
      let weight = exp(score - largest);
      weights[lane] = weight;
      if (CACHE_TYPE == 3u && isCached) {
        weights[lane] = weight * bitcast<f32>(values[scaleAt]);
      }
      starts[lane] = start;
      ownTotal += weight;
    }
    workgroupBarrier();

    let cachedCount = min(count, max(params.rowCount, firstKey) - firstKey);
    for (var d = lane; d < HEAD_DIM; d += 64u) {
      var sum = sums[d] * rescale;
      for (var i = 0u; i < cachedCount; i++) {
        sum += weights[i] * cached(values[cachedWord(starts[i] + d)], starts[i] + d);
      }
      for (var i = cachedCount; i < count; i++) {
        sum += weights[i] * widened(ownValues[wordOf(OWN_TYPE, starts[i] + d)], OWN_TYPE, starts[i] + d);
      }
      sums[d] = sum;
    }
  }

  scores[lane] = ownTotal;
  workgroupBarrier();
  var total = vec4f();
  for (var i = 0u; i < CHUNK; i++) {
    total += scores[i];
  }
  for (var d = lane; d < HEAD_DIM; d += 64u) {
    let result = sums[d] / total;
    for (var t = 0u; t < min(TILE, params.queries - firstQuery); t++) {
      y[(firstQuery + t) * width + head * HEAD_DIM + d] = result[t];
    }
  }
}

// Where key j lies in its tensor: picked by index in the cache, in order among a call's own.
fn keyRow(j: u32) -> u32 {
  if (j < params.rowCount) {
    return rows[j];
  }
  return j - params.rowCount;
}

// The scores of one key against the four queries.
fn scoreKey(isCached: bool, start: u32) -> vec4f {
  var score = vec4f();
  if (isCached) {
    for (var d = 0u; d < HEAD_DIM; d++) {
      score += queryTile[d] * cached(keys[cachedWord(start + d)], start + d);
    }
  } else {
    for (var d = 0u; d < HEAD_DIM; d++) {
      score += queryTile[d] * widened(ownKeys[wordOf(OWN_TYPE, start + d)], OWN_TYPE, start + d);
    }
  }
  return score;
}

// The word of a cached element.
fn cachedWord(index: u32) -> u32 {
  if (CACHE_TYPE == 3u) {
    return index / 4u;
  }
  return wordOf(CACHE_TYPE, index);
}

// A cached element from its word, one of 8 bits before its scale.
fn cached(word: u32, index: u32) -> f32 {
  if (CACHE_TYPE == 3u) {
    return f32(bitcast<i32>(word << (24u - 8u * (index & 3u))) >> 24u);
  }
  return widened(word, CACHE_TYPE, index);
}

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
