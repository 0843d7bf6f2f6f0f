// One operation on every element:
//   0 add       y = a + b
//   1 multiply  y = a * b
//   2 gelu      y = a * 0.5 * (1 + tanh(u)), u = sqrt(2 / pi) * (a + 0.044715 a^3)
//   3 silu      y = a / (1 + exp(-a))
//   4 softClamp y = 3 tanh(a / 3)
//   5 geluGradient y = b * d gelu(a) / da
//
// Bindings: a f32 [count]; b f32 [count] (a again for operations on one input); y f32 [count].
// Grid: one invocation for each element.
// Precision: f32. WGSL bounds tanh only loosely, so gelu, its gradient and softClamp use 0.5 * (1 + tanh(u)) =
//   1 / (1 + exp(-2u)).
// Twin: elementwise.twin.ts

override OPERATION: u32;

struct Params {
  count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn sigmoid(value: f32) -> f32 {
  return 1.0 / (1.0 + exp(-value));
}

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
  let left = a[index];
  if (OPERATION == 0u) {
    y[index] = left + b[index];
  } else if (OPERATION == 1u) {
    y[index] = left * b[index];
  } else if (OPERATION == 2u) {
    y[index] = left * sigmoid(1.5957691216057308 * (left + 0.044715 * left * left * left));
  } else if (OPERATION == 3u) {
    y[index] = left * sigmoid(left);
  } else if (OPERATION == 4u) {
    y[index] = 6.0 * sigmoid(left / 1.5) - 3.0;
  } else {
    let part = sigmoid(1.5957691216057308 * (left + 0.044715 * left * left * left));
    let slope = 1.5957691216057308 * (1.0 + 0.134145 * left * left);
    y[index] = b[index] * part * (1.0 + left * (1.0 - part) * slope);
  }
}
