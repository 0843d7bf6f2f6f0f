// g[line][j] = scale * p[line][j] * (g[line][j] - sum_i p[line][i] * g[line][i]) over the keys of a line, 0 for other columns
//
// The backward pass of the softmax of attention: the gradient of a query's weights becomes that of its scores, in place.
// Bindings: p f32 [lines, columns], weights, of which the first rowCount columns are keys, and ownCount from ownColumn on;
//   g f32 [lines, columns].
// Grid: one workgroup of 64 invocations for each line.
// Precision: f32; each invocation sums every 64th product, then all add up the 64 parts.
// Twin: attentionWeights.twin.ts

// Passage: lines of scores
struct Params {
  lines: u32,
  columns: u32,
  rowCount: u32,
  ownColumn: u32,
  ownCount: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> p: array<f32>;
@group(0) @binding(2) var<storage, read_write> g: array<f32>;

var<workgroup> partial: array<f32, 64>;

// Passage: a sum over a workgroup
// The sum of `value` over the workgroup; every invocation must call it, and each adds up all parts by itself: one barrier,
// where a tree has one for every level. A second call needs another before it.
fn workgroupSum(value: f32, lane: u32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < 64u; i++) {
    sum += partial[i];
  }
  return sum;
}

// Passage: columns of keys
fn isKey(column: u32) -> bool {
  return column < params.rowCount || (column >= params.ownColumn && column < params.ownColumn + params.ownCount);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let line = group.x + group.y * groups.x;
  if (line >= params.lines) {
    return;
  }
  let start = line * params.columns;
  var part = 0.0;
  for (var j = lane; j < params.columns; j += 64u) {
    if (isKey(j)) {
      part += p[start + j] * g[start + j];
    }
  }
  let mean = workgroupSum(part, lane);
  for (var j = lane; j < params.columns; j += 64u) {
    g[start + j] = select(0.0, params.scale * p[start + j] * (g[start + j] - mean), isKey(j));
  }
}
