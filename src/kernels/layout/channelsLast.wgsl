// y[t][row][column][c] = latents[firstFrame + t][c][row][column] * deviation[c] + mean[c]
//
// Bindings: latents f32 [any, channels, height, width]; mean, deviation f32 [channels]; y f32 [frames, height, width, channels].
// Grid: one invocation for each element of y.
// Precision: f32.
// Twin: channelsLast.twin.ts

struct Params {
  firstFrame: u32,
  frames: u32,
  channels: u32,
  area: u32, // height * width
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> latents: array<f32>;
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
  let channel = index % params.channels;
  let pixel = (index / params.channels) % params.area;
  let frame = params.firstFrame + index / (params.channels * params.area);
  let latent = latents[(frame * params.channels + channel) * params.area + pixel];
  y[index] = latent * deviation[channel] + mean[channel];
}
