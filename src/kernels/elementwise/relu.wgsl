// y[i] = max(x[i] + addend[i], 0), without the addend where ADDS is 0
//
// In f16 two values lie in a word, the even element in the low half; they end at its largest number.
// Bindings: x f32 [count]; addend f32 [count] (x again where there is none); y [count], f32 or f16, as words.
// Grid: one workgroup of 64 invocations for each 1024 words of y; an invocation makes every 64th of them.
// Precision: f32; narrowing rounds as the adapter's pack2x16float does.
// Twin: relu.twin.ts

override ADDS: u32;
override TO_TYPE: u32; // 0 f32, 2 f16

struct Params {
  words: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> addend: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

const MAX_HALF = 65504.0;

// max loses a NaN on some adapters; a comparison keeps it.
fn valueAt(index: u32) -> f32 {
  var value = x[index];
  if (ADDS == 1u) {
    value += addend[index];
  }
  return select(value, 0.0, value < 0.0);
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
      y[index] = pack2x16float(min(pair, vec2f(MAX_HALF)));
    }
  }
}
