// y[i] = x[i], STEPS vectors an invocation, neighbours side by side: memory, nothing to compute
//
// Bindings: x, y f32 [4 * LANES * STEPS * workgroups].
// Grid: workgroups of LANES invocations: one subgroup on processors, where larger ones run in turns at many times the cost.
// Bytes: 32 for each vector, half of them read.

override LANES: u32;
override STEPS: u32;

struct Params {
  vectors: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = (group.x + group.y * groups.x) * LANES * STEPS;
  if (first >= params.vectors) {
    return;
  }
  for (var step = 0u; step < STEPS; step++) {
    y[first + step * LANES + lane] = x[first + step * LANES + lane];
  }
}
