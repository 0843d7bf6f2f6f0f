// y[t][row][column][o] = bias[o] + sum_{ky, kx, c} weight[o][ky][kx][c] * input[t][row * s + ky - p][column * s + kx - p][c]
//
// input is x enlarged SCALE times by repeating its pixels, which is never stored, and 0 outside the picture. A frame of x
// may hold several pictures side by side in its channels: picture p of frame f is input frame f * parts + p. s = STRIDE;
// p = PADDING = 1 has a pixel of zeros all around, and p = 0 with a stride of 2 has them on the right and at the bottom only.
// Bindings: x [frames, height, width, parts * inChannels] and weight [outChannels, 3, 3, inChannels], f32 or two 16-bit
//   values to a word; bias f32 [outChannels]; y f32 [rows, outWidth, outChannels], picture rows firstRow and on of all.
// Grid: one invocation for a strip of 8 columns by 4 output channels. As in causalConv3d.wgsl, one load of an input serves
//   three taps where STRIDE is 1.
// Precision: products and sums in f32; 16-bit values are widened exactly.
// Twin: convs.twin.ts

override WEIGHT_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override INPUT_TYPE: u32;
override SCALE: u32; // 1 or 2
override STRIDE: u32; // 1 or 2
override PADDING: u32; // p: 1, or 0 with a stride of 2

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
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> weight: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

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

fn inputAt(index: u32) -> f32 {
  return widened(x[wordOf(INPUT_TYPE, index)], INPUT_TYPE, index);
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

fn inputsAt(columns: Columns, index: u32) -> vec4f {
  let at = columns.starts + index;
  return columns.inside * vec4f(inputAt(at.x), inputAt(at.y), inputAt(at.z), inputAt(at.w));
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

  // A row of three taps at a time: the columns under the first tap of the strip, which are STRIDE apart, then those that
  // the others need beside them, the first ones shifted.
  let step = vec4i(0, 1, 2, 3) * i32(STRIDE);
  let firstColumn = i32(column * STRIDE) - i32(PADDING);
  let columns0 = columnsAt(firstColumn + step);
  let columns1 = columnsAt(firstColumn + 4 * i32(STRIDE) + step);
  let columns2 = columnsAt(firstColumn + 8 * i32(STRIDE) + step); // the first of them, and the second for STRIDE 1
  let between0 = columnsAt(firstColumn + 1 + step); // for STRIDE 2
  let between1 = columnsAt(firstColumn + 1 + 4 * i32(STRIDE) + step);
  let weightStart = weightRows(channel, 9u * params.inChannels);
  var y0 = vec4f();
  var y1 = vec4f();
  var y2 = vec4f();
  var y3 = vec4f();
  var y4 = vec4f();
  var y5 = vec4f();
  var y6 = vec4f();
  var y7 = vec4f();
  for (var tapRow = 0u; tapRow < 3u; tapRow++) {
    let inputRow = i32(row * STRIDE + tapRow) - i32(PADDING);
    if (inputRow < 0 || inputRow >= i32(height)) {
      continue;
    }
    let pixelRow = (frame / params.parts) * params.height + u32(inputRow) / SCALE;
    let start = (pixelRow * params.width * params.parts + frame % params.parts) * params.inChannels;
    let tapStart = weightStart + 3u * tapRow * params.inChannels;
    for (var i = 0u; i < params.inChannels; i++) {
      let left = weightsAt(tapStart, i);
      let middle = weightsAt(tapStart, params.inChannels + i);
      let right = weightsAt(tapStart, 2u * params.inChannels + i);
      let a = inputsAt(columns0, start + i);
      let b = inputsAt(columns1, start + i);
      let next = inputAt(columns2.starts.x + start + i) * columns2.inside.x;
      var middle0 = vec4f(a.yzw, b.x);
      var middle1 = vec4f(b.yzw, next);
      var right0 = middle0;
      var right1 = middle1;
      if (STRIDE == 1u) {
        right0 = vec4f(a.zw, b.xy);
        right1 = vec4f(b.zw, next, inputAt(columns2.starts.y + start + i) * columns2.inside.y);
      } else {
        middle0 = inputsAt(between0, start + i);
        middle1 = inputsAt(between1, start + i);
      }
      y0 += a.x * left + middle0.x * middle + right0.x * right;
      y1 += a.y * left + middle0.y * middle + right0.y * right;
      y2 += a.z * left + middle0.z * middle + right0.z * right;
      y3 += a.w * left + middle0.w * middle + right0.w * right;
      y4 += b.x * left + middle1.x * middle + right1.x * right;
      y5 += b.y * left + middle1.y * middle + right1.y * right;
      y6 += b.z * left + middle1.z * middle + right1.z * right;
      y7 += b.w * left + middle1.w * middle + right1.w * right;
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
