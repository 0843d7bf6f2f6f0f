// The gradient with respect to x, from the gradient `cotangent` with respect to what rmsNorm.wgsl makes of it:
//   scale = 1 / sqrt(mean_j x[row][j]^2 + eps)
//   y[row][i] = scale * weight[i] * cotangent[row][i] - scale^3 * x[row][i] * mean_j x[row][j] * weight[j] * cotangent[row][j]
//
// Bindings: x, cotangent f32 [rows, width]; weight f32 [width]; y f32 [rows, width].
// Grid: one workgroup of 64 invocations for each row.
// Precision: f32; sums as in rmsNorm.wgsl.
// Twin: rmsNormGradient.twin.ts

// Passage: the parameters of rmsNorm
struct Params {
  rows: u32,
  width: u32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> cotangent: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

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

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.x + group.y * groups.x;
  if (row >= params.rows) {
    return;
  }
  let start = row * params.width;
  var squares = 0.0;
  var along = 0.0; // how much of the gradient changes the row's length
  for (var i = lane; i < params.width; i += 64u) {
    let value = x[start + i];
    squares += value * value;
    along += value * weight[i] * cotangent[start + i];
  }
  let scale = 1.0 / sqrt(workgroupSum(squares, lane) / f32(params.width) + params.eps);
  workgroupBarrier();
  let shrink = scale * scale * workgroupSum(along, lane) / f32(params.width);
  for (var i = lane; i < params.width; i += 64u) {
    y[start + i] = scale * (weight[i] * cotangent[start + i] - x[start + i] * shrink);
  }
}
