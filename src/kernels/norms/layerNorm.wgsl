// y[row][i] = (x[row][i] - mean) / sqrt(variance + eps) * (offset + scale[i]) + shift[i]
//
// Scale and shift are chunks of `affine`, chosen by the row's group: in the adaptive norms of the DiT a group is a latent
// frame and offset is 1; in a plain affine norm there is one group and offset is 0.
// Bindings: x f32 [rows, width]; affine f32 [groups, chunks, width]; y f32 [rows, width].
// Grid: one workgroup of 64 invocations for each row.
// Precision: f32; the variance is summed around the mean in a second pass.
// Twin: layerNorm.twin.ts

// Passage: the parameters of layerNorm
struct Params {
  firstRow: u32, // of the whole tensor, where this launch is a piece of it
  rows: u32,
  width: u32,
  rowsPerGroup: u32,
  chunks: u32,
  shiftChunk: u32,
  scaleChunk: u32,
  offset: f32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> affine: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

var<workgroup> partial: array<f32, 64>;

// Passage: a sum over a workgroup
// The sum of `value` over the workgroup; every invocation must call it, and each adds up all parts by itself: one barrier,
// where a tree has one for every level. A second call needs another before it.
fn workgroupSum(value: f32, lane: u32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  var sum = 0.0;
  for (var i = 0u; i < 64u; i++) {
    sum += partial[i];
  }
  return sum;
}

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
  var sum = 0.0;
  for (var i = lane; i < params.width; i += 64u) {
    sum += x[start + i];
  }
  let mean = workgroupSum(sum, lane) / f32(params.width);
  workgroupBarrier();
  var squares = 0.0;
  for (var i = lane; i < params.width; i += 64u) {
    let centred = x[start + i] - mean;
    squares += centred * centred;
  }
  let scale = 1.0 / sqrt(workgroupSum(squares, lane) / f32(params.width) + params.eps);

  let modulation = ((params.firstRow + row) / params.rowsPerGroup) * params.chunks;
  let shiftStart = (modulation + params.shiftChunk) * params.width;
  let scaleStart = (modulation + params.scaleChunk) * params.width;
  for (var i = lane; i < params.width; i += 64u) {
    let normed = (x[start + i] - mean) * scale;
    y[start + i] = normed * (params.offset + affine[scaleStart + i]) + affine[shiftStart + i];
  }
}
