// y[t][row][column][o] = bias[o] + sum_{kt, ky, kx, c} weight[o][kt][ky][kx][c] * input[t + kt][row + ky - p][column + kx - p][c]
//
// input is the two frames before x, then x itself, so the convolution never sees a later frame. Outside the picture it is
// 0; p = (KERNEL_XY - 1) / 2 keeps the picture's size. Kernels are 3 x 3 x 3, and 3 x 1 x 1 over time alone.
// Bindings: x f32 [frames, height, width, inChannels]; history f32 [2, height, width, inChannels]; weight
//   [outChannels, 3, KERNEL_XY, KERNEL_XY, inChannels], f32 or two 16-bit values to a word; bias f32 [outChannels];
//   y f32 [frames, height, width, outChannels].
// Grid: one invocation for a strip of 8 columns by 4 output channels. One load of an input serves three taps of 4 channels,
//   one of a weight all 8 columns: on processors, which load slowly, 22 loads pay for 96 products.
// Precision: products and sums in f32; weights widened from 16 bits exactly.
// Twin: reference/convs.ts

requires unrestricted_pointer_parameters;

override WEIGHT_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override KERNEL_XY: u32; // 3 or 1

struct Params {
  frames: u32,
  height: u32,
  width: u32,
  inChannels: u32,
  outChannels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> history: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<u32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

const KERNEL_T = 3u;

fn weightAt(index: u32) -> f32 {
  if (WEIGHT_TYPE == 0u) {
    return bitcast<f32>(weight[index]);
  }
  let word = weight[index / 2u];
  let isOdd = (index & 1u) == 1u;
  if (WEIGHT_TYPE == 1u) {
    return bitcast<f32>(select(word << 16u, word & 0xffff0000u, isOdd));
  }
  let pair = unpack2x16float(word);
  return select(pair.x, pair.y, isOdd);
}

// The weights of one tap and input channel for four output channels, which start at `rows`.
fn weightsAt(rows: vec4u, offset: u32) -> vec4f {
  let at = rows + offset;
  return vec4f(weightAt(at.x), weightAt(at.y), weightAt(at.z), weightAt(at.w));
}

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
    columnAt(first),
    columnAt(first + 1),
    columnAt(first + 2),
    columnAt(first + 3),
    columnAt(first + 4),
    columnAt(first + 5),
    columnAt(first + 6),
    columnAt(first + 7),
    columnAt(first + 8),
    columnAt(first + 9),
  );
}

// The sums of the strip's 8 columns, each of 4 output channels.
struct Strip {
  y0: vec4f,
  y1: vec4f,
  y2: vec4f,
  y3: vec4f,
  y4: vec4f,
  y5: vec4f,
  y6: vec4f,
  y7: vec4f,
}

// Adds one row of taps over one row of the input, which starts at element `row`.
fn addRow(
  input: ptr<storage, array<f32>, read>,
  row: u32,
  columns: array<Column, 10>,
  weightStart: vec4u,
  sums: ptr<function, Strip>,
) {
  for (var i = 0u; i < params.inChannels; i++) {
    let x0 = (*input)[row + columns[0].start + i] * columns[0].inside;
    let x1 = (*input)[row + columns[1].start + i] * columns[1].inside;
    let x2 = (*input)[row + columns[2].start + i] * columns[2].inside;
    let x3 = (*input)[row + columns[3].start + i] * columns[3].inside;
    let x4 = (*input)[row + columns[4].start + i] * columns[4].inside;
    let x5 = (*input)[row + columns[5].start + i] * columns[5].inside;
    let x6 = (*input)[row + columns[6].start + i] * columns[6].inside;
    let x7 = (*input)[row + columns[7].start + i] * columns[7].inside;
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
      let x8 = (*input)[row + columns[8].start + i] * columns[8].inside;
      let x9 = (*input)[row + columns[9].start + i] * columns[9].inside;
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
  if (index >= params.frames * params.height * strips * channelGroups) {
    return;
  }
  let channel = (index % channelGroups) * 4u;
  let strip = index / channelGroups;
  let column = (strip % strips) * 8u;
  let row = (strip / strips) % params.height;
  let frame = strip / (strips * params.height);

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
    if (inputFrame < KERNEL_T - 1u) {
      let start = (inputFrame * params.height + u32(inputRow)) * params.width * params.inChannels;
      addRow(&history, start, columns, tapStart, &sums);
    } else {
      let start = ((inputFrame - (KERNEL_T - 1u)) * params.height + u32(inputRow)) * params.width * params.inChannels;
      addRow(&x, start, columns, tapStart, &sums);
    }
  }

  let pixel = (frame * params.height + row) * params.width;
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
