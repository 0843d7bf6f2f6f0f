// y[row][column] = bias[column] + sum_k x[row][k] * weight[column][k], as linear.wgsl, for cards that multiply f16 matrices
//
// Changes to linear.matrix.wgsl: the matrices are of 16 by 16 values in f16, summed in f32 (the tensor cores of NVIDIA and
// AMD). A value of x becomes the sum of two in f16, scaled by 1/16 before and the sums by 16 after, so that two products
// keep what one would round away. The weight is in 16 bits. inFeatures is a multiple of 4.
// Bindings: x f32 [rows, inFeatures]; weight [outFeatures, inFeatures], two 16-bit values to a word; bias f32
//   [outFeatures]; y f32 [rows, outFeatures].
// Grid: one workgroup of 4 * SUBGROUP invocations for each tile of 64 rows by 64 columns. Where subgroups are smaller than
//   SUBGROUP there are more than four; they only load and store.
// Precision: x to 22 bits or 2^-20, whichever is coarser (f16 has no finer step); a value of 2^20 or more makes its row NaN
//   or infinite, not wrong. f16 weights exact; bf16 weights exact from 2^-17 up, to 2^-25 below, infinite from 65 520 on.
//   Sums in f32, in an order and with a rounding of the card's own.
// Twin: reference/linear.ts

enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;

override SUBGROUP: u32; // lanes of the adapter's largest subgroup
override WEIGHT_TYPE: u32; // 1 bf16, 2 f16
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

alias Left = subgroup_matrix_left<f16, 16, 16>;
alias Right = subgroup_matrix_right<f16, 16, 16>;
alias Sum = subgroup_matrix_result<f32, 16, 16>;

const STEP = 32u; // of k at a time
const SCALE = 16.0;
const HIGH_BITS = 0xffffe000u; // of an f32, those that f16 has: compilers may take conversion there and back for nothing
const LOW = 64u * STEP; // where the lower parts of x begin, behind the higher ones
const WEIGHTS = 128u * STEP; // and the weights behind those

var<workgroup> tile: array<f16, 6144>; // 64 lines of x twice and of weight, 32 of k each
var<workgroup> out: array<f32, 1024>; // 16 by 16 sums of each of four subgroups

// Four weights that follow one another in k.
fn weightAt(index: u32) -> vec4<f16> {
  let pair = weight[index];
  if (WEIGHT_TYPE == 1u) {
    return vec4<f16>(bitcast<vec4f>(vec4u(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u)));
  }
  return bitcast<vec4<f16>>(pair);
}

// Where the matrix that begins at a line and at k lies: 256 values, 16 lines of 16.
fn matrixAt(line: u32, k: u32) -> u32 {
  return (line / 16u) * 16u * STEP + (k / 16u) * 256u;
}

fn put(at: u32, values: vec4<f16>) {
  tile[at] = values.x;
  tile[at + 1u] = values.y;
  tile[at + 2u] = values.z;
  tile[at + 3u] = values.w;
}

// Each of four subgroups stores a matrix of its quarter, `down` and `along` from the quarter's corner.
fn store(sum: Sum, down: u32, along: u32, firstRow: u32, firstColumn: u32, lane: u32, subgroup: u32) {
  if (subgroup < 4u) {
    subgroupMatrixStore<row_major>(&out, 256u * subgroup, sum, 16u);
  }
  workgroupBarrier();
  for (var i = lane; i < 1024u; i += 4u * SUBGROUP) {
    let quarter = i / 256u;
    let row = firstRow + 32u * (quarter / 2u) + down + i % 256u / 16u;
    let column = firstColumn + 32u * (quarter % 2u) + along + i % 16u;
    if (row < params.rows && column < params.outFeatures) {
      var value = SCALE * out[i];
      if (HAS_BIAS == 1u) {
        value += bias[column];
      }
      y[row * params.outFeatures + column] = value;
    }
  }
  workgroupBarrier();
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
  var sums: array<array<Sum, 2>, 2>;
  for (var k = 0u; k < depth; k += STEP / 4u) {
    for (var i = lane; i < 64u * STEP / 4u; i += 4u * SUBGROUP) {
      let line = i / (STEP / 4u);
      let vector = i % (STEP / 4u);
      let at = min(k + vector, depth - 1u);
      let hasX = k + vector < depth && firstRow + line < params.rows;
      let hasWeight = k + vector < depth && firstColumn + line < params.outFeatures;
      let row = min(firstRow + line, params.rows - 1u);
      let column = min(firstColumn + line, params.outFeatures - 1u);
      let place = matrixAt(line, 4u * vector) + 16u * (line % 16u) + 4u * (vector % 4u);
      let values = select(vec4f(), x[row * depth + at] / SCALE, hasX);
      let high = bitcast<vec4f>(bitcast<vec4u>(values) & vec4u(HIGH_BITS));
      put(place, vec4<f16>(high));
      put(LOW + place, vec4<f16>(values - high));
      put(WEIGHTS + place, select(vec4<f16>(), weightAt(column * depth + at), hasWeight));
    }
    workgroupBarrier();
    if (subgroup < 4u) {
      for (var step = 0u; step < STEP; step += 16u) {
        for (var j = 0u; j < 2u; j++) {
          let columns = subgroupMatrixLoad<Right, col_major>(&tile, WEIGHTS + matrixAt(left + 16u * j, step), 16u);
          for (var i = 0u; i < 2u; i++) {
            let rows = matrixAt(top + 16u * i, step);
            let high = subgroupMatrixLoad<Left, row_major>(&tile, rows, 16u);
            let low = subgroupMatrixLoad<Left, row_major>(&tile, LOW + rows, 16u);
            sums[i][j] = subgroupMatrixMultiplyAccumulate(low, columns, sums[i][j]);
            sums[i][j] = subgroupMatrixMultiplyAccumulate(high, columns, sums[i][j]);
          }
        }
      }
    }
    workgroupBarrier();
  }

  store(sums[0][0], 0u, 0u, firstRow, firstColumn, lane, subgroup);
  store(sums[0][1], 0u, 16u, firstRow, firstColumn, lane, subgroup);
  store(sums[1][0], 16u, 0u, firstRow, firstColumn, lane, subgroup);
  store(sums[1][1], 16u, 16u, firstRow, firstColumn, lane, subgroup);
}
