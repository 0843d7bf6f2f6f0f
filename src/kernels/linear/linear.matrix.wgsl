// y[row][column] = bias[column] + sum_k x[row][k] * weight[column][k], as linear.wgsl, for cards that multiply f32 matrices
//
// Changes to linear.tiled.wgsl: the products of a tile are made by the card's own matrix units, of 8 by 8 values (Apple's
// simdgroup matrices), each of which a subgroup holds together. A workgroup makes 64 rows by 64 columns from 32 of k at a
// time; each of its first four subgroups makes a quarter. The values of one matrix lie together in workgroup memory, so
// that its rows are in different banks. Past the ends of x and weight there is 0. inFeatures is a multiple of 4.
// Bindings: x f32 [rows, inFeatures]; weight [outFeatures, inFeatures], f32 or two 16-bit values to a word; bias f32
//   [outFeatures]; y f32 [rows, outFeatures].
// Grid: one workgroup of 4 * SUBGROUP invocations for each tile of 64 rows by 64 columns. Where subgroups are smaller than
//   SUBGROUP there are more than four; they only load and store.
// Precision: products and sums in f32, in an order of the card's own; weights widened from 16 bits exactly.
// Twin: linear.twin.ts

enable subgroups;
enable chromium_experimental_subgroup_matrix;

override SUBGROUP: u32; // lanes of the adapter's largest subgroup
override WEIGHT_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override HAS_BIAS: u32;

struct Params {
  rows: u32,
  inFeatures: u32,
  outFeatures: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec2u>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

alias Left = subgroup_matrix_left<f32, 8, 8>;
alias Right = subgroup_matrix_right<f32, 8, 8>;
alias Sum = subgroup_matrix_result<f32, 8, 8>;

const STEP = 32u; // of k at a time
const WEIGHTS = 64u * STEP; // where the weights begin, behind the values of x

var<workgroup> tile: array<f32, 4096>; // 64 lines of x and of weight, 32 of k each; then 64 rows of 64 sums

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

// Where the matrix that begins at a line and at k lies: 64 values, 8 lines of 8.
fn matrixAt(line: u32, k: u32) -> u32 {
  return (line / 8u) * 8u * STEP + (k / 8u) * 64u;
}

fn put(at: u32, values: vec4f) {
  tile[at] = values.x;
  tile[at + 1u] = values.y;
  tile[at + 2u] = values.z;
  tile[at + 3u] = values.w;
}

@compute @workgroup_size(4u * SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let columnTiles = (params.outFeatures + 63u) / 64u;
  let index = group.x + group.y * groups.x;
  let firstRow = (index / columnTiles) * 64u;
  let firstColumn = (index % columnTiles) * 64u;
  if (firstRow >= params.rows) {
    return;
  }

  let depth = params.inFeatures / 4u;
  let top = 32u * (subgroup / 2u); // of the quarter that this subgroup makes
  let left = 32u * (subgroup % 2u);
  var sums: array<array<Sum, 4>, 4>;
  for (var k = 0u; k < depth; k += STEP / 4u) {
    for (var i = lane; i < 64u * STEP / 4u; i += 4u * SUBGROUP) {
      let line = i / (STEP / 4u);
      let vector = i % (STEP / 4u);
      let at = min(k + vector, depth - 1u);
      let hasX = k + vector < depth && firstRow + line < params.rows;
      let hasWeight = k + vector < depth && firstColumn + line < params.outFeatures;
      let row = min(firstRow + line, params.rows - 1u);
      let column = min(firstColumn + line, params.outFeatures - 1u);
      let place = matrixAt(line, 4u * vector) + 8u * (line % 8u) + 4u * (vector % 2u);
      put(place, select(vec4f(), x[row * depth + at], hasX));
      put(WEIGHTS + place, select(vec4f(), weightAt(column * depth + at), hasWeight));
    }
    workgroupBarrier();
    if (subgroup < 4u) {
      for (var step = 0u; step < STEP; step += 8u) {
        var rows: array<Left, 4>;
        for (var i = 0u; i < 4u; i++) {
          rows[i] = subgroupMatrixLoad<Left, row_major>(&tile, matrixAt(top + 8u * i, step), 8u);
        }
        for (var j = 0u; j < 4u; j++) {
          let columns = subgroupMatrixLoad<Right, col_major>(&tile, WEIGHTS + matrixAt(left + 8u * j, step), 8u);
          for (var i = 0u; i < 4u; i++) {
            sums[i][j] = subgroupMatrixMultiplyAccumulate(rows[i], columns, sums[i][j]);
          }
        }
      }
    }
    workgroupBarrier();
  }

  if (subgroup < 4u) {
    for (var i = 0u; i < 4u; i++) {
      for (var j = 0u; j < 4u; j++) {
        subgroupMatrixStore<row_major>(&tile, (top + 8u * i) * 64u + left + 8u * j, sums[i][j], 64u);
      }
    }
  }
  workgroupBarrier();
  for (var i = lane; i < 4096u; i += 4u * SUBGROUP) {
    let row = firstRow + i / 64u;
    let column = firstColumn + i % 64u;
    if (row < params.rows && column < params.outFeatures) {
      var value = tile[i];
      if (HAS_BIAS == 1u) {
        value += bias[column];
      }
      y[row * params.outFeatures + column] = value;
    }
  }
}
