// y[i][h] = table[rows[i]][h] * scale of that row and head
//
// The anchor's keys and values in Rolling Forcing, of a KV cache of 8 bits: updateQuantizedRows.wgsl says how it lies.
// Bindings: table u32 [any, words]; rows u32 [count]; y f32 [count, heads * headDim].
// Grid: one workgroup of 64 invocations for each row.
// Precision: exact; a product of 7 by 16 bits.
// Twin: quantizedRows.twin.ts

struct Params {
  count: u32,
  heads: u32,
  headDim: u32, // a multiple of 4
  words: u32, // of a row of the table
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<u32>;
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

// Passage: four of 8 bits
// Four bytes of a word, with their signs: elements that follow one another, before their scale.
fn fourBytes(word: u32) -> vec4f {
  return vec4f(bitcast<vec4i>(vec4u(word) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u));
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = group.x + group.y * groups.x;
  if (i >= params.count) {
    return;
  }
  let depth = params.headDim / 4u;
  let width = params.heads * depth; // words of a row's values
  let source = rows[i] * params.words;
  for (var word = lane; word < width; word += 64u) {
    let scale = bitcast<f32>(table[source + width + word / depth]);
    y[i * width + word] = fourBytes(table[source + word]) * scale;
  }
}
