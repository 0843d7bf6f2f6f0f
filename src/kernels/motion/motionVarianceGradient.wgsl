// The gradient of max(variance) with respect to flow, variance being what motionVariance.wgsl makes of it. With the pixel
// that has the largest value, distances d[f] = |flow[f+1] - flow[f]| in it and slopes s[f] = 2 (d[f] - mean d) / (F - 1) / C:
//   y[f][c][pixel] = s[f-1] * sign(flow[f] - flow[f-1]) - s[f] * sign(flow[f+1] - flow[f]), and 0 in all other pixels
//
// Of several pixels with the largest value it is the one with the smallest index.
// Bindings: flow f32 [frames, channels, pixels]; variance f32 [pixels]; y as flow.
// Grid: one workgroup of 64 invocations for each frame and channel; each looks for the pixel by itself.
// Precision: f32.
// Twin: motionVariance.twin.ts

// Passage: the parameters of motionVariance
struct Params {
  frames: u32,
  channels: u32,
  pixels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> flow: array<f32>;
@group(0) @binding(2) var<storage, read> variance: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

var<workgroup> largest: array<f32, 64>;
var<workgroup> places: array<u32, 64>;

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

// The pixel with the largest value, the first of several: every invocation calls it and gets it.
fn peak(lane: u32) -> u32 {
  var best = lane % params.pixels;
  for (var pixel = lane; pixel < params.pixels; pixel += 64u) {
    if (variance[pixel] > variance[best]) {
      best = pixel;
    }
  }
  largest[lane] = variance[best];
  places[lane] = best;
  workgroupBarrier();
  var found = 0u;
  for (var i = 1u; i < 64u; i++) {
    if (largest[i] > largest[found] || (largest[i] == largest[found] && places[i] < places[found])) {
      found = i;
    }
  }
  return places[found];
}

// What the distance to the next frame gives to the later of the two; the earlier gets the opposite.
fn pull(frame: u32, channel: u32, pixel: u32, mean: f32) -> f32 {
  let at = (frame * params.channels + channel) * params.pixels + pixel;
  let slope = 2.0 * (distanceOf(frame, channel, pixel) - mean) / f32((params.frames - 1u) * params.channels);
  return slope * sign(flow[at + params.channels * params.pixels] - flow[at]);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let plane = group.x + group.y * groups.x;
  if (plane >= params.frames * params.channels) {
    return;
  }
  let frame = plane / params.channels;
  let channel = plane % params.channels;
  let pixel = peak(lane);
  let mean = meanOf(channel, pixel);
  var value = 0.0;
  if (frame > 0u) {
    value += pull(frame - 1u, channel, pixel, mean);
  }
  if (frame + 1u < params.frames) {
    value -= pull(frame, channel, pixel, mean);
  }
  for (var i = lane; i < params.pixels; i += 64u) {
    y[plane * params.pixels + i] = select(0.0, value, i == pixel);
  }
}
