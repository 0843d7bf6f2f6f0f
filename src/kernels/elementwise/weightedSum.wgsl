// y = weights[0] * a + weights[1] * b + weights[2] * c + weights[3] * d, for every element
//
// A step of a multistep solver: the next sample from the last one and from up to three predictions.
// Bindings: a, b, c, d f32 [count] (a again in the place of those past TERMS, which are not read); y f32 [count].
// Grid: one invocation for each element.
// Precision: f32.
// Twin: weightedSum.twin.ts

override TERMS: u32;

struct Params {
  count: u32,
  weightA: f32,
  weightB: f32,
  weightC: f32,
  weightD: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>;
@group(0) @binding(4) var<storage, read> d: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

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
  var sum = params.weightA * a[index];
  if (TERMS > 1u) {
    sum += params.weightB * b[index];
  }
  if (TERMS > 2u) {
    sum += params.weightC * c[index];
  }
  if (TERMS > 3u) {
    sum += params.weightD * d[index];
  }
  y[index] = sum;
}
