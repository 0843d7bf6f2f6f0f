// y[i] = what a long chain of multiply-adds leaves: arithmetic from registers, nothing to wait for
//
// Three chains of vec4 that do not depend on each other: enough to keep the units of a processor or a graphics card busy, few
// enough for the sixteen vector registers that lavapipe has with 256-bit vectors.
// Bindings: x f32 [2] (so that no compiler knows the numbers); y f32 [4 * invocations].
// Grid: workgroups of LANES invocations.
// Operations: 2 * 4 * 3 * 16 * params.steps for each invocation.

override LANES: u32;

struct Params {
  steps: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

@compute @workgroup_size(LANES)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let factor = x[0];
  let term = x[1];
  var a = vec4f(1.0, 2.0, 3.0, 4.0);
  var b = vec4f(5.0, 6.0, 7.0, 8.0);
  var c = vec4f(9.0, 10.0, 11.0, 12.0);
  for (var step = 0u; step < params.steps; step++) {
    for (var i = 0u; i < 16u; i++) { // unrolled by compilers: the outer loop's own cost disappears
      a = a * factor + term;
      b = b * factor + term;
      c = c * factor + term;
    }
  }
  y[id.x + id.y * groups.x * LANES] = a + b + c;
}
