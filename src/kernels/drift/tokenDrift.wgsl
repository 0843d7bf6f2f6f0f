// drift[i] = |current[i] - previous[i]|, the Euclidean distance that token i moved between two blocks
//
// TokenTrim's per-token drift d_i (arXiv 2602.00268).
// Bindings: current, previous f32 [tokens, components]; drift f32 [tokens].
// Grid: one invocation for each token.
// Precision: f32.
// Twin: tokenDrift.twin.ts

struct Params {
  tokens: u32,
  components: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> current: array<f32>;
@group(0) @binding(2) var<storage, read> previous: array<f32>;
@group(0) @binding(3) var<storage, read_write> drift: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let token = (group.x + group.y * groups.x) * 64u + lane;
  if (token >= params.tokens) {
    return;
  }
  var squares = 0.0;
  for (var i = 0u; i < params.components; i++) {
    let moved = current[token * params.components + i] - previous[token * params.components + i];
    squares += moved * moved;
  }
  drift[token] = sqrt(squares);
}
