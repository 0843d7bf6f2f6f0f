// y[row][i] = x[row][i] + branch[row][i] * gate[i], the gate being one chunk of the modulation of the row's frame
//
// Bindings: x, branch f32 [rows, width]; modulation f32 [frames, chunks, width]; y f32 [rows, width].
// Grid: one workgroup of 64 invocations for each row.
// Precision: f32.
// Twin: modulation.twin.ts

// Passage: the parameters of gatedResidual
struct Params {
  firstRow: u32, // of the whole tensor, where this launch is a piece of it
  rows: u32,
  width: u32,
  rowsPerFrame: u32,
  chunks: u32,
  gateChunk: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> branch: array<f32>;
@group(0) @binding(3) var<storage, read> modulation: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.x + group.y * groups.x;
  if (row >= params.rows) {
    return;
  }
  let start = row * params.width;
  let frame = (params.firstRow + row) / params.rowsPerFrame;
  let gate = (frame * params.chunks + params.gateChunk) * params.width;
  for (var i = lane; i < params.width; i += 64u) {
    y[start + i] = x[start + i] + branch[start + i] * modulation[gate + i];
  }
}
