// y[i] = what a long chain of multiply-adds leaves: arithmetic from registers, nothing to wait for
//
// Eight chains of vec4 that do not depend on each other, four links of each at a time: of the shapes tried on lavapipe, where
// every trip round a loop costs, the fastest.
// Bindings: x f32 [2] (so that no compiler knows the numbers); y f32 [4 * invocations].
// Grid: workgroups of LANES invocations.
// Operations: 2 * 4 * 8 * 4 * params.steps for each invocation.

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
  let start = vec4f(factor, term, factor + 1.0, term + 1.0);
  var a = start;
  var b = start + 2.0;
  var c = start + 4.0;
  var d = start + 6.0;
  var e = start + 8.0;
  var f = start + 10.0;
  var g = start + 12.0;
  var h = start + 14.0;
  for (var step = 0u; step < params.steps; step++) {
    for (var i = 0u; i < 4u; i++) { // unrolled by compilers
      a = a * factor + term;
      b = b * factor + term;
      c = c * factor + term;
      d = d * factor + term;
      e = e * factor + term;
      f = f * factor + term;
      g = g * factor + term;
      h = h * factor + term;
    }
  }
  y[id.x + id.y * groups.x * LANES] = a + b + c + d + e + f + g + h;
}
