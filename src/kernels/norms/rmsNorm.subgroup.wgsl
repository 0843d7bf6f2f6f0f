// y[row][i] = x[row][i] / sqrt(mean_j x[row][j]^2 + eps) * weight[i], as rmsNorm.wgsl, by subgroups
//
// Changes to rmsNorm.wgsl: a subgroup normalises ROWS rows, for which it loads the weight once, so sums need neither shared
// memory nor barriers; width is a multiple of 4 and everything is read by fours.
// Bindings: x f32 [rows, width]; weight f32 [width]; y f32 [rows, width].
// Grid: one subgroup of SUBGROUP invocations for each ROWS rows.
// Precision: f32; each component of a lane sums its squares, then the subgroup adds up the parts.
// Twin: rmsNorm.twin.ts

enable subgroups;

override SUBGROUP: u32;
override ROWS: u32; // up to 4

// Passage: the parameters of rmsNorm
struct Params {
  rows: u32,
  width: u32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

// 1 over the root mean square of a row.
fn rowScale(start: u32, lane: u32) -> f32 {
  var squares = vec4f();
  for (var i = lane; i < params.width / 4u; i += SUBGROUP) {
    squares += x[start + i] * x[start + i];
  }
  return 1.0 / sqrt(subgroupAdd(dot(squares, vec4f(1.0))) / f32(params.width) + params.eps);
}

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let row = (group.x + group.y * groups.x) * ROWS;
  if (row >= params.rows) {
    return;
  }
  let fours = params.width / 4u;
  var starts: array<u32, 4>;
  var scales: array<f32, 4>;
  for (var r = 0u; r < ROWS; r++) {
    starts[r] = min(row + r, params.rows - 1u) * fours; // the last row again in the place of those past it
    scales[r] = rowScale(starts[r], lane);
  }
  for (var i = lane; i < fours; i += SUBGROUP) {
    let gain = weight[i];
    for (var r = 0u; r < ROWS; r++) {
      y[starts[r] + i] = x[starts[r] + i] * scales[r] * gain;
    }
  }
}
