// y[f] = coefficients[f][0] * a[f] + coefficients[f][1] * b[f], for every element of frame f
//
// Re-noising, (1 - sigma) * x0 + sigma * noise, and the prediction of x0, x - sigma * flow, each frame at its own sigma.
// Bindings: a, b f32 [frames, frameSize]; coefficients f32 [frames, 2]; y f32 [frames, frameSize].
// Grid: one invocation for each element.
// Precision: f32.
// Twin: blendFrames.twin.ts

struct Params {
  frames: u32,
  frameSize: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> coefficients: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * 64u + lane;
  if (index >= params.frames * params.frameSize) {
    return;
  }
  let frame = index / params.frameSize;
  y[index] = coefficients[frame * 2u] * a[index] + coefficients[frame * 2u + 1u] * b[index];
}
