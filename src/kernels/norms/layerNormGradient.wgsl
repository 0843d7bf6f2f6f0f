// The gradient with respect to x, from the gradient `cotangent` with respect to what layerNorm.wgsl makes of it:
//   normed[i] = (x[row][i] - mean) * scale, scale = 1 / sqrt(variance + eps)
//   inner[i] = cotangent[row][i] * (offset + scale chunk[i])
//   y[row][i] = scale * (inner[i] - mean_j inner[j] - normed[i] * mean_j inner[j] * normed[j])
//
// The chunk is that of the row's group, as in layerNorm.wgsl.
// Bindings: x f32 [rows, width]; affine f32 [groups, chunks, width]; cotangent, y f32 [rows, width].
// Grid: one workgroup of 64 invocations for each row.
// Precision: f32; the variance is summed around the mean in a second pass.
// Twin: layerNormGradient.twin.ts

struct Params {
  firstRow: u32, // of the whole tensor, where this launch is a piece of it
  rows: u32,
  width: u32,
  rowsPerGroup: u32,
  chunks: u32,
  scaleChunk: u32,
  offset: f32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> affine: array<f32>;
@group(0) @binding(3) var<storage, read> cotangent: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

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
  let gains = ((params.firstRow + row) / params.rowsPerGroup * params.chunks + params.scaleChunk) * params.width;
  var sum = 0.0;
  for (var i = lane; i < params.width; i += 64u) {
    sum += x[start + i];
  }
  let mean = workgroupSum(sum, lane) / f32(params.width);
  var squares = 0.0;
  var inners = 0.0;
  var products = 0.0;
  for (var i = lane; i < params.width; i += 64u) {
    let centred = x[start + i] - mean;
    let inner = cotangent[start + i] * (params.offset + affine[gains + i]);
    squares += centred * centred;
    inners += inner;
    products += inner * centred;
  }
  workgroupBarrier();
  let scale = 1.0 / sqrt(workgroupSum(squares, lane) / f32(params.width) + params.eps);
  workgroupBarrier();
  let shift = workgroupSum(inners, lane) / f32(params.width);
  workgroupBarrier();
  let along = scale * scale * workgroupSum(products, lane) / f32(params.width); // of what is centred, not yet normed
  for (var i = lane; i < params.width; i += 64u) {
    let inner = cotangent[start + i] * (params.offset + affine[gains + i]);
    y[start + i] = scale * (inner - shift - (x[start + i] - mean) * along);
  }
}
