// z[i] = mean over the frames of a block of the latent token i; a token is the patch that the DiT would cut, as a vector
//
// TokenTrim's latent summary Z_t (arXiv 2602.00268). Components are ordered (channel, patch row, patch column); the
// order does not change a distance.
// Bindings: latents f32 [frames, channels, height, width]; z f32 [tokens, channels * patchHeight * patchWidth].
// Grid: one invocation for each element of z.
// Precision: f32.
// Twin: tokenDrift.twin.ts

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
@group(0) @binding(1) var<storage, read> latents: array<f32>;
@group(0) @binding(2) var<storage, read_write> z: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * 64u + lane;
  let frameSize = params.channels * params.height * params.width;
  if (index >= frameSize) {
    return;
  }
  let patchSize = params.patchHeight * params.patchWidth;
  let components = params.channels * patchSize;
  let token = index / components;
  let component = index % components;
  let channel = component / patchSize;
  let gridWidth = params.width / params.patchWidth;
  let y = (token / gridWidth) * params.patchHeight + (component % patchSize) / params.patchWidth;
  let x = (token % gridWidth) * params.patchWidth + component % params.patchWidth;

  var sum = 0.0;
  for (var frame = 0u; frame < params.frames; frame++) {
    sum += latents[frame * frameSize + (channel * params.height + y) * params.width + x];
  }
  z[index] = sum / f32(params.frames);
}
