// y[f][c][i] = table[c][i] + embedding[f][c mod embeddingChunks][i]
//
// The learned modulation plus the time embedding of every frame: six chunks for each block against six, two against one in
// the head.
// Bindings: table f32 [chunks, width]; embedding f32 [frames, embeddingChunks, width]; y f32 [frames, chunks, width].
// Grid: one invocation for each element of y.
// Precision: f32.
// Twin: modulation.twin.ts

struct Params {
  frames: u32,
  chunks: u32,
  embeddingChunks: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> table: array<f32>;
@group(0) @binding(2) var<storage, read> embedding: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.x + group.y * groups.x) * 64u + lane;
  if (index >= params.frames * params.chunks * params.width) {
    return;
  }
  let i = index % params.width;
  let chunk = (index / params.width) % params.chunks;
  let frame = index / (params.width * params.chunks);
  let embeddingRow = frame * params.embeddingChunks + chunk % params.embeddingChunks;
  y[index] = table[chunk * params.width + i] + embedding[embeddingRow * params.width + i];
}
