// y[pixel] = r | g << 8 | b << 16 | 255 << 24, each = u32(255 * clamp(clamp(x, -1, 1) * 0.5 + 0.5, 0, 1))
//
// The words are bytes r, g, b, a in memory. Fractions are cut off, as a conversion to uint8 does. A pixel with a value that
// is NaN or infinite is 0 whole: its a is 0 and tells. Bits are compared, as shaders may assume that there are none.
// Bindings: x f32 [pixels, 3], about -1 to 1; y u32 [pixels].
// Grid: one invocation for each pixel.
// Precision: f32; a value within rounding of a step between two bytes may fall on either side.
// Twin: toPixels.twin.ts

struct Params {
  pixels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

fn byteAt(index: u32) -> u32 {
  let unit = clamp(clamp(x[index], -1.0, 1.0) * 0.5 + 0.5, 0.0, 1.0);
  return u32(unit * 255.0);
}

fn isFinite(index: u32) -> bool {
  return (bitcast<u32>(x[index]) & 0x7f800000u) != 0x7f800000u;
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
  let first = pixel * 3u;
  let rgba = byteAt(first) | (byteAt(first + 1u) << 8u) | (byteAt(first + 2u) << 16u) | (255u << 24u);
  y[pixel] = select(0u, rgba, isFinite(first) && isFinite(first + 1u) && isFinite(first + 2u));
}
