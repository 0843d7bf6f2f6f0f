// y[row][column] = bias[column] + sum_k x[row][k] * weight[column][k] and what follows, as linear.wgsl, for cards that multiply f16 matrices
//
// Changes to linear.matrix.wgsl: the matrices are of 16 by 16 values in f16, summed in f32 (the tensor cores of NVIDIA and
// AMD), ROWS by COLUMNS of them in the registers of each of DOWN by ALONG subgroups: each a variable of its own, as NVIDIA's
// compiler leaves arrays of them in memory. What the next step multiplies is fetched while this one is multiplied, and kept
// in another buffer where there are two. A value of x is scaled by 1/16 and becomes the sum of two in f16, so that two
// products keep what one would round away; where HALF one is made, of x rounded. The weight is in 16 bits. inFeatures is a
// multiple of 8, outFeatures of 4.
// Bindings: x [rows, inFeatures] of X_TYPE; weight [outFeatures, inFeatures], two 16-bit values to a word; bias f32
//   [outFeatures]; residual f32 [rows, outFeatures]; modulation f32 [frames, chunks, outFeatures]; y f32 [rows,
//   outFeatures].
// Grid: one workgroup of DOWN * ALONG * SUBGROUP invocations for each tile of DOWN * ROWS * 16 rows by ALONG * COLUMNS * 16
//   columns. Where subgroups are smaller than SUBGROUP there are more of them; those only load and store.
// Precision: x to 22 bits or 2^-20, whichever is coarser (f16 has no finer step), where HALF to 11 bits; a value of 2^20 or
//   more makes its row NaN or infinite, not wrong. f16 weights exact; bf16 weights exact from 2^-17 up, to 2^-25 below,
//   infinite from 65 520 on. Sums in f32, in an order and with a rounding of the card's own.
// Twin: linear.twin.ts

enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);

override SUBGROUP: u32; // lanes of the adapter's largest subgroup
override EVEN: u32; // 1: all subgroups have as many
override DOWN: u32; // subgroups
override ALONG: u32;
override ROWS: u32; // matrices of a subgroup, 2 to 4
override COLUMNS: u32;
override STEP: u32; // eights of k at a time
override BUFFERS: u32; // 2: a step is kept while the one before is multiplied
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
override SIZE: u32 = WEIGHTS + WIDE * PITCH; // of a buffer
override LINES: u32 = LANES / STEP; // a cell of each is fetched at once
override NEXT: u32 = LINES * PITCH; // from a cell that an invocation keeps to its next
override FETCHED_X: u32 = TALL * STEP / LANES; // cells that an invocation fetches a step: 1, 2 or 4
override FETCHED_WEIGHTS: u32 = WIDE * STEP / LANES;

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

// Eight values of x, as they lie in its buffer.
struct Cell {
  first: vec4u, // all of them in f16, four in f32
  second: vec4u,
}

// Cells of 8 values in f16: lines of x (twice) and of weight; at the end of 4 sums in f32.
var<workgroup> tile: array<vec4u, max(BUFFERS * SIZE, 64u * DOWN * ALONG * COLUMNS)>;

// Passage: eight in f16
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

  let multiplies = EVEN == 1u || subgroup < DOWN * ALONG;
  let mine = subgroup % (DOWN * ALONG);
  let top = mine / ALONG * ROWS * 16u * PITCH; // of what this subgroup makes
  let left = WEIGHTS + mine % ALONG * COLUMNS * 16u * PITCH;
  let line = lane / STEP; // the first that this invocation fetches cells of
  let place = line * PITCH + lane % STEP;
  let depth = params.inFeatures / 8u;
  // Rows and columns past the end repeat the last one, and are not stored.
  let row0 = min(firstRow + line, params.rows - 1u) * depth;
  let row1 = min(firstRow + line + LINES, params.rows - 1u) * depth;
  let row2 = min(firstRow + line + 2u * LINES, params.rows - 1u) * depth;
  let row3 = min(firstRow + line + 3u * LINES, params.rows - 1u) * depth;
  let column0 = min(firstColumn + line, params.outFeatures - 1u) * depth;
  let column1 = min(firstColumn + line + LINES, params.outFeatures - 1u) * depth;
  let column2 = min(firstColumn + line + 2u * LINES, params.outFeatures - 1u) * depth;
  let column3 = min(firstColumn + line + 3u * LINES, params.outFeatures - 1u) * depth;
  var x0: Cell; var x1: Cell; var x2: Cell; var x3: Cell;
  var w0: vec4u; var w1: vec4u; var w2: vec4u; var w3: vec4u;
  var c00: Sum; var c01: Sum; var c02: Sum; var c03: Sum;
  var c10: Sum; var c11: Sum; var c12: Sum; var c13: Sum;
  var c20: Sum; var c21: Sum; var c22: Sum; var c23: Sum;
  var c30: Sum; var c31: Sum; var c32: Sum; var c33: Sum;
  let steps = (depth + STEP - 1u) / STEP;
  for (var turn = 0u; turn <= steps; turn++) {
    let k = turn * STEP + lane % STEP;
    if (k < depth) {
      x0 = cellAt(row0 + k);
      w0 = weight[column0 + k];
      if (FETCHED_X > 1u) { x1 = cellAt(row1 + k); }
      if (FETCHED_WEIGHTS > 1u) { w1 = weight[column1 + k]; }
      if (FETCHED_X > 2u) { x2 = cellAt(row2 + k); x3 = cellAt(row3 + k); }
      if (FETCHED_WEIGHTS > 2u) { w2 = weight[column2 + k]; w3 = weight[column3 + k]; }
    } else { // past the end of k weights are 0, and x is what it was
      w0 = vec4u(); w1 = vec4u(); w2 = vec4u(); w3 = vec4u();
    }
    if (multiplies && turn > 0u) {
      let buffer = (turn + 1u) % BUFFERS * SIZE;
      for (var n = 0u; n < (2u - HALF) * STEP / 2u; n++) { // higher parts of x, then lower ones
        let a = buffer + n / (STEP / 2u) * LOW + top + n % (STEP / 2u) * 2u;
        let b = buffer + left + n % (STEP / 2u) * 2u;
        // Passage: products of matrices
        let b0 = subgroupMatrixLoad<Right, col_major>(&tile, b, PITCH);
        let b1 = subgroupMatrixLoad<Right, col_major>(&tile, b + 16u * PITCH, PITCH);
        var b2: Right;
        var b3: Right;
        if (COLUMNS > 2u) { b2 = subgroupMatrixLoad<Right, col_major>(&tile, b + 32u * PITCH, PITCH); }
        if (COLUMNS > 3u) { b3 = subgroupMatrixLoad<Right, col_major>(&tile, b + 48u * PITCH, PITCH); }
        let a0 = subgroupMatrixLoad<Left, row_major>(&tile, a, PITCH);
        c00 = subgroupMatrixMultiplyAccumulate(a0, b0, c00);
        c01 = subgroupMatrixMultiplyAccumulate(a0, b1, c01);
        if (COLUMNS > 2u) { c02 = subgroupMatrixMultiplyAccumulate(a0, b2, c02); }
        if (COLUMNS > 3u) { c03 = subgroupMatrixMultiplyAccumulate(a0, b3, c03); }
        let a1 = subgroupMatrixLoad<Left, row_major>(&tile, a + 16u * PITCH, PITCH);
        c10 = subgroupMatrixMultiplyAccumulate(a1, b0, c10);
        c11 = subgroupMatrixMultiplyAccumulate(a1, b1, c11);
        if (COLUMNS > 2u) { c12 = subgroupMatrixMultiplyAccumulate(a1, b2, c12); }
        if (COLUMNS > 3u) { c13 = subgroupMatrixMultiplyAccumulate(a1, b3, c13); }
        if (ROWS > 2u) {
          let a2 = subgroupMatrixLoad<Left, row_major>(&tile, a + 32u * PITCH, PITCH);
          c20 = subgroupMatrixMultiplyAccumulate(a2, b0, c20);
          c21 = subgroupMatrixMultiplyAccumulate(a2, b1, c21);
          if (COLUMNS > 2u) { c22 = subgroupMatrixMultiplyAccumulate(a2, b2, c22); }
          if (COLUMNS > 3u) { c23 = subgroupMatrixMultiplyAccumulate(a2, b3, c23); }
        }
        if (ROWS > 3u) {
          let a3 = subgroupMatrixLoad<Left, row_major>(&tile, a + 48u * PITCH, PITCH);
          c30 = subgroupMatrixMultiplyAccumulate(a3, b0, c30);
          c31 = subgroupMatrixMultiplyAccumulate(a3, b1, c31);
          if (COLUMNS > 2u) { c32 = subgroupMatrixMultiplyAccumulate(a3, b2, c32); }
          if (COLUMNS > 3u) { c33 = subgroupMatrixMultiplyAccumulate(a3, b3, c33); }
        }
      }
    }
    if (BUFFERS == 1u) {
      workgroupBarrier();
    }
    if (turn < steps) {
      let to = turn % BUFFERS * SIZE + place;
      keep(to, x0);
      keepWeight(to, w0);
      if (FETCHED_X > 1u) { keep(to + NEXT, x1); }
      if (FETCHED_WEIGHTS > 1u) { keepWeight(to + NEXT, w1); }
      if (FETCHED_X > 2u) { keep(to + 2u * NEXT, x2); keep(to + 3u * NEXT, x3); }
      if (FETCHED_WEIGHTS > 2u) { keepWeight(to + 2u * NEXT, w2); keepWeight(to + 3u * NEXT, w3); }
    }
    workgroupBarrier();
  }

  // Sixteen rows of each subgroup at a time go through workgroup memory.
  let at = 64u * COLUMNS * mine;
  if (multiplies) {
    subgroupMatrixStore<row_major>(&tile, at, c00, 4u * COLUMNS);
    subgroupMatrixStore<row_major>(&tile, at + 4u, c01, 4u * COLUMNS);
    if (COLUMNS > 2u) { subgroupMatrixStore<row_major>(&tile, at + 8u, c02, 4u * COLUMNS); }
    if (COLUMNS > 3u) { subgroupMatrixStore<row_major>(&tile, at + 12u, c03, 4u * COLUMNS); }
  }
  deliver(0u, firstRow, firstColumn, lane);
  if (multiplies) {
    subgroupMatrixStore<row_major>(&tile, at, c10, 4u * COLUMNS);
    subgroupMatrixStore<row_major>(&tile, at + 4u, c11, 4u * COLUMNS);
    if (COLUMNS > 2u) { subgroupMatrixStore<row_major>(&tile, at + 8u, c12, 4u * COLUMNS); }
    if (COLUMNS > 3u) { subgroupMatrixStore<row_major>(&tile, at + 12u, c13, 4u * COLUMNS); }
  }
  deliver(1u, firstRow, firstColumn, lane);
  if (ROWS > 2u) {
    if (multiplies) {
      subgroupMatrixStore<row_major>(&tile, at, c20, 4u * COLUMNS);
      subgroupMatrixStore<row_major>(&tile, at + 4u, c21, 4u * COLUMNS);
      if (COLUMNS > 2u) { subgroupMatrixStore<row_major>(&tile, at + 8u, c22, 4u * COLUMNS); }
      if (COLUMNS > 3u) { subgroupMatrixStore<row_major>(&tile, at + 12u, c23, 4u * COLUMNS); }
    }
    deliver(2u, firstRow, firstColumn, lane);
  }
  if (ROWS > 3u) {
    if (multiplies) {
      subgroupMatrixStore<row_major>(&tile, at, c30, 4u * COLUMNS);
      subgroupMatrixStore<row_major>(&tile, at + 4u, c31, 4u * COLUMNS);
      if (COLUMNS > 2u) { subgroupMatrixStore<row_major>(&tile, at + 8u, c32, 4u * COLUMNS); }
      if (COLUMNS > 3u) { subgroupMatrixStore<row_major>(&tile, at + 12u, c33, 4u * COLUMNS); }
    }
    deliver(3u, firstRow, firstColumn, lane);
  }
}

fn cellAt(index: u32) -> Cell {
  if (X_TYPE == 2u) {
    return Cell(x[index], vec4u());
  }
  return Cell(x[2u * index], x[2u * index + 1u]);
}

// Puts values of x into workgroup memory, in f16.
fn keep(to: u32, cell: Cell) {
  if (X_TYPE == 2u) {
    tile[to] = cell.first;
    return;
  }
  let first = bitcast<vec4f>(cell.first) / SCALE;
  let second = bitcast<vec4f>(cell.second) / SCALE;
  if (HALF == 1u) {
    tile[to] = halves(first, second);
    return;
  }
  let firstHigh = bitcast<vec4f>(cell.first & vec4u(HIGH_BITS)) / SCALE;
  let secondHigh = bitcast<vec4f>(cell.second & vec4u(HIGH_BITS)) / SCALE;
  tile[to] = halves(firstHigh, secondHigh);
  tile[LOW + to] = halves(first - firstHigh, second - secondHigh);
}

fn keepWeight(to: u32, pairs: vec4u) {
  if (WEIGHT_TYPE == 1u) {
    tile[WEIGHTS + to] = halves(widened(pairs.xy), widened(pairs.zw));
  } else {
    tile[WEIGHTS + to] = pairs;
  }
}

// Stores what subgroups have put into workgroup memory: 16 rows of each, their `i`th.
fn deliver(i: u32, firstRow: u32, firstColumn: u32, lane: u32) {
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
