// y[i] = x[i], from one of f32, bf16 and f16 to another
//
// 16-bit values lie two to a word, the even element in the low half. Narrowing rounds to nearest; f16 saturates.
// Bindings: x [count] of FROM_TYPE; y [count] of TO_TYPE, both as words.
// Grid: one workgroup of 64 invocations for each 1024 words of y; an invocation makes every 64th of them.
// Precision: widening is exact; bf16 rounds half to even, f16 as the adapter's pack2x16float does.
// Twin: cast.twin.ts

override FROM_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override TO_TYPE: u32;

struct Params {
  count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

const MAX_HALF = 65504.0;

// Passage: the word of an element
// Where the word lies that holds an element, f32 where `kind` is 0, else one of two of 16 bits.
fn wordOf(kind: u32, index: u32) -> u32 {
  return select(index / 2u, index, kind == 0u);
}

// Passage: an element of a word
// An element as f32, from the word that holds it.
fn widened(word: u32, kind: u32, index: u32) -> f32 {
  if (kind == 0u) {
    return bitcast<f32>(word);
  }
  let half = word >> (16u * (index & 1u)); // in the lower bits
  if (kind == 1u) {
    return bitcast<f32>(half << 16u);
  }
  return unpack2x16float(half).x;
}

fn valueAt(index: u32) -> f32 {
  if (index >= params.count) {
    return 0.0; // the unused half of the last word
  }
  return widened(x[wordOf(FROM_TYPE, index)], FROM_TYPE, index);
}

// Passage: the bits of bf16
// The upper half of the bits, rounded half to even; NaN keeps a bit of its payload.
fn bfloat16Bits(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  let isNan = (bits & 0x7fffffffu) > 0x7f800000u;
  return select((bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u, (bits >> 16u) | 0x40u, isNan);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let words = select((params.count + 1u) / 2u, params.count, TO_TYPE == 0u);
  let start = (group.x + group.y * groups.x) * 1024u;
  let end = min(start + 1024u, words);
  for (var index = start + lane; index < end; index += 64u) {
    if (TO_TYPE == 0u) {
      y[index] = bitcast<u32>(valueAt(index));
      continue;
    }
    let pair = vec2f(valueAt(index * 2u), valueAt(index * 2u + 1u));
    if (TO_TYPE == 1u) {
      y[index] = bfloat16Bits(pair.x) | (bfloat16Bits(pair.y) << 16u);
    } else {
      y[index] = pack2x16float(clamp(pair, vec2f(-MAX_HALF), vec2f(MAX_HALF)));
    }
  }
}
