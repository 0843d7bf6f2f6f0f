// variance[pixel] = mean over channels c of the variance over f of |flow[f+1][c][pixel] - flow[f][c][pixel]|
//
// Bindings: flow f32 [frames, channels, pixels], 2 frames or more; variance f32 [pixels].
// Grid: one invocation for each pixel.
// Precision: f32; the variance, of all frames and not of a sample, is summed around the mean in a second pass.
// Twin: motionVariance.twin.ts

// Passage: the parameters of motionVariance
struct Params {
  frames: u32,
  channels: u32,
  pixels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> flow: array<f32>;
@group(0) @binding(2) var<storage, read_write> variance: array<f32>;

// Passage: how far a pixel moves
// From a frame to the next, in a channel.
fn distanceOf(frame: u32, channel: u32, pixel: u32) -> f32 {
  let at = (frame * params.channels + channel) * params.pixels + pixel;
  return abs(flow[at + params.channels * params.pixels] - flow[at]);
}

// Passage: the mean of how far
fn meanOf(channel: u32, pixel: u32) -> f32 {
  var sum = 0.0;
  for (var frame = 0u; frame + 1u < params.frames; frame++) {
    sum += distanceOf(frame, channel, pixel);
  }
  return sum / f32(params.frames - 1u);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let pixel = (group.x + group.y * groups.x) * 64u + lane;
  if (pixel >= params.pixels) {
    return;
  }
  var sum = 0.0;
  for (var channel = 0u; channel < params.channels; channel++) {
    let mean = meanOf(channel, pixel);
    for (var frame = 0u; frame + 1u < params.frames; frame++) {
      let centred = distanceOf(frame, channel, pixel) - mean;
      sum += centred * centred;
    }
  }
  variance[pixel] = sum / f32((params.frames - 1u) * params.channels);
}
