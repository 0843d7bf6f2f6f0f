// y[firstQuery + q][h] = sum_j p[h][q][j] * value[j][h]
//
// The last of three steps of attention for processors: an outer product in one subgroup, as linear.subgroup.wgsl explains.
// A lane makes 4 columns of the head for 16 queries, and loads the weights of one query of every 8.
// Bindings: p f32 [heads, count, columns], 0 from a part's last key to the next multiple of 4; rows u32 [cachedCount];
//   values [cacheRows, heads * headDim] of CACHE_TYPE and ownValues [ownCount, heads * headDim] of OWN_TYPE, f32, two 16-bit
//   values to a word, or 8-bit rows (updateQuantizedRows.wgsl); y f32 [queries, heads * headDim].
// Grid: one subgroup of SUBGROUP invocations, 8 or more, for each head, tile of queries and 4 * SUBGROUP columns.
// Precision: products and sums in f32, four keys at a time; values widened exactly; scales of 8-bit ones go to
//   their weights.
// Twin: attentionSteps.twin.ts

enable subgroups;
requires unrestricted_pointer_parameters;

override SUBGROUP: u32;
override CACHE_TYPE: u32; // 0 f32, 1 bf16, 2 f16, 3 8 bits with a scale for each row and head
override OWN_TYPE: u32;
override HAS_CACHE: u32;
override HAS_OWN: u32;

struct Params {
  firstQuery: u32,
  count: u32, // of queries
  heads: u32,
  depth: u32, // of a head, a quarter of its width
  cachedCount: u32,
  ownColumn: u32, // where the weights of a call's own keys begin
  ownCount: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> p: array<vec4f>;
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read> values: array<vec2u>;
@group(0) @binding(4) var<storage, read> ownValues: array<vec2u>;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;

struct Sums {
  rows0: array<vec4f, 8>,
  rows1: array<vec4f, 8>,
}

// Passage: four of 16 bits
// Four elements that follow one another, bf16 where `kind` is 1, else f16, as f32.
fn fourOf(pair: vec2u, kind: u32) -> vec4f {
  if (kind == 1u) {
    return bitcast<vec4f>(vec4u(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u));
  }
  return vec4f(unpack2x16float(pair.x), unpack2x16float(pair.y));
}

// Passage: four of any type
// Four elements that follow one another, as f32.
fn widened(source: ptr<storage, array<vec2u>, read>, kind: u32, index: u32) -> vec4f {
  if (kind == 0u) {
    return bitcast<vec4f>(vec4u((*source)[2u * index], (*source)[2u * index + 1u]));
  }
  return fourOf((*source)[index], kind);
}

// Passage: four of 8 bits
// Four bytes of a word, with their signs: elements that follow one another, before their scale.
fn fourBytes(word: u32) -> vec4f {
  return vec4f(bitcast<vec4i>(vec4u(word) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u));
}

// A word of 8-bit values.
fn valueWord(index: u32) -> u32 {
  let pair = values[index / 2u];
  return select(pair.x, pair.y, (index & 1u) == 1u);
}

// Four elements of a cached or own value, of 8 bits before their scale.
fn valueAt(source: ptr<storage, array<vec2u>, read>, kind: u32, index: u32) -> vec4f {
  if (kind == 3u) {
    return fourBytes(valueWord(index));
  }
  return widened(source, kind, index);
}

// Adds four keys, which begin at `at`; `weightsAt` is where their weights are for a lane's two queries, and `scales` are
// what these are multiplied by where values have 8 bits.
fn addKeys(
  sums: ptr<function, Sums>,
  source: ptr<storage, array<vec2u>, read>,
  kind: u32,
  at: vec4u,
  weightsAt: vec2u,
  scales: vec4f,
) {
  let block = mat4x4f(
    valueAt(source, kind, at.x),
    valueAt(source, kind, at.y),
    valueAt(source, kind, at.z),
    valueAt(source, kind, at.w),
  );
  var weights0 = p[weightsAt.x];
  var weights1 = p[weightsAt.y];
  if (kind == 3u) {
    weights0 *= scales;
    weights1 *= scales;
  }
  for (var i = 0u; i < 8u; i++) {
    (*sums).rows0[i] += block * subgroupShuffle(weights0, i);
    (*sums).rows1[i] += block * subgroupShuffle(weights1, i);
  }
}

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let depth = params.depth;
  let columnTiles = (depth + SUBGROUP - 1u) / SUBGROUP;
  let queryTiles = (params.count + 15u) / (16u);
  let tile = group.x + group.y * groups.x;
  let column = (tile % columnTiles) * SUBGROUP + lane;
  let first = (tile / columnTiles % queryTiles) * 16u;
  let head = tile / (columnTiles * queryTiles);
  if (head >= params.heads) {
    return;
  }

  let width = params.heads * depth;
  let pitch = select(width, (width + params.heads + 3u) / 4u * 4u, CACHE_TYPE == 3u); // of cached rows
  let start = head * depth + min(column, depth - 1u);
  let weightRows = min(vec2u(first + lane % 8u) + vec2u(0u, 8u), vec2u(params.count - 1u));
  let weightsAt = (head * params.count + weightRows) * (params.columns / 4u);
  let four = vec4u(0u, 1u, 2u, 3u);
  var sums: Sums;
  if (HAS_CACHE == 1u) {
    let last = vec4u(params.cachedCount - 1u);
    for (var block = 0u; block < params.cachedCount; block += 4u * SUBGROUP) {
      let j = min(block + 4u * lane + four, last);
      let at = vec4u(rows[j.x], rows[j.y], rows[j.z], rows[j.w]) * pitch; // of this lane's keys, for all lanes
      var scales = vec4f(1.0);
      if (CACHE_TYPE == 3u) {
        let words = at + width + head;
        scales = bitcast<vec4f>(vec4u(valueWord(words.x), valueWord(words.y), valueWord(words.z), valueWord(words.w)));
      }
      let steps = min(SUBGROUP, (params.cachedCount - block + 3u) / 4u);
      for (var step = 0u; step < steps; step++) {
        let stepScales = subgroupShuffle(scales, step);
        addKeys(&sums, &values, CACHE_TYPE, subgroupShuffle(at, step) + start, weightsAt + block / 4u + step, stepScales);
      }
    }
  }
  if (HAS_OWN == 1u) {
    let last = vec4u(params.ownCount - 1u);
    for (var j = 0u; j < params.ownCount; j += 4u) {
      let at = min(j + four, last) * width + start;
      addKeys(&sums, &ownValues, OWN_TYPE, at, weightsAt + (params.ownColumn + j) / 4u, vec4f(1.0));
    }
  }

  if (column >= depth) {
    return;
  }
  let output = params.firstQuery * width + start;
  for (var i = 0u; i < 8u; i++) {
    store(first + i, width, output, sums.rows0[i]);
    store(first + 8u + i, width, output, sums.rows1[i]);
  }
}

fn store(row: u32, width: u32, output: u32, sums: vec4f) {
  if (row < params.count) {
    y[output + row * width] = sums;
  }
}
