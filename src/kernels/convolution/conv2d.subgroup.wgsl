// y[t][row][column][o] = bias[o] + sum_{ky, kx, c} weight[o][ky][kx][c] * input[t][row * s + ky - p][column * s + kx - p][c]
//
// The input, its borders, s and p are those of conv2d.wgsl. Changes for processors: those of causalConv3d.subgroup.wgsl, but
// inputs are loaded last, two at a time: that is faster where there is no branch. inChannels and outChannels are multiples
// of 4.
// Bindings: x [frames, height, width, parts * inChannels] and weight [outChannels, 3, 3, inChannels], f32 or two 16-bit
//   values to a word; bias f32 [outChannels]; y f32 [rows, outWidth, outChannels], picture rows firstRow and on of all.
// Grid: one subgroup of SUBGROUP invocations, 8 or more, for each tile of 32 pixels of a picture by 4 * SUBGROUP channels;
//   all tiles of the pictures that have bound rows.
// Precision: products and sums in f32, four channels at a time; 16-bit values are widened exactly.
// Twin: convs.twin.ts

enable subgroups;
requires unrestricted_pointer_parameters;

override SUBGROUP: u32;
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
@group(0) @binding(1) var<storage, read> x: array<vec2u>;
@group(0) @binding(2) var<storage, read> weight: array<vec2u>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

const TILE = 32u; // pixels

// Passage: four of 16 bits
// Four elements that follow one another, bf16 where `kind` is 1, else f16, as f32.
fn fourOf(pair: vec2u, kind: u32) -> vec4f {
  if (kind == 1u) {
    return bitcast<vec4f>(vec4u(pair.x << 16u, pair.x & 0xffff0000u, pair.y << 16u, pair.y & 0xffff0000u));
  }
  return vec4f(unpack2x16float(pair.x), unpack2x16float(pair.y));
}

// Passage: four of any type
// Four elements that follow one another, as f32.
fn widened(source: ptr<storage, array<vec2u>, read>, kind: u32, index: u32) -> vec4f {
  if (kind == 0u) {
    return bitcast<vec4f>(vec4u((*source)[2u * index], (*source)[2u * index + 1u]));
  }
  return fourOf((*source)[index], kind);
}

fn outputSize() -> vec2u {
  return vec2u(params.width, params.height) * SCALE / STRIDE;
}

// The first tap of a picture's pixel; pixels past the last repeat it, and are not stored.
fn cornerOf(index: u32) -> vec2i {
  let size = outputSize();
  let pixel = min(index, size.x * size.y - 1u);
  return vec2i(vec2u(pixel % size.x, pixel / size.x) * STRIDE) - i32(PADDING);
}

// Passage: what a tap reads
// What one tap of a pixel reads.
struct Source {
  start: u32, // in vec4
  inside: f32, // 0 outside the picture, else 1
}

fn sourceOf(corner: vec2i, tap: vec2u, picture: u32) -> Source {
  let wanted = corner + vec2i(tap);
  let found = vec2u(clamp(wanted, vec2i(), vec2i(vec2u(params.width, params.height) * SCALE) - 1));
  let place = found / SCALE;
  let pixel = (place.y * params.width + place.x) * params.parts + picture;
  return Source(pixel * (params.inChannels / 4u), select(0.0, 1.0, all(vec2u(wanted) == found)));
}

fn inputAt(source: Source, index: u32) -> vec4f {
  return widened(&x, INPUT_TYPE, source.start + index) * source.inside;
}

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let channelTiles = (params.outChannels + 4u * SUBGROUP - 1u) / (4u * SUBGROUP);
  let size = outputSize();
  let pixels = size.x * size.y;
  let pixelTiles = (pixels + TILE - 1u) / TILE;
  let index = group.x + group.y * groups.x;
  let tile = index / channelTiles;
  let channel = (index % channelTiles) * 4u * SUBGROUP + 4u * lane;
  let frame = params.firstRow / size.y + tile / pixelTiles;
  let first = (tile % pixelTiles) * TILE;
  let firstBound = params.firstRow * size.x; // of all pixels of all pictures
  let endBound = firstBound + params.rows * size.x;
  if (frame * pixels + first >= endBound || frame * pixels + first + TILE <= firstBound) {
    return;
  }
  let corner0 = cornerOf(first + lane % 8u);
  let corner1 = cornerOf(first + 8u + lane % 8u);
  let corner2 = cornerOf(first + 16u + lane % 8u);
  let corner3 = cornerOf(first + 24u + lane % 8u);

  let depth = params.inChannels / 4u;
  let picture = frame / params.parts * params.height * params.width * params.parts + frame % params.parts; // its first pixel
  let stride = 9u * depth; // of an output channel's weights
  var w = min(channel, params.outChannels - 4u) * stride;
  var sums0: array<vec4f, 8>;
  var sums1: array<vec4f, 8>;
  var sums2: array<vec4f, 8>;
  var sums3: array<vec4f, 8>;
  for (var tap = 0u; tap < 9u; tap++) {
    let place = vec2u(tap % 3u, tap / 3u);
    let source0 = sourceOf(corner0, place, picture);
    let source1 = sourceOf(corner1, place, picture);
    let source2 = sourceOf(corner2, place, picture);
    let source3 = sourceOf(corner3, place, picture);
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
      }
      for (var i = 0u; i < 8u; i++) {
        sums1[i] += subgroupShuffle(values1, i) * weights;
      }
      let values2 = inputAt(source2, c);
      let values3 = inputAt(source3, c);
      for (var i = 0u; i < 8u; i++) {
        sums2[i] += subgroupShuffle(values2, i) * weights;
      }
      for (var i = 0u; i < 8u; i++) {
        sums3[i] += subgroupShuffle(values3, i) * weights;
      }
    }
  }

  if (channel >= params.outChannels) {
    return;
  }
  let offset = bias[channel / 4u];
  let count = min(TILE, pixels - first);
  for (var j = 0u; j < count; j++) {
    var sum: vec4f;
    for (var i = 0u; i < 8u; i++) {
      sum = select(sum, sums0[i], j == i);
      sum = select(sum, sums1[i], j == 8u + i);
      sum = select(sum, sums2[i], j == 16u + i);
      sum = select(sum, sums3[i], j == 24u + i);
    }
    let pixel = frame * pixels + first + j;
    if (pixel >= firstBound && pixel < endBound) {
      y[((pixel - firstBound) * params.outChannels + channel) / 4u] = sum + offset;
    }
  }
}
