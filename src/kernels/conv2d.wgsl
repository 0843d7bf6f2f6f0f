// y[t][row][column][o] = bias[o] + sum_{ky, kx, c} weight[o][ky][kx][c] * input[t][row + ky - 1][column + kx - 1][c]
//
// input is x enlarged SCALE times by repeating its pixels, which is never stored, and 0 outside the picture. A frame of x
// may hold several pictures side by side in its channels: picture p of frame f is input frame f * parts + p.
// Bindings: x f32 [frames, height, width, parts * inChannels]; weight [outChannels, 3, 3, inChannels], f32 or two 16-bit
//   values to a word; bias f32 [outChannels]; y f32 [frames * parts, height * SCALE, width * SCALE, outChannels].
// Grid: one invocation for a strip of 8 columns by 4 output channels, as in causalConv3d.wgsl.
// Precision: products and sums in f32; weights widened from 16 bits exactly.
// Twin: reference/convs.ts

override WEIGHT_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override SCALE: u32; // 1 or 2

struct Params {
  frames: u32,
  height: u32,
  width: u32,
  parts: u32,
  inChannels: u32,
  outChannels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

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
  let last = i32(params.width * SCALE) - 1;
  let source = u32(clamp(column, 0, last)) / SCALE;
  return Column(source * params.parts * params.inChannels, select(0.0, 1.0, column >= 0 && column <= last));
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
fn addRow(row: u32, columns: array<Column, 10>, weightStart: vec4u, sums: ptr<function, Strip>) {
  for (var i = 0u; i < params.inChannels; i++) {
    let x0 = x[row + columns[0].start + i] * columns[0].inside;
    let x1 = x[row + columns[1].start + i] * columns[1].inside;
    let x2 = x[row + columns[2].start + i] * columns[2].inside;
    let x3 = x[row + columns[3].start + i] * columns[3].inside;
    let x4 = x[row + columns[4].start + i] * columns[4].inside;
    let x5 = x[row + columns[5].start + i] * columns[5].inside;
    let x6 = x[row + columns[6].start + i] * columns[6].inside;
    let x7 = x[row + columns[7].start + i] * columns[7].inside;
    let x8 = x[row + columns[8].start + i] * columns[8].inside;
    let x9 = x[row + columns[9].start + i] * columns[9].inside;
    let left = weightsAt(weightStart, i);
    let middle = weightsAt(weightStart, params.inChannels + i);
    let right = weightsAt(weightStart, 2u * params.inChannels + i);
    (*sums).y0 += x0 * left + x1 * middle + x2 * right;
    (*sums).y1 += x1 * left + x2 * middle + x3 * right;
    (*sums).y2 += x2 * left + x3 * middle + x4 * right;
    (*sums).y3 += x3 * left + x4 * middle + x5 * right;
    (*sums).y4 += x4 * left + x5 * middle + x6 * right;
    (*sums).y5 += x5 * left + x6 * middle + x7 * right;
    (*sums).y6 += x6 * left + x7 * middle + x8 * right;
    (*sums).y7 += x7 * left + x8 * middle + x9 * right;
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let height = params.height * SCALE;
  let width = params.width * SCALE;
  let channelGroups = (params.outChannels + 3u) / 4u;
  let strips = (width + 7u) / 8u;
  let index = (group.x + group.y * groups.x) * 64u + lane;
  if (index >= params.frames * params.parts * height * strips * channelGroups) {
    return;
  }
  let channel = (index % channelGroups) * 4u;
  let strip = index / channelGroups;
  let column = (strip % strips) * 8u;
  let row = (strip / strips) % height;
  let frame = strip / (strips * height);

  let columns = columnsFrom(i32(column) - 1);
  let weightStart = weightRows(channel, 9u * params.inChannels);
  var sums: Strip;
  for (var tap = 0u; tap < 3u; tap++) {
    let inputRow = i32(row + tap) - 1;
    if (inputRow < 0 || inputRow >= i32(height)) {
      continue;
    }
    let pixelRow = (frame / params.parts) * params.height + u32(inputRow) / SCALE;
    let start = (pixelRow * params.width * params.parts + frame % params.parts) * params.inChannels;
    addRow(start, columns, weightStart + tap * 3u * params.inChannels, &sums);
  }

  let pixel = (frame * height + row) * width;
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
  if (column >= params.width * SCALE) {
    return;
  }
  for (var j = 0u; j < 4u; j++) {
    if (channel + j < params.outChannels) {
      y[(pixel + column) * params.outChannels + channel + j] = sum[j] + bias[channel + j];
    }
  }
}
