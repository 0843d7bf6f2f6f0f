// y[pixel] = (a[pixel], b[pixel]): the channels of a, then those of b
//
// In f16 two values lie in a word, the even element in the low half; they end at its largest number.
// Bindings: a f32 [pixels, left]; b f32 [pixels, right]; y [pixels, left + right], f32 or f16, as words.
// Grid: one workgroup of 64 invocations for each 1024 words of y; an invocation makes every 64th of them.
// Precision: f32 is exact; narrowing rounds as the adapter's pack2x16float does.
// Twin: joinChannels.twin.ts

override TO_TYPE: u32; // 0 f32, 2 f16

struct Params {
  words: u32,
  left: u32,
  right: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

const MAX_HALF = 65504.0;

fn valueAt(index: u32) -> f32 {
  let channels = params.left + params.right;
  let pixel = index / channels;
  let channel = index % channels;
  if (channel < params.left) {
    return a[pixel * params.left + channel];
  }
  return b[pixel * params.right + channel - params.left];
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let start = (group.x + group.y * groups.x) * 1024u;
  let end = min(start + 1024u, params.words);
  for (var index = start + lane; index < end; index += 64u) {
    if (TO_TYPE == 0u) {
      y[index] = bitcast<u32>(valueAt(index));
    } else {
      let pair = vec2f(valueAt(2u * index), valueAt(2u * index + 1u));
      y[index] = pack2x16float(clamp(pair, vec2f(-MAX_HALF), vec2f(MAX_HALF)));
    }
  }
}
