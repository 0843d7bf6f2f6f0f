// sum[i] = sum[i] + x[i]
//
// In place: where pictures are large, a third tensor of their size is what does not fit.
// Bindings: x f32 [count]; sum f32 [count].
// Grid: one invocation for each element.
// Precision: f32.
// Twin: updateSum.twin.ts

struct Params {
  count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> sum: array<f32>;

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
  sum[index] += x[index];
}
