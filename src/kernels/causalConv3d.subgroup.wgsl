// y[t][row][column][o] = bias[o] + sum_{kt, ky, kx, c} weight[o][kt][ky][kx][c] * input[t + kt][row + ky - p][column + kx - p][c]
//
// The input, its borders and p are those of causalConv3d.wgsl. Changes for processors: an outer product in one subgroup, as
// linear.subgroup.wgsl explains. A lane loads the weights of its own 4 output channels and one pixel of every 8; pixels
// outside the picture are read from its border and made 0. inChannels and outChannels are multiples of 4.
// Bindings: x [frames, height, width, inChannels], older and newer [1, height, width, inChannels], f32 or two 16-bit values
//   to a word; weight [outChannels, 3, KERNEL_XY, KERNEL_XY, inChannels], likewise; bias f32 [outChannels]; y f32 [rows,
//   width, outChannels], picture rows firstRow and on of all frames * height.
// Grid: one subgroup of SUBGROUP invocations, 8 or more, for each tile of 8 * GROUPS pixels by 4 * SUBGROUP channels.
// Precision: products and sums in f32, four channels at a time; 16-bit values are widened exactly.
// Twin: reference/convs.ts

enable subgroups;
requires unrestricted_pointer_parameters;

override SUBGROUP: u32;
override GROUPS: u32; // of 8 pixels: 2 or 4
override WEIGHT_TYPE: u32; // 0 f32, 1 bf16, 2 f16
override INPUT_TYPE: u32; // of x, older and newer
override KERNEL_XY: u32; // 3 or 1

struct Params {
  firstRow: u32,
  rows: u32,
  height: u32,
  width: u32,
  inChannels: u32,
  outChannels: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec2u>;
@group(0) @binding(2) var<storage, read> older: array<vec2u>;
@group(0) @binding(3) var<storage, read> newer: array<vec2u>;
@group(0) @binding(4) var<storage, read> weight: array<vec2u>;
@group(0) @binding(5) var<storage, read> bias: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;

// Four elements that follow one another, as f32.
fn widened(source: ptr<storage, array<vec2u>, read>, kind: u32, index: u32) -> vec4f {
  if (kind == 0u) {
    return bitcast<vec4f>(vec4u((*source)[2u * index], (*source)[2u * index + 1u]));
  }
  let pair = (*source)[index];
  if (kind == 1u) {
    return bitcast<vec4f>(vec4u(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u));
  }
  return vec4f(unpack2x16float(pair.x), unpack2x16float(pair.y));
}

// An output pixel of a lane: its place in the video.
struct Pixel {
  frame: u32,
  row: i32,
  column: i32,
}

fn pixelAt(index: u32) -> Pixel {
  let pixel = params.firstRow * params.width + min(index, params.rows * params.width - 1u);
  let row = pixel / params.width;
  return Pixel(row / params.height, i32(row % params.height), i32(pixel % params.width));
}

// What one tap of a pixel reads.
struct Source {
  frame: u32, // 0 older, 1 newer, then those of x
  start: u32, // in vec4
  inside: bool,
}

fn sourceOf(pixel: Pixel, tap: vec3u) -> Source {
  let pad = i32(KERNEL_XY / 2u);
  let size = vec2i(i32(params.width), i32(params.height));
  let wanted = vec2i(pixel.column + i32(tap.x) - pad, pixel.row + i32(tap.y) - pad);
  let found = vec2u(clamp(wanted, vec2i(), size - 1));
  let frame = pixel.frame + tap.z;
  let picture = max(frame, 2u) - 2u;
  let start = ((picture * params.height + found.y) * params.width + found.x) * (params.inChannels / 4u);
  return Source(frame, start, all(vec2u(wanted) == found));
}

fn inputAt(source: Source, channels: u32) -> vec4f {
  var values: vec4f;
  if (source.frame > 1u) {
    values = widened(&x, INPUT_TYPE, source.start + channels);
  } else if (source.frame == 1u) {
    values = widened(&newer, INPUT_TYPE, source.start + channels);
  } else {
    values = widened(&older, INPUT_TYPE, source.start + channels);
  }
  return select(vec4f(), values, source.inside);
}

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let channelTiles = (params.outChannels + 4u * SUBGROUP - 1u) / (4u * SUBGROUP);
  let tile = group.x + group.y * groups.x;
  let first = (tile / channelTiles) * 8u * GROUPS;
  let channel = (tile % channelTiles) * 4u * SUBGROUP + 4u * lane;
  if (first >= params.rows * params.width) {
    return;
  }
  let pixel0 = pixelAt(first + lane % 8u);
  let pixel1 = pixelAt(first + 8u + lane % 8u);
  let pixel2 = pixelAt(first + 16u + lane % 8u);
  let pixel3 = pixelAt(first + 24u + lane % 8u);

  let depth = params.inChannels / 4u;
  let taps = 3u * KERNEL_XY * KERNEL_XY;
  let stride = taps * depth; // of an output channel's weights
  var w = min(channel, params.outChannels - 4u) * stride;
  var sums0: array<vec4f, 8>;
  var sums1: array<vec4f, 8>;
  var sums2: array<vec4f, 8>;
  var sums3: array<vec4f, 8>;
  for (var tap = 0u; tap < taps; tap++) {
    let place = vec3u(tap % KERNEL_XY, tap / KERNEL_XY % KERNEL_XY, tap / (KERNEL_XY * KERNEL_XY));
    let source0 = sourceOf(pixel0, place);
    let source1 = sourceOf(pixel1, place);
    let source2 = sourceOf(pixel2, place);
    let source3 = sourceOf(pixel3, place);
    for (var c = 0u; c < depth; c++) {
      let weights = mat4x4f(
        widened(&weight, WEIGHT_TYPE, w),
        widened(&weight, WEIGHT_TYPE, w + stride),
        widened(&weight, WEIGHT_TYPE, w + 2u * stride),
        widened(&weight, WEIGHT_TYPE, w + 3u * stride),
      );
      w++;
      let values0 = inputAt(source0, c);
      let values1 = inputAt(source1, c);
      for (var i = 0u; i < 8u; i++) {
        sums0[i] += subgroupShuffle(values0, i) * weights;
        sums1[i] += subgroupShuffle(values1, i) * weights;
      }
      if (GROUPS > 2u) {
        let values2 = inputAt(source2, c);
        let values3 = inputAt(source3, c);
        for (var i = 0u; i < 8u; i++) {
          sums2[i] += subgroupShuffle(values2, i) * weights;
          sums3[i] += subgroupShuffle(values3, i) * weights;
        }
      }
    }
  }

  if (channel >= params.outChannels) {
    return;
  }
  let offset = bias[channel / 4u];
  for (var i = 0u; i < 8u; i++) {
    store(first + i, channel, sums0[i] + offset);
    store(first + 8u + i, channel, sums1[i] + offset);
    if (GROUPS > 2u) {
      store(first + 16u + i, channel, sums2[i] + offset);
      store(first + 24u + i, channel, sums3[i] + offset);
    }
  }
}

fn store(pixel: u32, channel: u32, sums: vec4f) {
  if (pixel < params.rows * params.width) {
    y[(pixel * params.outChannels + channel) / 4u] = sums;
  }
}
