// y[row][i] = x[row][i] + branch[row][i] * gate[i], the gate being one chunk of the modulation of the row's frame
//
// Bindings: x, branch f32 [rows, width]; modulation f32 [frames, chunks, width]; y f32 [rows, width].
// Grid: one invocation for each element.
// Precision: f32.
// Twin: reference/modulation.ts

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
  let index = (group.x + group.y * groups.x) * 64u + lane;
  if (index >= params.rows * params.width) {
    return;
  }
  let i = index % params.width;
  let frame = (params.firstRow + index / params.width) / params.rowsPerFrame;
  let gate = modulation[(frame * params.chunks + params.gateChunk) * params.width + i];
  y[index] = x[index] + branch[index] * gate;
}
