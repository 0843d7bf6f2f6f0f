// y[row][column] = bias[column] + sum_k x[row][k] * weight[column][k] and what follows, as linear.wgsl, for few rows on
// graphics cards
//
// Changes to linear.tiled.wgsl: with few rows the weight is read and hardly used again, so a tile in workgroup memory gains
// nothing. The invocations of a workgroup share out k for the same 4 columns: neighbours read neighbouring weights. Their
// sums meet in workgroup memory, whose rows are 65 vectors apart, so that 32 invocations read 32 different banks.
// inFeatures is a multiple of 4.
// Bindings: x f32 [rows, inFeatures]; weight [outFeatures, inFeatures], f32 or two 16-bit values to a word; bias f32
//   [outFeatures]; residual f32 [rows, outFeatures]; modulation f32 [frames, chunks, outFeatures]; y f32 [rows,
//   outFeatures].
// Grid: one workgroup of 64 invocations for each tile of ROWS rows by 4 columns.
// Precision: products and sums in f32, every 64th four of k in an invocation; weights widened from 16 bits exactly.
// Twin: linear.twin.ts

override ROWS: u32; // of a tile: 1 to 8
override WEIGHT_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override HAS_BIAS: u32;
override GELU: u32;
override RESIDUAL: u32; // 0 none, 1 added, 2 added behind a gate

// Passage: the parameters of linear
struct Params {
  rows: u32,
  inFeatures: u32,
  outFeatures: u32,
  firstRow: u32, // of the whole tensor, where this launch is a piece of it
  rowsPerFrame: u32,
  chunks: u32,
  gateChunk: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec2u>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read> modulation: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

const PITCH = 65u; // from the sums of one row in workgroup memory to those of the next

var<workgroup> partial: array<vec4f, 8u * PITCH>;

// Passage: four of 16 bits
// Four elements that follow one another, bf16 where `kind` is 1, else f16, as f32.
fn fourOf(pair: vec2u, kind: u32) -> vec4f {
  if (kind == 1u) {
    return bitcast<vec4f>(vec4u(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u));
  }
  return vec4f(unpack2x16float(pair.x), unpack2x16float(pair.y));
}

// Passage: four weights
// Four weights that follow one another in k.
fn weightAt(index: u32) -> vec4f {
  if (WEIGHT_TYPE == 0u) {
    return bitcast<vec4f>(vec4u(weight[2u * index], weight[2u * index + 1u]));
  }
  return fourOf(weight[index], WEIGHT_TYPE);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let columnTiles = (params.outFeatures + 3u) / 4u;
  let tile = group.x + group.y * groups.x;
  let row = (tile / columnTiles) * ROWS;
  let column = (tile % columnTiles) * 4u;
  if (row >= params.rows) {
    return;
  }

  // Rows and columns past the end repeat the last one; their sums are not stored.
  let depth = params.inFeatures / 4u;
  let lastRow = params.rows - 1u;
  let lastColumn = params.outFeatures - 1u;
  let w1 = min(column + 1u, lastColumn) * depth;
  let w2 = min(column + 2u, lastColumn) * depth;
  let w3 = min(column + 3u, lastColumn) * depth;
  var sums: array<vec4f, 8>;
  for (var k = lane; k < depth; k += 64u) {
    let weights = mat4x4f(weightAt(column * depth + k), weightAt(w1 + k), weightAt(w2 + k), weightAt(w3 + k));
    for (var i = 0u; i < ROWS; i++) {
      sums[i] += x[min(row + i, lastRow) * depth + k] * weights;
    }
  }
  for (var i = 0u; i < ROWS; i++) {
    partial[i * PITCH + lane] = sums[i];
  }
  workgroupBarrier();

  if (lane < 4u * ROWS) {
    var sum = 0.0;
    for (var i = 0u; i < 64u; i++) {
      sum += partial[(lane / 4u) * PITCH + i][lane % 4u];
    }
    store(row + lane / 4u, column + lane % 4u, sum);
  }
}

// Passage: the end of linear
fn store(row: u32, column: u32, sum: f32) {
  if (row >= params.rows || column >= params.outFeatures) {
    return;
  }
  var value = sum;
  if (HAS_BIAS == 1u) {
    value += bias[column];
  }
  if (GELU == 1u) {
    value *= 1.0 / (1.0 + exp(-1.5957691216057308 * (value + 0.044715 * value * value * value)));
  }
  let at = row * params.outFeatures + column;
  if (RESIDUAL == 1u) {
    value += residual[at];
  }
  if (RESIDUAL == 2u) {
    let frame = (params.firstRow + row) / params.rowsPerFrame;
    value = residual[at] + value * modulation[(frame * params.chunks + params.gateChunk) * params.outFeatures + column];
  }
  y[at] = value;
}
