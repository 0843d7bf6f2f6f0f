// One operation on every element, as elementwise.wgsl: 0 add, 1 multiply, 2 gelu, 3 silu, 4 softClamp,
// 5 geluGradient
//
// Changes to elementwise.wgsl: rows of a multiple of 4 are read and written by fours, and an invocation does 16 of them, so
// that starting it and a load cost less for each element.
// Bindings: a f32 [4 * count]; b f32 [4 * count] (a again for operations on one input); y f32 [4 * count].
// Grid: one workgroup of 64 invocations for each 1024 fours; an invocation does every 64th of them.
// Precision: f32. WGSL bounds tanh only loosely, so gelu, its gradient and softClamp use 0.5 * (1 + tanh(u)) =
//   1 / (1 + exp(-2u)).
// Twin: elementwise.twin.ts

override OPERATION: u32;

struct Params {
  count: u32, // of fours
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

fn sigmoid(value: vec4f) -> vec4f {
  return 1.0 / (1.0 + exp(-value));
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let start = (group.x + group.y * groups.x) * 1024u;
  let end = min(start + 1024u, params.count);
  for (var index = start + lane; index < end; index += 64u) {
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
}
