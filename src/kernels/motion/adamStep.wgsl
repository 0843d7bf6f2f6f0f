// moved[i] = x[i] - rate * g[i] / (|g[i]| + 1e-8)
//
// The first step of Adam, whose moments are then the gradient and its square: nearly `rate` up or down for every element.
// Bindings: x f32 [count]; gradient f32 [count]; moved f32 [count].
// Grid: one invocation for each element.
// Precision: f32.
// Twin: adamStep.twin.ts

struct Params {
  count: u32,
  rate: f32,
}

const EPSILON = 1e-8;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> moved: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * 64u + lane;
  if (index >= params.count) {
    return;
  }
  let slope = gradient[index];
  moved[index] = x[index] - params.rate * (slope / (abs(slope) + EPSILON));
}
