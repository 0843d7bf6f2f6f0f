// patches[row / p][column / p][(c * p + row % p) * p + column % p] = pixels[row][column][c] * scale + offset, or the way back
//
// Where INTO_PATCHES is 1 x are pixels and y patches, else x are patches and y pixels. Rows are those of all pictures: the
// height of one is a multiple of p.
// Bindings: x f32 [count]; y f32 [count].
// Grid: one invocation for each element of the pixels.
// Precision: f32, rounded once or twice.
// Twin: patchPixels.twin.ts

override INTO_PATCHES: u32;

struct Params {
  count: u32,
  width: u32, // in pixels
  channels: u32, // of a pixel
  side: u32, // of a patch
  scale: f32,
  offset: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * 64u + lane;
  if (index >= params.count) {
    return;
  }
  let channel = index % params.channels;
  let column = index / params.channels % params.width;
  let row = index / params.channels / params.width;
  let p = params.side;
  let place = row / p * (params.width / p) + column / p;
  let patched = (place * params.channels + channel) * p * p + row % p * p + column % p;
  if (INTO_PATCHES == 1u) {
    y[patched] = x[index] * params.scale + params.offset;
  } else {
    y[index] = x[patched] * params.scale + params.offset;
  }
}
