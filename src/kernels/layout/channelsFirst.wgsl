// y[t][c][row][column] = (moments[t][row][column][c] - mean[c]) / deviation[c]
//
// Moments hold the means of all channels and then as many log variances, which are not read.
// Bindings: moments f32 [frames, height, width, 2 * channels]; mean, deviation f32 [channels]; y f32 [frames, channels,
//   height, width].
// Grid: one invocation for each element of y.
// Precision: f32.
// Twin: channelsFirst.twin.ts

struct Params {
  frames: u32,
  channels: u32,
  area: u32, // height * width
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> moments: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> deviation: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * 64u + lane;
  if (index >= params.frames * params.area * params.channels) {
    return;
  }
  let pixel = index % params.area;
  let channel = (index / params.area) % params.channels;
  let frame = index / (params.channels * params.area);
  let moment = moments[(frame * params.area + pixel) * 2u * params.channels + channel];
  y[index] = (moment - mean[channel]) / deviation[channel];
}
