// y[t][row][column][o] = bias[o] + sum_{ky, kx, c} weight[o][ky][kx][c] * input[t][row * s + ky - p][column * s + kx - p][c]
//
// The input, its borders, s and p are those of conv2d.wgsl. Changes for processors: an outer product in one subgroup, as
// linear.subgroup.wgsl explains. A lane loads the weights of its own 4 output channels and one pixel of every 8; pixels
// outside the picture are read from its border and made 0. inChannels and outChannels are multiples of 4.
// Bindings: x [frames, height, width, parts * inChannels] and weight [outChannels, 3, 3, inChannels], f32 or two 16-bit
//   values to a word; bias f32 [outChannels]; y f32 [rows, outWidth, outChannels], picture rows firstRow and on of all.
// Grid: one subgroup of SUBGROUP invocations, 8 or more, for each tile of 8 * GROUPS pixels by 4 * SUBGROUP channels.
// Precision: products and sums in f32, four channels at a time; 16-bit values are widened exactly.
// Twin: reference/convs.ts

enable subgroups;
requires unrestricted_pointer_parameters;

override SUBGROUP: u32;
override GROUPS: u32; // of 8 pixels: 2 or 4
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
@group(0) @binding(1) var<storage, read> x: array<vec2u>;
@group(0) @binding(2) var<storage, read> weight: array<vec2u>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

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

// An output pixel of a lane: where its input's frame begins, in vec4, and the first tap's place in that frame.
struct Pixel {
  start: u32,
  corner: vec2i,
}

fn outputSize() -> vec2u {
  return vec2u(params.width, params.height) * SCALE / STRIDE;
}

fn pixelAt(index: u32) -> Pixel {
  let size = outputSize();
  let pixel = params.firstRow * size.x + min(index, params.rows * size.x - 1u);
  let row = pixel / size.x;
  let frame = row / size.y;
  let pictures = (frame / params.parts) * params.height * params.width * params.parts + frame % params.parts;
  let corner = vec2i(vec2u(pixel % size.x, row % size.y) * STRIDE) - vec2i(i32(2u - STRIDE));
  return Pixel(pictures * (params.inChannels / 4u), corner);
}

// What one tap of a pixel reads.
struct Source {
  start: u32, // in vec4
  inside: bool,
}

fn sourceOf(pixel: Pixel, tap: vec2u) -> Source {
  let wanted = pixel.corner + vec2i(tap);
  let found = vec2u(clamp(wanted, vec2i(), vec2i(vec2u(params.width, params.height) * SCALE) - 1));
  let place = found / SCALE;
  let step = params.parts * (params.inChannels / 4u);
  return Source(pixel.start + (place.y * params.width + place.x) * step, all(vec2u(wanted) == found));
}

fn inputAt(source: Source, channels: u32) -> vec4f {
  return select(vec4f(), widened(&x, INPUT_TYPE, source.start + channels), source.inside);
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
  let pixels = params.rows * outputSize().x;
  if (first >= pixels) {
    return;
  }
  let pixel0 = pixelAt(first + lane % 8u);
  let pixel1 = pixelAt(first + 8u + lane % 8u);
  let pixel2 = pixelAt(first + 16u + lane % 8u);
  let pixel3 = pixelAt(first + 24u + lane % 8u);

  let depth = params.inChannels / 4u;
  let stride = 9u * depth; // of an output channel's weights
  var w = min(channel, params.outChannels - 4u) * stride;
  var sums0: array<vec4f, 8>;
  var sums1: array<vec4f, 8>;
  var sums2: array<vec4f, 8>;
  var sums3: array<vec4f, 8>;
  for (var tap = 0u; tap < 9u; tap++) {
    let place = vec2u(tap % 3u, tap / 3u);
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
    store(pixels, first + i, channel, sums0[i] + offset);
    store(pixels, first + 8u + i, channel, sums1[i] + offset);
    if (GROUPS > 2u) {
      store(pixels, first + 16u + i, channel, sums2[i] + offset);
      store(pixels, first + 24u + i, channel, sums3[i] + offset);
    }
  }
}

fn store(pixels: u32, pixel: u32, channel: u32, sums: vec4f) {
  if (pixel < pixels) {
    y[(pixel * params.outChannels + channel) / 4u] = sums;
  }
}
