// y[row][c] = act(x[row][c] / max(sqrt(sum_j x[row][j]^2), 1e-12) * sqrt(channels) * gamma[c]), as channelNorm.wgsl, by
// subgroups
//
// Changes to channelNorm.wgsl: a subgroup normalises ROWS rows, for which it loads the gain once; channels are a multiple of
// 4 and everything is read by fours.
// Bindings: x f32 [rows, channels], a row for every pixel; gamma f32 [channels]; y [rows, channels], f32 or two f16 to a
//   word.
// Grid: one subgroup of SUBGROUP invocations for each ROWS rows.
// Precision: f32; each component of a lane sums its squares, then the subgroup adds up the parts.
// Twin: channelNorm.twin.ts

enable subgroups;

override SUBGROUP: u32;
override ROWS: u32; // up to 4
override WITH_SILU: u32;
override OUTPUT_TYPE: u32; // 0 f32, 2 f16

const MAX_HALF = 65504.0;

// Passage: the parameters of channelNorm
struct Params {
  rows: u32,
  channels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec2u>;

fn rowScale(start: u32, lane: u32) -> f32 {
  var squares = vec4f();
  for (var i = lane; i < params.channels / 4u; i += SUBGROUP) {
    squares += x[start + i] * x[start + i];
  }
  return sqrt(f32(params.channels)) / max(sqrt(subgroupAdd(dot(squares, vec4f(1.0)))), 1e-12);
}

fn store(index: u32, values: vec4f) {
  if (OUTPUT_TYPE == 0u) {
    y[2u * index] = bitcast<vec2u>(values.xy);
    y[2u * index + 1u] = bitcast<vec2u>(values.zw);
  } else {
    let held = clamp(values, vec4f(-MAX_HALF), vec4f(MAX_HALF));
    y[index] = vec2u(pack2x16float(held.xy), pack2x16float(held.zw));
  }
}

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let row = (group.x + group.y * groups.x) * ROWS;
  if (row >= params.rows) {
    return;
  }
  let fours = params.channels / 4u;
  var starts: array<u32, 4>;
  var scales: array<f32, 4>;
  for (var r = 0u; r < ROWS; r++) {
    starts[r] = min(row + r, params.rows - 1u) * fours; // the last row again in the place of those past it
    scales[r] = rowScale(starts[r], lane);
  }
  for (var i = lane; i < fours; i += SUBGROUP) {
    let gain = gamma[i];
    for (var r = 0u; r < ROWS; r++) {
      var values = x[starts[r] + i] * scales[r] * gain;
      if (WITH_SILU == 1u) {
        values /= 1.0 + exp(-values);
      }
      store(starts[r] + i, values);
    }
  }
}
