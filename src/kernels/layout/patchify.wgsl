// tokens[f * grid + r * gridWidth + s][component] <-> latents[f][c][r * patchHeight + ph][s * patchWidth + pw]
//
// The DiT cuts a latent frame into patches of 1 x patchHeight x patchWidth. Two orders of a token's components exist:
//   0 channel first: (c, ph, pw), what the patch embedding's weight expects
//   1 channel last:  (ph, pw, c), what the head's linear layer puts out
// Bindings: source and result f32: latents [frames, channels, height, width] and tokens [tokens, components].
// Grid: one invocation for each element.
// Precision: values are copied.
// Twin: patchify.twin.ts

override CHANNEL_LAST: u32;
override TO_LATENTS: u32; // 0: latents to tokens, 1: tokens to latents

// Passage: latents and their patches
struct Params {
  frames: u32,
  channels: u32,
  height: u32,
  width: u32,
  patchHeight: u32,
  patchWidth: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let latent = (group.x + group.y * groups.x) * 64u + lane;
  if (latent >= params.frames * params.channels * params.height * params.width) {
    return;
  }
  let x = latent % params.width;
  let y = (latent / params.width) % params.height;
  let channel = (latent / (params.width * params.height)) % params.channels;
  let frame = latent / (params.width * params.height * params.channels);

  let gridWidth = params.width / params.patchWidth;
  let gridHeight = params.height / params.patchHeight;
  let token = (frame * gridHeight + y / params.patchHeight) * gridWidth + x / params.patchWidth;
  let inPatch = (y % params.patchHeight) * params.patchWidth + x % params.patchWidth;
  let patchSize = params.patchHeight * params.patchWidth;
  var component = channel * patchSize + inPatch;
  if (CHANNEL_LAST == 1u) {
    component = inPatch * params.channels + channel;
  }
  let element = token * params.channels * patchSize + component;

  if (TO_LATENTS == 1u) {
    result[latent] = source[element];
  } else {
    result[element] = source[latent];
  }
}
