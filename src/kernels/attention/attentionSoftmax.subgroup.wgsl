// p[h][q][j] = s[h][q][j] * exp(max[tile of j] - max) / sum, where max and sum are those of all keys of the query
//
// The second of three steps of attention for processors; in place. The first has made the exponentials of each tile of keys
// from the maximum of that tile; with one more factor a tile they become one softmax over all keys.
// Bindings: s f32 [heads, count, columns], tiles of 4 * SUBGROUP columns, and behind them a vector (max, sum of exponentials,
//   -, -) for each [heads, count, tiles].
// Grid: one subgroup of SUBGROUP invocations for each head and query.
// Precision: f32.
// Twin: attentionSteps.twin.ts

enable subgroups;

override SUBGROUP: u32;

struct Params {
  rows: u32, // heads * count
  tiles: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> s: array<vec4f>;

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let row = group.x + group.y * groups.x;
  if (row >= params.rows) {
    return;
  }
  let statistics = params.rows * params.tiles * SUBGROUP + row * params.tiles;
  var maximum = -3.0e38;
  var total = 0.0;
  for (var tile = lane; tile < params.tiles; tile += SUBGROUP) {
    let part = s[statistics + tile].xy;
    let largest = max(maximum, part.x);
    total = total * exp(maximum - largest) + part.y * exp(part.x - largest);
    maximum = largest;
  }
  var largest = maximum;
  // Passage: the largest of a subgroup
  for (var mask = 1u; mask < SUBGROUP; mask *= 2u) {
    largest = max(largest, subgroupShuffleXor(largest, mask));
  }

  total *= exp(maximum - largest); // 0 for a lane that has met no tile
  // Passage: the sum of a subgroup
  for (var mask = 1u; mask < SUBGROUP; mask *= 2u) {
    total += subgroupShuffleXor(total, mask);
  }

  for (var first = 0u; first < params.tiles; first += SUBGROUP) {
    let factor = exp(s[statistics + min(first + lane, params.tiles - 1u)].x - largest) / total; // of one tile a lane
    for (var i = 0u; i < min(SUBGROUP, params.tiles - first); i++) {
      s[(row * params.tiles + first + i) * SUBGROUP + lane] *= subgroupShuffle(factor, i);
    }
  }
}
