// y[row][c] = act(x[row][c] / max(sqrt(sum_j x[row][j]^2), 1e-12) * sqrt(channels) * gamma[c]), act = SiLU or nothing
//
// Bindings: x f32 [rows, channels], a row for every pixel; gamma f32 [channels]; y f32 [rows, channels].
// Grid: one invocation for each row: the VAE has many pixels and, at its largest, few channels.
// Precision: f32; the squares are summed in order.
// Twin: reference/channelNorm.ts

override WITH_SILU: u32;

struct Params {
  rows: u32,
  channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.x + group.y * groups.x) * 64u + lane;
  if (row >= params.rows) {
    return;
  }
  let start = row * params.channels;
  var squares = 0.0;
  for (var c = 0u; c < params.channels; c++) {
    let value = x[start + c];
    squares += value * value;
  }
  let scale = sqrt(f32(params.channels)) / max(sqrt(squares), 1e-12);
  for (var c = 0u; c < params.channels; c++) {
    let value = x[start + c] * scale * gamma[c];
    if (WITH_SILU == 1u) {
      y[start + c] = value / (1.0 + exp(-value));
    } else {
      y[start + c] = value;
    }
  }
}
