// y[t][row][column][o] = bias[o] + sum_{ky, kx, c} weight[o][ky][kx][c] * input[t][row * s + ky - p][column * s + kx - p][c]
//
// The input, its borders, s and p are those of conv2d.wgsl. Changes for cards that multiply f16 matrices: those of
// causalConv3d.matrix.wgsl. inChannels is a multiple of 8, outChannels of 4.
// Bindings: x f16 [frames, height, width, parts * inChannels] and weight [outChannels, 3, 3, inChannels], two 16-bit values to a
//   word; bias f32 [outChannels]; y f32 [rows, outWidth, outChannels], picture rows firstRow and on of all.
// Grid: one workgroup of DOWN * ALONG * SUBGROUP invocations for each tile of DOWN * ROWS * 16 pixels of a picture by ALONG *
//   COLUMNS * 16 output channels; all tiles of the pictures that have bound rows. Where subgroups are smaller than SUBGROUP
//   there are more of them; those only load and store.
// Precision: the input in f16 and f16 weights exact; bf16 weights exact from 2^-17 up, to 2^-25 below, infinite from 65 520
//   on. Sums in f32, in an order and with a rounding of the card's own.
// Twin: convs.twin.ts

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
override STEP: u32; // eights of input channels at a time
override BUFFERS: u32; // 2: a step is kept while the one before is multiplied
override WEIGHT_TYPE: u32; // 1 bf16, 2 f16
override SCALE: u32; // 1 or 2
override STRIDE: u32; // 1 or 2
override PADDING: u32; // p: 1, or 0 with a stride of 2

override LANES: u32 = DOWN * ALONG * SUBGROUP;
override TALL: u32 = 16u * DOWN * ROWS; // pixels of the tile
override WIDE: u32 = 16u * ALONG * COLUMNS; // and its output channels
override PITCH: u32 = STEP + 1u; // cells from one line to the next; one is left free, for other banks
override WEIGHTS: u32 = TALL * PITCH; // where the weights begin, behind the pixels
override SIZE: u32 = WEIGHTS + WIDE * PITCH; // of a buffer
override LINES: u32 = LANES / STEP; // a cell of each is fetched at once
override NEXT: u32 = LINES * PITCH; // from a cell that an invocation keeps to its next
override FETCHED_X: u32 = TALL * STEP / LANES; // cells that an invocation fetches a step: 1 to 4
override FETCHED_WEIGHTS: u32 = (WIDE * STEP + LANES - 1u) / LANES; // the last may be past them

// Passage: the parameters of conv2d
struct Params {
  firstRow: u32,
  rows: u32,
  height: u32,
  width: u32,
  parts: u32,
  inChannels: u32,
  outChannels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4u>;
@group(0) @binding(2) var<storage, read> weight: array<vec4u>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

alias Left = subgroup_matrix_left<f16, 16, 16>;
alias Right = subgroup_matrix_right<f16, 16, 16>;
alias Sum = subgroup_matrix_result<f32, 16, 16>;

const OUTSIDE = 0xffffffffu; // in the place of an index: a pixel past the border

// Cells of 8 values in f16: lines of pixels and of weights; at the end cells of 4 sums in f32.
var<workgroup> tile: array<vec4u, max(BUFFERS * SIZE, 64u * DOWN * ALONG * COLUMNS)>;

// The first cell of the pixel that a tap multiplies, around `place`.
fn spot(place: vec2i, tap: u32, frame: u32) -> u32 {
  let enlarged = vec2i(vec2u(params.width, params.height) * SCALE);
  let wanted = place + vec2i(vec2u(tap % 3u, tap / 3u)) - i32(PADDING);
  if (any(wanted < vec2i()) || any(wanted >= enlarged)) {
    return OUTSIDE;
  }
  let found = vec2u(wanted) / SCALE;
  let picture = frame / params.parts * params.height * params.width + found.y * params.width + found.x;
  return (picture * params.parts + frame % params.parts) * (params.inChannels / 8u);
}

fn cellAt(at: u32, c: u32) -> vec4u {
  if (at == OUTSIDE) {
    return vec4u();
  }
  return x[at + c];
}

// Passage: two of bf16 in f16
// Two values in bf16, in f16.
fn halves(pair: u32) -> u32 {
  return pack2x16float(bitcast<vec2f>(vec2u(pair << 16u, pair & 0xffff0000u)));
}

// Passage: weights into workgroup memory
fn keepWeight(to: u32, pairs: vec4u) {
  if (WEIGHT_TYPE == 1u) {
    tile[WEIGHTS + to] = vec4u(halves(pairs.x), halves(pairs.y), halves(pairs.z), halves(pairs.w));
  } else {
    tile[WEIGHTS + to] = pairs;
  }
}

@compute @workgroup_size(DOWN * ALONG * SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let channelTiles = (params.outChannels + WIDE - 1u) / WIDE;
  let size = vec2u(params.width, params.height) * SCALE / STRIDE;
  let pixels = size.x * size.y;
  let pixelTiles = (pixels + TALL - 1u) / TALL;
  let index = group.x + group.y * groups.x;
  let firstChannel = (index % channelTiles) * WIDE;
  let frame = params.firstRow / size.y + index / channelTiles / pixelTiles;
  let first = (index / channelTiles % pixelTiles) * TALL;
  let firstBound = params.firstRow * size.x; // of all pixels of all pictures
  let endBound = firstBound + params.rows * size.x;
  if (frame * pixels + first >= endBound || frame * pixels + first + TALL <= firstBound) {
    return;
  }

  // Pixels that this invocation fetches around, and channels of weights; those past the end repeat the last one.
  let line = lane / STEP;
  let place = line * PITCH + lane % STEP;
  let depth = params.inChannels / 8u;
  let lastChannel = params.outChannels - 1u;
  let pixel0 = placeOf(min(first + line, pixels - 1u));
  let pixel1 = placeOf(min(first + line + LINES, pixels - 1u));
  let pixel2 = placeOf(min(first + line + 2u * LINES, pixels - 1u));
  let pixel3 = placeOf(min(first + line + 3u * LINES, pixels - 1u));
  let channel0 = min(firstChannel + line, lastChannel) * 9u * depth;
  let channel1 = min(firstChannel + line + LINES, lastChannel) * 9u * depth;
  let channel2 = min(firstChannel + line + 2u * LINES, lastChannel) * 9u * depth;
  let channel3 = min(firstChannel + line + 3u * LINES, lastChannel) * 9u * depth;
  let multiplies = EVEN == 1u || subgroup < DOWN * ALONG;
  let mine = subgroup % (DOWN * ALONG);
  let top = mine / ALONG * ROWS * 16u * PITCH; // of what this subgroup makes
  let left = WEIGHTS + mine % ALONG * COLUMNS * 16u * PITCH;
  var x0: vec4u; var x1: vec4u; var x2: vec4u; var x3: vec4u;
  var w0: vec4u; var w1: vec4u; var w2: vec4u; var w3: vec4u;
  var at0: u32; var at1: u32; var at2: u32; var at3: u32; // where the pixels of a tap begin
  var c00: Sum; var c01: Sum; var c02: Sum; var c03: Sum;
  var c10: Sum; var c11: Sum; var c12: Sum; var c13: Sum;
  var c20: Sum; var c21: Sum; var c22: Sum; var c23: Sum;
  var c30: Sum; var c31: Sum; var c32: Sum; var c33: Sum;
  var tap = 0u;
  var firstCell = 0u; // of the step
  let steps = 9u * ((depth + STEP - 1u) / STEP);
  for (var turn = 0u; turn <= steps; turn++) {
    if (turn < steps) {
      if (firstCell == 0u) {
        at0 = spot(pixel0, tap, frame);
        if (FETCHED_X > 1u) { at1 = spot(pixel1, tap, frame); }
        if (FETCHED_X > 2u) { at2 = spot(pixel2, tap, frame); }
        if (FETCHED_X > 3u) { at3 = spot(pixel3, tap, frame); }
      }
      let c = firstCell + lane % STEP;
      let k = tap * depth + c;
      if (c < depth) {
        x0 = cellAt(at0, c);
        if (FETCHED_X > 1u) { x1 = cellAt(at1, c); }
        if (FETCHED_X > 2u) { x2 = cellAt(at2, c); }
        if (FETCHED_X > 3u) { x3 = cellAt(at3, c); }
        w0 = weight[channel0 + k];
        if (FETCHED_WEIGHTS > 1u) { w1 = weight[channel1 + k]; }
        if (FETCHED_WEIGHTS > 2u) { w2 = weight[channel2 + k]; }
        if (FETCHED_WEIGHTS > 3u) { w3 = weight[channel3 + k]; }
      } else { // past the last channel weights are 0, and pixels are what they were
        w0 = vec4u(); w1 = vec4u(); w2 = vec4u(); w3 = vec4u();
      }
      firstCell += STEP;
      if (firstCell >= depth) {
        firstCell = 0u;
        tap++;
      }
    }
    if (multiplies && turn > 0u) {
      for (var n = 0u; n < STEP / 2u; n++) {
        let a = (turn + 1u) % BUFFERS * SIZE + top + 2u * n;
        let b = (turn + 1u) % BUFFERS * SIZE + left + 2u * n;
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
      tile[to] = x0;
      if (FETCHED_X > 1u) { tile[to + NEXT] = x1; }
      if (FETCHED_X > 2u) { tile[to + 2u * NEXT] = x2; }
      if (FETCHED_X > 3u) { tile[to + 3u * NEXT] = x3; }
      if (line < WIDE) { keepWeight(to, w0); }
      if (FETCHED_WEIGHTS > 1u && line + LINES < WIDE) { keepWeight(to + NEXT, w1); }
      if (FETCHED_WEIGHTS > 2u && line + 2u * LINES < WIDE) { keepWeight(to + 2u * NEXT, w2); }
      if (FETCHED_WEIGHTS > 3u && line + 3u * LINES < WIDE) { keepWeight(to + 3u * NEXT, w3); }
    }
    workgroupBarrier();
  }

  // Sixteen pixels of each subgroup at a time go through workgroup memory.
  let at = 64u * COLUMNS * mine;
  if (multiplies) {
    subgroupMatrixStore<row_major>(&tile, at, c00, 4u * COLUMNS);
    subgroupMatrixStore<row_major>(&tile, at + 4u, c01, 4u * COLUMNS);
    if (COLUMNS > 2u) { subgroupMatrixStore<row_major>(&tile, at + 8u, c02, 4u * COLUMNS); }
    if (COLUMNS > 3u) { subgroupMatrixStore<row_major>(&tile, at + 12u, c03, 4u * COLUMNS); }
  }
  deliver(0u, frame, first, firstChannel, lane);
  if (multiplies) {
    subgroupMatrixStore<row_major>(&tile, at, c10, 4u * COLUMNS);
    subgroupMatrixStore<row_major>(&tile, at + 4u, c11, 4u * COLUMNS);
    if (COLUMNS > 2u) { subgroupMatrixStore<row_major>(&tile, at + 8u, c12, 4u * COLUMNS); }
    if (COLUMNS > 3u) { subgroupMatrixStore<row_major>(&tile, at + 12u, c13, 4u * COLUMNS); }
  }
  deliver(1u, frame, first, firstChannel, lane);
  if (ROWS > 2u) {
    if (multiplies) {
      subgroupMatrixStore<row_major>(&tile, at, c20, 4u * COLUMNS);
      subgroupMatrixStore<row_major>(&tile, at + 4u, c21, 4u * COLUMNS);
      if (COLUMNS > 2u) { subgroupMatrixStore<row_major>(&tile, at + 8u, c22, 4u * COLUMNS); }
      if (COLUMNS > 3u) { subgroupMatrixStore<row_major>(&tile, at + 12u, c23, 4u * COLUMNS); }
    }
    deliver(2u, frame, first, firstChannel, lane);
  }
  if (ROWS > 3u) {
    if (multiplies) {
      subgroupMatrixStore<row_major>(&tile, at, c30, 4u * COLUMNS);
      subgroupMatrixStore<row_major>(&tile, at + 4u, c31, 4u * COLUMNS);
      if (COLUMNS > 2u) { subgroupMatrixStore<row_major>(&tile, at + 8u, c32, 4u * COLUMNS); }
      if (COLUMNS > 3u) { subgroupMatrixStore<row_major>(&tile, at + 12u, c33, 4u * COLUMNS); }
    }
    deliver(3u, frame, first, firstChannel, lane);
  }
}

// Where a pixel of the output lies in the input.
fn placeOf(pixel: u32) -> vec2i {
  let across = params.width * SCALE / STRIDE;
  return vec2i(vec2u(pixel % across, pixel / across) * STRIDE);
}

// Stores what subgroups have put into workgroup memory: 16 pixels of each, their `i`th.
fn deliver(i: u32, frame: u32, first: u32, firstChannel: u32, lane: u32) {
  let size = vec2u(params.width, params.height) * SCALE / STRIDE;
  let pixels = size.x * size.y;
  let firstBound = params.firstRow * size.x;
  let endBound = firstBound + params.rows * size.x;
  workgroupBarrier();
  for (var n = 0u; n < 64u * DOWN * ALONG * COLUMNS / LANES; n++) {
    let item = n * LANES + lane;
    let owner = item / (64u * COLUMNS);
    let within = first + (owner / ALONG * ROWS + i) * 16u + item % (64u * COLUMNS) / (4u * COLUMNS);
    let pixel = frame * pixels + within;
    let channel = firstChannel / 4u + owner % ALONG * COLUMNS * 4u + item % (4u * COLUMNS);
    if (within < pixels && pixel >= firstBound && pixel < endBound && channel < params.outChannels / 4u) {
      y[(pixel - firstBound) * (params.outChannels / 4u) + channel] = bitcast<vec4f>(tile[item]) + bias[channel];
    }
  }
  workgroupBarrier();
}
