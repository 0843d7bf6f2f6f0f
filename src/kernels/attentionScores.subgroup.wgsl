// s[h][q][column + j] = scale * query[firstQuery + q][h] . key[j][h]
//
// The first of three steps of attention for processors, after which softmax and values follow. An outer product in one
// subgroup, as linear.subgroup.wgsl explains: a lane loads its own 4 keys and one query of every 8.
// Bindings: query f32 [queries, heads * headDim]; keys [any, heads * headDim], f32 or two 16-bit values to a word; rows u32
//   [keyCount], which of the keys in order (only where HAS_ROWS, else all of them); s f32 [heads, count, columns].
// Grid: one subgroup of SUBGROUP invocations, 8 or more, for each head and tile of 16 queries by 4 * SUBGROUP keys.
// Precision: products and sums in f32, four of k at a time; keys widened from 16 bits exactly.
// Twin: reference/attention.ts

enable subgroups;

override SUBGROUP: u32;
override KEY_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override HAS_ROWS: u32;

struct Params {
  firstQuery: u32,
  count: u32, // of queries
  heads: u32,
  depth: u32, // of a head, a quarter of its width
  keyCount: u32,
  column: u32, // where the scores of these keys begin; it and columns are multiples of 4
  columns: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> query: array<vec4f>;
@group(0) @binding(2) var<storage, read> keys: array<vec2u>;
@group(0) @binding(3) var<storage, read> rows: array<u32>;
@group(0) @binding(4) var<storage, read_write> s: array<vec4f>;

// Four elements that follow one another in a key.
fn keyAt(index: u32) -> vec4f {
  if (KEY_TYPE == 0u) {
    return bitcast<vec4f>(vec4u(keys[2u * index], keys[2u * index + 1u]));
  }
  let pair = keys[index];
  if (KEY_TYPE == 1u) {
    return bitcast<vec4f>(vec4u(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u));
  }
  return vec4f(unpack2x16float(pair.x), unpack2x16float(pair.y));
}

// The rows of a lane's four keys; keys past the end repeat the last one, and their scores are never read.
fn keyRows(first: u32) -> vec4u {
  let j = min(vec4u(first) + vec4u(0u, 1u, 2u, 3u), vec4u(params.keyCount - 1u));
  if (HAS_ROWS == 0u) {
    return j;
  }
  return vec4u(rows[j.x], rows[j.y], rows[j.z], rows[j.w]);
}

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let keyTiles = (params.keyCount + 4u * SUBGROUP - 1u) / (4u * SUBGROUP);
  let queryTiles = (params.count + 15u) / (16u);
  let tile = group.x + group.y * groups.x;
  let key = (tile % keyTiles) * 4u * SUBGROUP + 4u * lane;
  let first = (tile / keyTiles % queryTiles) * 16u;
  let head = tile / (keyTiles * queryTiles);
  if (head >= params.heads) {
    return;
  }

  let depth = params.depth;
  let width = params.heads * depth;
  let at = keyRows(key) * width + head * depth;
  let last = params.count - 1u;
  let start = params.firstQuery * width + head * depth;
  let query0 = min(first + lane % 8u, last) * width + start;
  let query1 = min(first + 8u + lane % 8u, last) * width + start;
  var sums0: array<vec4f, 8>;
  var sums1: array<vec4f, 8>;
  for (var d = 0u; d < depth; d++) {
    let block = mat4x4f(keyAt(at.x + d), keyAt(at.y + d), keyAt(at.z + d), keyAt(at.w + d));
    let values0 = query[query0 + d];
    let values1 = query[query1 + d];
    for (var i = 0u; i < 8u; i++) {
      sums0[i] += subgroupShuffle(values0, i) * block;
      sums1[i] += subgroupShuffle(values1, i) * block;
    }
  }

  if (key >= params.keyCount) {
    return;
  }
  let output = head * params.count;
  for (var i = 0u; i < 8u; i++) {
    store(output, first + i, key, sums0[i]);
    store(output, first + 8u + i, key, sums1[i]);
  }
}

fn store(output: u32, row: u32, key: u32, sums: vec4f) {
  if (row < params.count) {
    s[((output + row) * params.columns + params.column + key) / 4u] = sums * params.scale;
  }
}
