// y[row][column] = bias[column] + sum_k x[row][k] * weight[column][k] and what follows, as linear.wgsl, for cards that multiply f16 matrices
//
// Changes to linear.matrix.wgsl: the matrices are of 16 by 16 values in f16, summed in f32 (the tensor cores of NVIDIA and
// AMD), ROWS by COLUMNS of them in the registers of each of DOWN by ALONG subgroups. What the next step multiplies is
// fetched into registers while this one is multiplied. A value of x is scaled by 1/16 and becomes the sum of two in f16,
// so that two products keep what one would round away; where HALF one is made, of x rounded. The weight is in 16 bits.
// inFeatures is a multiple of 8, outFeatures of 4.
// Bindings: x [rows, inFeatures] of X_TYPE; weight [outFeatures, inFeatures], two 16-bit values to a word; bias f32
//   [outFeatures]; residual f32 [rows, outFeatures]; modulation f32 [frames, chunks, outFeatures]; y f32 [rows,
//   outFeatures].
// Grid: one workgroup of DOWN * ALONG * SUBGROUP invocations for each tile of DOWN * ROWS * 16 rows by ALONG * COLUMNS * 16
//   columns. Where subgroups are smaller than SUBGROUP there are more of them; those only load and store.
// Precision: x to 22 bits or 2^-20, whichever is coarser (f16 has no finer step), where HALF to 11 bits; a value of 2^20 or
//   more makes its row NaN or infinite, not wrong. f16 weights exact; bf16 weights exact from 2^-17 up, to 2^-25 below,
//   infinite from 65 520 on. Sums in f32, in an order and with a rounding of the card's own.
// Twin: reference/linear.ts

enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);

override SUBGROUP: u32; // lanes of the adapter's largest subgroup
override DOWN: u32; // subgroups
override ALONG: u32;
override ROWS: u32; // matrices of a subgroup, at most 4
override COLUMNS: u32;
override STEP: u32; // eights of k at a time
override AHEAD: u32; // 1: the next step is fetched while this one is multiplied
override HALF: u32; // 1: x is rounded to f16
override X_TYPE: u32; // 0 f32, 2 f16, which goes with HALF
override WEIGHT_TYPE: u32; // 1 bf16, 2 f16
override HAS_BIAS: u32;
override GELU: u32;
override RESIDUAL: u32; // 0 none, 1 added, 2 added behind a gate

override LANES: u32 = DOWN * ALONG * SUBGROUP;
override TALL: u32 = 16u * DOWN * ROWS; // the tile
override WIDE: u32 = 16u * ALONG * COLUMNS;
override PITCH: u32 = STEP + 1u; // cells from one line to the next; one is left free, for other banks
override LOW: u32 = TALL * PITCH; // where the lower parts of x begin, behind the higher ones
override WEIGHTS: u32 = (2u - HALF) * LOW; // and the weights behind those
override FETCHED_X: u32 = TALL * STEP / LANES; // cells that an invocation fetches a step, at most 8
override FETCHED_WEIGHTS: u32 = (WIDE * STEP + LANES - 1u) / LANES;

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
@group(0) @binding(1) var<storage, read> x: array<vec4u>;
@group(0) @binding(2) var<storage, read> weight: array<vec4u>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read> residual: array<vec4f>;
@group(0) @binding(5) var<storage, read> modulation: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;

alias Left = subgroup_matrix_left<f16, 16, 16>;
alias Right = subgroup_matrix_right<f16, 16, 16>;
alias Sum = subgroup_matrix_result<f32, 16, 16>;

const SCALE = 16.0;
const HIGH_BITS = 0xffffe000u; // of an f32, those that f16 has: compilers may take conversion there and back for nothing

struct Fetched {
  x: array<vec4u, 16>, // cells of 8 values in f16, or pairs of cells of 4 in f32
  weights: array<vec4u, 8>,
}

// Cells of 8 values in f16: lines of x (twice) and of weight; at the end of 4 sums in f32.
var<workgroup> tile: array<vec4u, max(WEIGHTS + WIDE * PITCH, 64u * DOWN * ALONG * COLUMNS)>;

fn halves(low: vec4f, high: vec4f) -> vec4u {
  return vec4u(pack2x16float(low.xy), pack2x16float(low.zw), pack2x16float(high.xy), pack2x16float(high.zw));
}

fn widened(low: vec2u) -> vec4f {
  return bitcast<vec4f>(vec4u(low.x << 16u, low.x & 0xffff0000u, low.y << 16u, low.y & 0xffff0000u));
}

@compute @workgroup_size(DOWN * ALONG * SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let columnTiles = (params.outFeatures + WIDE - 1u) / WIDE;
  let index = group.x + group.y * groups.x;
  let firstRow = (index / columnTiles) * TALL;
  let firstColumn = (index % columnTiles) * WIDE;
  if (firstRow >= params.rows) {
    return;
  }

  let multiplies = subgroup < DOWN * ALONG;
  let mine = subgroup % (DOWN * ALONG);
  let top = mine / ALONG * ROWS * 16u; // of what this subgroup makes
  let left = mine % ALONG * COLUMNS * 16u;
  var fetched: Fetched;
  var sums: array<array<Sum, 4>, 4>;
  if (AHEAD == 1u) {
    fetch(&fetched, firstRow, firstColumn, 0u, lane);
  }
  let steps = (params.inFeatures / 8u + STEP - 1u) / STEP;
  for (var turn = 0u; turn < steps; turn++) {
    if (AHEAD == 0u) {
      fetch(&fetched, firstRow, firstColumn, turn, lane);
    }
    keep(&fetched, lane);
    workgroupBarrier();
    if (AHEAD == 1u) {
      fetch(&fetched, firstRow, firstColumn, turn + 1u, lane);
    }
    if (multiplies) {
      for (var k = 0u; k < STEP / 2u; k++) {
        var columns: array<Right, 4>;
        for (var j = 0u; j < COLUMNS; j++) {
          let at = WEIGHTS + (left + 16u * j) * PITCH + 2u * k;
          columns[j] = subgroupMatrixLoad<Right, col_major>(&tile, at, PITCH);
        }
        for (var i = 0u; i < ROWS; i++) {
          let at = (top + 16u * i) * PITCH + 2u * k;
          let high = subgroupMatrixLoad<Left, row_major>(&tile, at, PITCH);
          if (HALF == 0u) {
            let low = subgroupMatrixLoad<Left, row_major>(&tile, LOW + at, PITCH);
            for (var j = 0u; j < COLUMNS; j++) {
              sums[i][j] = subgroupMatrixMultiplyAccumulate(low, columns[j], sums[i][j]);
            }
          }
          for (var j = 0u; j < COLUMNS; j++) {
            sums[i][j] = subgroupMatrixMultiplyAccumulate(high, columns[j], sums[i][j]);
          }
        }
      }
    }
    workgroupBarrier();
  }

  // Sixteen rows of each subgroup at a time go through workgroup memory.
  for (var i = 0u; i < ROWS; i++) {
    if (multiplies) {
      for (var j = 0u; j < COLUMNS; j++) {
        subgroupMatrixStore<row_major>(&tile, 64u * COLUMNS * mine + 4u * j, sums[i][j], 4u * COLUMNS);
      }
    }
    workgroupBarrier();
    for (var n = 0u; n < 64u * DOWN * ALONG * COLUMNS / LANES; n++) {
      let item = n * LANES + lane;
      let owner = item / (64u * COLUMNS);
      let row = firstRow + (owner / ALONG * ROWS + i) * 16u + item % (64u * COLUMNS) / (4u * COLUMNS);
      let column = firstColumn / 4u + owner % ALONG * COLUMNS * 4u + item % (4u * COLUMNS);
      store(row, column, bitcast<vec4f>(tile[item]));
    }
    workgroupBarrier();
  }
}

// What an invocation fetches of a step. Rows and columns past the end repeat the last one, and are not stored; what is past
// the end of k is 0.
fn fetch(fetched: ptr<function, Fetched>, firstRow: u32, firstColumn: u32, turn: u32, lane: u32) {
  let depth = params.inFeatures / 8u;
  for (var n = 0u; n < FETCHED_X; n++) {
    let item = n * LANES + lane;
    let k = turn * STEP + item % STEP;
    let at = min(firstRow + item / STEP, params.rows - 1u) * depth + min(k, depth - 1u);
    if (X_TYPE == 2u) {
      (*fetched).x[n] = select(vec4u(), x[at], k < depth);
    } else {
      (*fetched).x[2u * n] = select(vec4u(), x[2u * at], k < depth);
      (*fetched).x[2u * n + 1u] = select(vec4u(), x[2u * at + 1u], k < depth);
    }
  }
  for (var n = 0u; n < FETCHED_WEIGHTS; n++) {
    let item = n * LANES + lane;
    let k = turn * STEP + item % STEP;
    let at = min(firstColumn + item / STEP, params.outFeatures - 1u) * depth + min(k, depth - 1u);
    (*fetched).weights[n] = select(vec4u(), weight[at], k < depth);
  }
}

// Puts it into workgroup memory, in f16.
fn keep(fetched: ptr<function, Fetched>, lane: u32) {
  for (var n = 0u; n < FETCHED_X; n++) {
    let item = n * LANES + lane;
    let place = item / STEP * PITCH + item % STEP;
    if (X_TYPE == 2u) {
      tile[place] = (*fetched).x[n];
    } else {
      let first = bitcast<vec4f>((*fetched).x[2u * n]) / SCALE;
      let second = bitcast<vec4f>((*fetched).x[2u * n + 1u]) / SCALE;
      if (HALF == 1u) {
        tile[place] = halves(first, second);
      } else {
        let firstHigh = bitcast<vec4f>(bitcast<vec4u>(first) & vec4u(HIGH_BITS));
        let secondHigh = bitcast<vec4f>(bitcast<vec4u>(second) & vec4u(HIGH_BITS));
        tile[place] = halves(firstHigh, secondHigh);
        tile[LOW + place] = halves(first - firstHigh, second - secondHigh);
      }
    }
  }
  for (var n = 0u; n < FETCHED_WEIGHTS; n++) {
    let item = n * LANES + lane;
    let pairs = (*fetched).weights[n];
    let narrowed = select(pairs, halves(widened(pairs.xy), widened(pairs.zw)), WEIGHT_TYPE == 1u);
    if (item < WIDE * STEP) {
      tile[WEIGHTS + item / STEP * PITCH + item % STEP] = narrowed;
    }
  }
}

// Four columns of a row, by their number in fours.
fn store(row: u32, column: u32, sum: vec4f) {
  let width = params.outFeatures / 4u;
  if (row >= params.rows || column >= width) {
    return;
  }
  var value = sum;
  if (X_TYPE == 0u) {
    value *= SCALE;
  }
  if (HAS_BIAS == 1u) {
    value += bias[column];
  }
  if (GELU == 1u) {
    value *= 1.0 / (1.0 + exp(-1.5957691216057308 * (value + 0.044715 * value * value * value)));
  }
  let at = row * width + column;
  if (RESIDUAL == 1u) {
    value += residual[at];
  }
  if (RESIDUAL == 2u) {
    let frame = (params.firstRow + row) / params.rowsPerFrame;
    value = residual[at] + value * modulation[(frame * params.chunks + params.gateChunk) * width + column];
  }
  y[at] = value;
}
