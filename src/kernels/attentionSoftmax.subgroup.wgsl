// p[h][q][j] = exp(t[j] - max t) / sum_j exp(t[j] - max t), where t[j] = s[h][q][j] + bias
//
// The second of three steps of attention for processors; in place. A row holds the scores of cached keys, then those of a
// call's own, each padded to a multiple of 4: what lies in the padding becomes 0.
// Bindings: rows u32 [cachedCount], the cache rows of the cached keys; bias f32 [2 * biasSpan - 1, heads] by key row minus
//   query row plus biasSpan - 1 (only where HAS_BIAS); s, then p, f32 [heads, count, columns].
// Grid: one subgroup of SUBGROUP invocations for each head and query.
// Precision: f32 with an online softmax.
// Twin: reference/attention.ts

enable subgroups;

override SUBGROUP: u32;
override HAS_BIAS: u32;

struct Params {
  firstQuery: u32,
  count: u32, // of queries
  heads: u32,
  cachedCount: u32,
  ownColumn: u32, // where a call's own keys begin
  ownCount: u32,
  columns: u32,
  biasSpan: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rows: array<u32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> s: array<vec4f>;

fn isKey(column: vec4u) -> vec4<bool> {
  let own = (column >= vec4u(params.ownColumn)) & (column < vec4u(params.ownColumn + params.ownCount));
  return (column < vec4u(params.cachedCount)) | own;
}

fn biasAt(column: u32, queryRow: u32, head: u32) -> f32 {
  var keyRow = column - params.ownColumn;
  if (column < params.ownColumn) {
    keyRow = rows[min(column, params.cachedCount - 1u)];
  }
  return bias[(keyRow + params.biasSpan - 1u - queryRow) * params.heads + head];
}

// Four scores; -3e38 in the padding.
fn scoresAt(row: u32, column: u32) -> vec4f {
  var scores = s[(row * params.columns + column) / 4u];
  if (HAS_BIAS == 1u) {
    let queryRow = params.firstQuery + row % params.count;
    for (var i = 0u; i < 4u; i++) {
      scores[i] += biasAt(column + i, queryRow, row / params.count);
    }
  }
  return select(vec4f(-3.0e38), scores, isKey(vec4u(column) + vec4u(0u, 1u, 2u, 3u)));
}

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let row = group.x + group.y * groups.x;
  if (row >= params.heads * params.count) {
    return;
  }
  var maximum = -3.0e38;
  var total = 0.0;
  for (var column = 4u * lane; column < params.columns; column += 4u * SUBGROUP) {
    let scores = scoresAt(row, column);
    let pair = max(scores.xy, scores.zw);
    let largest = max(maximum, max(pair.x, pair.y));
    total = total * exp(maximum - largest) + dot(exp(scores - largest), vec4f(1.0));
    maximum = largest;
  }
  var largest = maximum;
  for (var mask = 1u; mask < SUBGROUP; mask *= 2u) {
    largest = max(largest, subgroupShuffleXor(largest, mask));
  }
  total *= exp(maximum - largest); // 0 for a lane that has met no key
  for (var mask = 1u; mask < SUBGROUP; mask *= 2u) {
    total += subgroupShuffleXor(total, mask);
  }
  for (var column = 4u * lane; column < params.columns; column += 4u * SUBGROUP) {
    let inside = isKey(vec4u(column) + vec4u(0u, 1u, 2u, 3u));
    let weights = exp(scoresAt(row, column) - largest) / total;
    s[(row * params.columns + column) / 4u] = select(vec4f(), weights, inside);
  }
}
