// s[h][q][column + j] = exp(t[q][j] - max t[q]), max and sum over the keys of a tile, where
// t[q][j] = scale * query[firstQuery + q][h] . key[j][h] + bias
//
// The first of three steps of attention for processors: a softmax over each tile of keys by itself, while its scores are in
// registers. The second step makes them one softmax, the third weighs values. An outer product in one subgroup, as
// linear.subgroup.wgsl explains: a lane loads its own 4 keys and one query of every 8.
// Bindings: query f32 [queries, heads * headDim]; keys f32, or packedKeys of two 16-bit values to a word, by KEY_TYPE [any,
//   heads * headDim], or of 8 bits in 8-bit rows (updateQuantizedRows.wgsl); rows u32 [keyCount], which of the keys in order
//   (only where HAS_ROWS, else all of them); bias f32 [2 * biasSpan - 1, heads] by key row minus query row plus biasSpan - 1
//   (only where HAS_BIAS); s f32 [heads, count, columns], and behind them a vector (max, sum, -, -) for each [heads, count,
//   tiles].
// Grid: one subgroup of SUBGROUP invocations, 8 or more, for each head and tile of 8 * GROUPS queries by 4 * SUBGROUP keys.
// Precision: products and sums in f32, four of k at a time; keys widened exactly; scales of 8-bit ones go
//   to their scores.
// Twin: attentionSteps.twin.ts

enable subgroups;

override SUBGROUP: u32;
override GROUPS: u32; // of 8 queries: 2 or 4
override KEY_TYPE: u32; // 0 f32, 1 bf16, 2 f16, 3 8 bits with a scale for each row and head
override HAS_ROWS: u32;
override HAS_BIAS: u32;

struct Params {
  firstQuery: u32,
  count: u32, // of queries
  heads: u32,
  depth: u32, // of a head, a quarter of its width
  keyCount: u32,
  column: u32, // where these keys begin in a row of s, a multiple of 4 * SUBGROUP
  columns: u32, // of all parts, a multiple of 4 * SUBGROUP
  biasSpan: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> query: array<vec4f>;
@group(0) @binding(2) var<storage, read> keys: array<vec4f>;
@group(0) @binding(3) var<storage, read> packedKeys: array<vec2u>;
@group(0) @binding(4) var<storage, read> rows: array<u32>;
@group(0) @binding(5) var<storage, read> bias: array<f32>;
@group(0) @binding(6) var<storage, read_write> s: array<vec4f>;

// The rows of a lane's four keys; keys past the end repeat the last one.
fn keyRows(first: u32) -> vec4u {
  let j = min(vec4u(first) + vec4u(0u, 1u, 2u, 3u), vec4u(params.keyCount - 1u));
  if (HAS_ROWS == 0u) {
    return j;
  }
  return vec4u(rows[j.x], rows[j.y], rows[j.z], rows[j.w]);
}

// Passage: four of 16 bits
// Four elements that follow one another, bf16 where `kind` is 1, else f16, as f32.
fn fourOf(pair: vec2u, kind: u32) -> vec4f {
  if (kind == 1u) {
    return bitcast<vec4f>(vec4u(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u));
  }
  return vec4f(unpack2x16float(pair.x), unpack2x16float(pair.y));
}

// Passage: four of 8 bits
// Four bytes of a word, with their signs: elements that follow one another, before their scale.
fn fourBytes(word: u32) -> vec4f {
  return vec4f(bitcast<vec4i>(vec4u(word) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u));
}

// A word of 8-bit keys.
fn keyWord(index: u32) -> u32 {
  let pair = packedKeys[index / 2u];
  return select(pair.x, pair.y, (index & 1u) == 1u);
}

// Four elements that follow one another in a key, of 8 bits before their scale.
fn keyAt(index: u32) -> vec4f {
  if (KEY_TYPE == 0u) {
    return keys[index];
  }
  if (KEY_TYPE == 3u) {
    return fourBytes(keyWord(index));
  }
  return fourOf(packedKeys[index], KEY_TYPE);
}

// One outer product: eight queries, one from each of eight lanes, by the lane's own four keys.
fn addProduct(sums: ptr<function, array<vec4f, 8>>, values: vec4f, block: mat4x4f) {
  for (var i = 0u; i < 8u; i++) {
    (*sums)[i] += subgroupShuffle(values, i) * block;
  }
}

// Stores the exponentials of eight queries, each with what its softmax over this tile of keys is made of.
fn finish(
  sums: ptr<function, array<vec4f, 8>>,
  first: u32,
  head: u32,
  key: u32,
  keyRow: vec4u,
  scales: vec4f,
  lane: u32,
) {
  let isKey = vec4u(key) + vec4u(0u, 1u, 2u, 3u) < vec4u(params.keyCount);
  let row = head * params.count + first;
  let at = (row * params.columns + params.column + key) / 4u;
  var own = vec4f(); // lane i keeps the sums of query i
  for (var i = 0u; i < 8u; i++) {
    var scores = (*sums)[i] * scales;
    if (HAS_BIAS == 1u) {
      let query = params.firstQuery + min(first + i, params.count - 1u);
      let biasAt = (keyRow + params.biasSpan - 1u - query) * params.heads + head;
      scores += vec4f(bias[biasAt.x], bias[biasAt.y], bias[biasAt.z], bias[biasAt.w]);
    }
    scores = select(vec4f(-3.0e38), scores, isKey);
    let pair = max(scores.xy, scores.zw);
    var largest = max(pair.x, pair.y);
    // Passage: the largest of a subgroup
    for (var mask = 1u; mask < SUBGROUP; mask *= 2u) {
      largest = max(largest, subgroupShuffleXor(largest, mask));
    }

    let weights = exp(scores - largest);
    var total = dot(weights, vec4f(1.0));
    // Passage: the sum of a subgroup
    for (var mask = 1u; mask < SUBGROUP; mask *= 2u) {
      total += subgroupShuffleXor(total, mask);
    }

    own = select(own, vec4f(largest, total, 0.0, 0.0), lane == i);
    if (isKey.x && first + i < params.count) {
      s[at + i * params.columns / 4u] = weights;
    }
  }
  if (lane < 8u && first + lane < params.count) {
    let tiles = params.columns / (4u * SUBGROUP);
    let tile = (params.column + key) / (4u * SUBGROUP);
    s[params.heads * params.count * params.columns / 4u + (row + lane) * tiles + tile] = own;
  }
}

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let keyTiles = (params.keyCount + 4u * SUBGROUP - 1u) / (4u * SUBGROUP);
  let queryTiles = (params.count + 8u * GROUPS - 1u) / (8u * GROUPS);
  let tile = group.x + group.y * groups.x;
  let key = (tile % keyTiles) * 4u * SUBGROUP + 4u * lane;
  let first = (tile / keyTiles % queryTiles) * 8u * GROUPS;
  let head = tile / (keyTiles * queryTiles);
  if (head >= params.heads) {
    return;
  }

  // Queries past the end repeat the last one.
  let depth = params.depth;
  let keyRow = keyRows(key);
  let width = params.heads * depth;
  let pitch = select(width, (width + params.heads + 3u) / 4u * 4u, KEY_TYPE == 3u);
  let at = keyRow * pitch + head * depth;
  var scales = vec4f(params.scale); // of the scores of each key
  if (KEY_TYPE == 3u) {
    let scaleAt = keyRow * pitch + width + head;
    scales *= bitcast<vec4f>(vec4u(keyWord(scaleAt.x), keyWord(scaleAt.y), keyWord(scaleAt.z), keyWord(scaleAt.w)));
  }
  let tileQueries = min(vec4u(first + lane % 8u) + vec4u(0u, 8u, 16u, 24u), vec4u(params.count - 1u));
  let start = ((params.firstQuery + tileQueries) * params.heads + head) * depth;
  var sums0: array<vec4f, 8>;
  var sums1: array<vec4f, 8>;
  var sums2: array<vec4f, 8>;
  var sums3: array<vec4f, 8>;
  for (var d = 0u; d < depth; d++) {
    // All loads before all products: between them the compiler keeps more of the sums in memory.
    let block = mat4x4f(keyAt(at.x + d), keyAt(at.y + d), keyAt(at.z + d), keyAt(at.w + d));
    let values0 = query[start.x + d];
    let values1 = query[start.y + d];
    var values2: vec4f;
    var values3: vec4f;
    if (GROUPS > 2u) {
      values2 = query[start.z + d];
      values3 = query[start.w + d];
    }
    addProduct(&sums0, values0, block);
    addProduct(&sums1, values1, block);
    if (GROUPS > 2u) {
      addProduct(&sums2, values2, block);
      addProduct(&sums3, values3, block);
    }
  }

  finish(&sums0, first, head, key, keyRow, scales, lane);
  finish(&sums1, first + 8u, head, key, keyRow, scales, lane);
  if (GROUPS > 2u) {
    finish(&sums2, first + 16u, head, key, keyRow, scales, lane);
    finish(&sums3, first + 24u, head, key, keyRow, scales, lane);
  }
}
