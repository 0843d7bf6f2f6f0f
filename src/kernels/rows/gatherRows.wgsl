// y[i] = table[rows[i]]
//
// Token embeddings, T5's position buckets, and the anchor's keys in Rolling Forcing.
// Bindings: table [any, width]; rows u32 [count]; y [count, width], as words: one f32 or two 16-bit values each.
// Grid: one workgroup of 64 invocations for each row.
// Precision: values are copied.
// Twin: rows.twin.ts

struct Params {
  count: u32,
  width: u32, // words of a row
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<u32>;
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

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
  let source = rows[i] * params.width;
  for (var word = lane; word < params.width; word += 64u) {
    y[i * params.width + word] = table[source + word];
  }
}
