// y[row][column] = bias[column] + sum_k x[row][k] * weight[column][k], then, by choice, its gelu as in elementwise.wgsl, and
// residual[row][column] + it, or residual[row][column] + it * gate[column] as in gatedResidual.wgsl
//
// Bindings: x f32 [rows, inFeatures]; weight [outFeatures, inFeatures], f32 or two 16-bit values to a word; bias f32
//   [outFeatures]; residual f32 [rows, outFeatures]; modulation f32 [frames, chunks, outFeatures]; y f32 [rows,
//   outFeatures].
// Grid: one workgroup for each tile of 32 rows by 32 columns; each of its 64 invocations makes 4 rows by 4 columns.
// Precision: products and sums in f32, in the order of k; weights widened from 16 bits exactly.
// Twin: linear.twin.ts

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
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read> modulation: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

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

fn weightAt(index: u32) -> f32 {
  return widened(weight[wordOf(WEIGHT_TYPE, index)], WEIGHT_TYPE, index);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let columnTiles = (params.outFeatures + 31u) / 32u;
  let tile = group.x + group.y * groups.x;
  let row = (tile / columnTiles) * 32u + (lane / 8u) * 4u;
  let column = (tile % columnTiles) * 32u + (lane % 8u) * 4u;
  if (row >= params.rows || column >= params.outFeatures) {
    return;
  }

  // Rows and columns past the end repeat the last one; their sums are not stored.
  let depth = params.inFeatures;
  let lastRow = params.rows - 1u;
  let lastColumn = params.outFeatures - 1u;
  let x0 = min(row, lastRow) * depth;
  let x1 = min(row + 1u, lastRow) * depth;
  let x2 = min(row + 2u, lastRow) * depth;
  let x3 = min(row + 3u, lastRow) * depth;
  let w0 = min(column, lastColumn) * depth;
  let w1 = min(column + 1u, lastColumn) * depth;
  let w2 = min(column + 2u, lastColumn) * depth;
  let w3 = min(column + 3u, lastColumn) * depth;

  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var k = 0u; k < depth; k++) {
    let w = vec4f(weightAt(w0 + k), weightAt(w1 + k), weightAt(w2 + k), weightAt(w3 + k));
    sum0 += x[x0 + k] * w;
    sum1 += x[x1 + k] * w;
    sum2 += x[x2 + k] * w;
    sum3 += x[x3 + k] * w;
  }

  for (var j = 0u; j < 4u; j++) {
    store(row, column + j, sum0[j]);
    store(row + 1u, column + j, sum1[j]);
    store(row + 2u, column + j, sum2[j]);
    store(row + 3u, column + j, sum3[j]);
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
