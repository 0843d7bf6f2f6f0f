// y[t][row][column][o] = bias[o] + sum_{kt, ky, kx, c} weight[o][kt][ky][kx][c] * input[t + kt][row + ky - p][column + kx - p][c]
//
// input is the two frames before x (older, newer), then x itself, so the convolution never sees a later frame. Outside the
// picture it is 0; p = (KERNEL_XY - 1) / 2 keeps the picture's size. Kernels are 3 x 3 x 3, and 3 x 1 x 1 over time alone.
// Bindings: x [frames, height, width, inChannels], older and newer [1, height, width, inChannels], f32 or two 16-bit values
//   to a word; weight [outChannels, 3, KERNEL_XY, KERNEL_XY, inChannels], likewise; bias f32 [outChannels]; y f32 [rows,
//   width, outChannels], picture rows firstRow and on of all frames * height.
// Grid: one invocation for a strip of 8 columns by 4 output channels. One load of an input serves three taps of 4 channels,
//   one of a weight all 8 columns: on processors, which load slowly, 22 loads pay for 96 products.
// Precision: products and sums in f32; 16-bit values are widened exactly.
// Twin: convs.twin.ts

requires unrestricted_pointer_parameters;

override WEIGHT_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override INPUT_TYPE: u32; // of x, older and newer
override KERNEL_XY: u32; // 3 or 1

// Passage: the parameters of causalConv3d
struct Params {
  firstRow: u32,
  rows: u32,
  height: u32,
  width: u32,
  inChannels: u32,
  outChannels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> older: array<u32>;
@group(0) @binding(3) var<storage, read> newer: array<u32>;
@group(0) @binding(4) var<storage, read> weight: array<u32>;
@group(0) @binding(5) var<storage, read> bias: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

const KERNEL_T = 3u;

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

// Passage: weights of four channels
// The weights of one tap and input channel for four output channels, which start at `rows`.
fn weightsAt(rows: vec4u, offset: u32) -> vec4f {
  let at = rows + offset;
  return vec4f(weightAt(at.x), weightAt(at.y), weightAt(at.z), weightAt(at.w));
}

// Passage: rows of four channels
// Where the four output channels' weights start. Channels past the end repeat the last one; they are not stored.
fn weightRows(channel: u32, depth: u32) -> vec4u {
  return min(vec4u(channel, channel + 1u, channel + 2u, channel + 3u), vec4u(params.outChannels - 1u)) * depth;
}

// An input column: where it starts in its row, clamped to the picture, and the factor that makes columns outside 0.
struct Column {
  start: u32,
  inside: f32,
}

fn columnAt(column: i32) -> Column {
  let last = i32(params.width) - 1;
  return Column(u32(clamp(column, 0, last)) * params.inChannels, select(0.0, 1.0, column >= 0 && column <= last));
}

fn columnsFrom(first: i32) -> array<Column, 10> {
  return array<Column, 10>(
    columnAt(first), columnAt(first + 1), columnAt(first + 2), columnAt(first + 3), columnAt(first + 4),
    columnAt(first + 5), columnAt(first + 6), columnAt(first + 7), columnAt(first + 8), columnAt(first + 9),
  );
}

// The sums of the strip's 8 columns, each of 4 output channels.
struct Strip {
  y0: vec4f, y1: vec4f, y2: vec4f, y3: vec4f,
  y4: vec4f, y5: vec4f, y6: vec4f, y7: vec4f,
}

fn inputAt(input: ptr<storage, array<u32>, read>, index: u32, column: Column) -> f32 {
  let at = index + column.start;
  return widened((*input)[wordOf(INPUT_TYPE, at)], INPUT_TYPE, at) * column.inside;
}

// Adds one row of taps over one row of the input, which starts at element `row`.
fn addRow(
  input: ptr<storage, array<u32>, read>,
  row: u32,
  columns: array<Column, 10>,
  weightStart: vec4u,
  sums: ptr<function, Strip>,
) {
  for (var i = 0u; i < params.inChannels; i++) {
    let x0 = inputAt(input, row + i, columns[0]);
    let x1 = inputAt(input, row + i, columns[1]);
    let x2 = inputAt(input, row + i, columns[2]);
    let x3 = inputAt(input, row + i, columns[3]);
    let x4 = inputAt(input, row + i, columns[4]);
    let x5 = inputAt(input, row + i, columns[5]);
    let x6 = inputAt(input, row + i, columns[6]);
    let x7 = inputAt(input, row + i, columns[7]);
    let left = weightsAt(weightStart, i);
    (*sums).y0 += x0 * left;
    (*sums).y1 += x1 * left;
    (*sums).y2 += x2 * left;
    (*sums).y3 += x3 * left;
    (*sums).y4 += x4 * left;
    (*sums).y5 += x5 * left;
    (*sums).y6 += x6 * left;
    (*sums).y7 += x7 * left;
    if (KERNEL_XY == 3u) {
      let x8 = inputAt(input, row + i, columns[8]);
      let x9 = inputAt(input, row + i, columns[9]);
      let middle = weightsAt(weightStart, params.inChannels + i);
      let right = weightsAt(weightStart, 2u * params.inChannels + i);
      (*sums).y0 += x1 * middle + x2 * right;
      (*sums).y1 += x2 * middle + x3 * right;
      (*sums).y2 += x3 * middle + x4 * right;
      (*sums).y3 += x4 * middle + x5 * right;
      (*sums).y4 += x5 * middle + x6 * right;
      (*sums).y5 += x6 * middle + x7 * right;
      (*sums).y6 += x7 * middle + x8 * right;
      (*sums).y7 += x8 * middle + x9 * right;
    }
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let channelGroups = (params.outChannels + 3u) / 4u;
  let strips = (params.width + 7u) / 8u;
  let index = (group.x + group.y * groups.x) * 64u + lane;
  if (index >= params.rows * strips * channelGroups) {
    return;
  }
  let channel = (index % channelGroups) * 4u;
  let strip = index / channelGroups;
  let column = (strip % strips) * 8u;
  let outputRow = strip / strips; // of those bound
  let row = (params.firstRow + outputRow) % params.height;
  let frame = (params.firstRow + outputRow) / params.height;

  let pad = i32(KERNEL_XY / 2u);
  let columns = columnsFrom(i32(column) - pad);
  let weightStart = weightRows(channel, KERNEL_T * KERNEL_XY * KERNEL_XY * params.inChannels);
  var sums: Strip;
  for (var tap = 0u; tap < KERNEL_T * KERNEL_XY; tap++) {
    let inputRow = i32(row + tap % KERNEL_XY) - pad;
    if (inputRow < 0 || inputRow >= i32(params.height)) {
      continue;
    }
    let inputFrame = frame + tap / KERNEL_XY;
    let tapStart = weightStart + tap * KERNEL_XY * params.inChannels;
    let rowSize = params.width * params.inChannels;
    if (inputFrame == 0u) {
      addRow(&older, u32(inputRow) * rowSize, columns, tapStart, &sums);
    } else if (inputFrame == 1u) {
      addRow(&newer, u32(inputRow) * rowSize, columns, tapStart, &sums);
    } else {
      addRow(&x, ((inputFrame - 2u) * params.height + u32(inputRow)) * rowSize, columns, tapStart, &sums);
    }
  }

  let pixel = outputRow * params.width;
  store(pixel, column, channel, sums.y0);
  store(pixel, column + 1u, channel, sums.y1);
  store(pixel, column + 2u, channel, sums.y2);
  store(pixel, column + 3u, channel, sums.y3);
  store(pixel, column + 4u, channel, sums.y4);
  store(pixel, column + 5u, channel, sums.y5);
  store(pixel, column + 6u, channel, sums.y6);
  store(pixel, column + 7u, channel, sums.y7);
}

fn store(pixel: u32, column: u32, channel: u32, sum: vec4f) {
  if (column >= params.width) {
    return;
  }
  for (var j = 0u; j < 4u; j++) {
    if (channel + j < params.outChannels) {
      y[(pixel + column) * params.outChannels + channel + j] = sum[j] + bias[channel + j];
    }
  }
}
