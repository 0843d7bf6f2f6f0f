// y[row][c] = act(x[row][c] / max(sqrt(sum_j x[row][j]^2), 1e-12) * sqrt(channels) * gamma[c]), act = SiLU or nothing
//
// Bindings: x f32 [rows, channels], a row for every pixel; gamma f32 [channels]; y [rows, channels], f32 or two f16 to a
//   word (then channels is even).
// Grid: one invocation for each row: the VAE has many pixels and, at its largest, few channels.
// Precision: f32; the squares are summed in order.
// Twin: channelNorm.twin.ts

override WITH_SILU: u32;
override OUTPUT_TYPE: u32; // 0 f32, 2 f16

const MAX_HALF = 65504.0;

// Passage: the parameters of channelNorm
struct Params {
  rows: u32,
  channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

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
  if (OUTPUT_TYPE == 0u) {
    for (var c = 0u; c < params.channels; c++) {
      y[start + c] = bitcast<u32>(normed(start, c, scale));
    }
    return;
  }
  for (var c = 0u; c < params.channels; c += 2u) {
    let pair = vec2f(normed(start, c, scale), normed(start, c + 1u, scale));
    y[(start + c) / 2u] = pack2x16float(clamp(pair, vec2f(-MAX_HALF), vec2f(MAX_HALF)));
  }
}

fn normed(start: u32, c: u32, scale: f32) -> f32 {
  let value = x[start + c] * scale * gamma[c];
  if (WITH_SILU == 1u) {
    return value / (1.0 + exp(-value));
  }
  return value;
}
