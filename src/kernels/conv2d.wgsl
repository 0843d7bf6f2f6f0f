// y[t][row][column][o] = bias[o] + sum_{ky, kx, c} weight[o][ky][kx][c] * input[t][row * s + ky - p][column * s + kx - p][c]
//
// input is x enlarged SCALE times by repeating its pixels, which is never stored, and 0 outside the picture. A frame of x
// may hold several pictures side by side in its channels: picture p of frame f is input frame f * parts + p. s = STRIDE;
// p = 1 keeps the picture's size, and p = 0 with a stride of 2 puts all padding on the right and at the bottom.
// Bindings: x [frames, height, width, parts * inChannels] and weight [outChannels, 3, 3, inChannels], f32 or two 16-bit
//   values to a word; bias f32 [outChannels]; y f32 [rows, outWidth, outChannels], picture rows firstRow and on of all.
// Grid: one invocation for a strip of 8 columns by 4 output channels.
// Precision: products and sums in f32; 16-bit values are widened exactly.
// Twin: reference/convs.ts

override WEIGHT_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override INPUT_TYPE: u32;
override SCALE: u32; // 1 or 2
override STRIDE: u32; // 1 or 2

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
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> weight: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

// The word that holds an element.
fn wordOf(kind: u32, index: u32) -> u32 {
  return select(index / 2u, index, kind == 0u);
}

// An element as f32, from the word that holds it.
fn widened(word: u32, kind: u32, index: u32) -> f32 {
  if (kind == 0u) {
    return bitcast<f32>(word);
  }
  let isOdd = (index & 1u) == 1u;
  if (kind == 1u) {
    return bitcast<f32>(select(word << 16u, word & 0xffff0000u, isOdd));
  }
  let pair = unpack2x16float(word);
  return select(pair.x, pair.y, isOdd);
}

fn weightAt(index: u32) -> f32 {
  return widened(weight[wordOf(WEIGHT_TYPE, index)], WEIGHT_TYPE, index);
}

fn inputAt(index: u32) -> f32 {
  return widened(x[wordOf(INPUT_TYPE, index)], INPUT_TYPE, index);
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

// Where four input columns start in their row, clamped to the picture, and the factors that make columns outside 0.
struct Columns {
  starts: vec4u,
  inside: vec4f,
}

fn columnsAt(columns: vec4i) -> Columns {
  let last = vec4i(i32(params.width * SCALE) - 1);
  let sources = vec4u(clamp(columns, vec4i(), last)) / SCALE;
  let inside = (columns >= vec4i()) & (columns <= last);
  return Columns(sources * params.parts * params.inChannels, select(vec4f(), vec4f(1.0), inside));
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let height = params.height * SCALE;
  let outHeight = height / STRIDE;
  let outWidth = params.width * SCALE / STRIDE;
  let channelGroups = (params.outChannels + 3u) / 4u;
  let strips = (outWidth + 7u) / 8u;
  let index = (group.x + group.y * groups.x) * 64u + lane;
  if (index >= params.rows * strips * channelGroups) {
    return;
  }
  let channel = (index % channelGroups) * 4u;
  let strip = index / channelGroups;
  let column = (strip % strips) * 8u;
  let outputRow = strip / strips; // of those bound
  let row = (params.firstRow + outputRow) % outHeight;
  let frame = (params.firstRow + outputRow) / outHeight;

  let pad = i32(2u - STRIDE);
  let weightStart = weightRows(channel, 9u * params.inChannels);
  var y0 = vec4f();
  var y1 = vec4f();
  var y2 = vec4f();
  var y3 = vec4f();
  var y4 = vec4f();
  var y5 = vec4f();
  var y6 = vec4f();
  var y7 = vec4f();
  for (var tap = 0u; tap < 9u; tap++) {
    let inputRow = i32(row * STRIDE + tap / 3u) - pad;
    if (inputRow < 0 || inputRow >= i32(height)) {
      continue;
    }
    let pixelRow = (frame / params.parts) * params.height + u32(inputRow) / SCALE;
    let start = (pixelRow * params.width * params.parts + frame % params.parts) * params.inChannels;
    let first = vec4i(i32(column * STRIDE + tap % 3u) - pad) + vec4i(0, 1, 2, 3) * i32(STRIDE);
    let left = columnsAt(first);
    let right = columnsAt(first + vec4i(4 * i32(STRIDE)));
    let leftAt = left.starts + start;
    let rightAt = right.starts + start;
    let tapStart = weightStart + tap * params.inChannels;
    for (var i = 0u; i < params.inChannels; i++) {
      let w = weightsAt(tapStart, i);
      y0 += (inputAt(leftAt.x + i) * left.inside.x) * w;
      y1 += (inputAt(leftAt.y + i) * left.inside.y) * w;
      y2 += (inputAt(leftAt.z + i) * left.inside.z) * w;
      y3 += (inputAt(leftAt.w + i) * left.inside.w) * w;
      y4 += (inputAt(rightAt.x + i) * right.inside.x) * w;
      y5 += (inputAt(rightAt.y + i) * right.inside.y) * w;
      y6 += (inputAt(rightAt.z + i) * right.inside.z) * w;
      y7 += (inputAt(rightAt.w + i) * right.inside.w) * w;
    }
  }

  let pixel = outputRow * outWidth;
  store(pixel, outWidth, column, channel, y0);
  store(pixel, outWidth, column + 1u, channel, y1);
  store(pixel, outWidth, column + 2u, channel, y2);
  store(pixel, outWidth, column + 3u, channel, y3);
  store(pixel, outWidth, column + 4u, channel, y4);
  store(pixel, outWidth, column + 5u, channel, y5);
  store(pixel, outWidth, column + 6u, channel, y6);
  store(pixel, outWidth, column + 7u, channel, y7);
}

fn store(pixel: u32, outWidth: u32, column: u32, channel: u32, sum: vec4f) {
  if (column >= outWidth) {
    return;
  }
  for (var j = 0u; j < 4u; j++) {
    if (channel + j < params.outChannels) {
      y[(pixel + column) * params.outChannels + channel + j] = sum[j] + bias[channel + j];
    }
  }
}
