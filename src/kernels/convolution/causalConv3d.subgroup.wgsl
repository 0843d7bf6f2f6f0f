// y[t][row][column][o] = bias[o] + sum_{kt, ky, kx, c} weight[o][kt][ky][kx][c] * input[t + kt][row + ky - p][column + kx - p][c]
//
// The input, its borders and p are those of causalConv3d.wgsl. Changes for processors: an outer product in one subgroup, as
// linear.subgroup.wgsl explains. A lane loads the weights of its own 4 output channels and 4 of the tile's pixels; pixels
// outside the picture are read from its border and made 0. A tile lies in one frame, so that all of a tap comes from one
// buffer: one branch for 4 loads. lavapipe compiles fast where loads and stores are few in the text, hence the loop that
// stores, and runs a quarter faster where the weights are loaded last. inChannels and outChannels are multiples of 4.
// Bindings: x [frames, height, width, inChannels], older and newer [1, height, width, inChannels], f32 or two 16-bit values
//   to a word; weight [outChannels, 3, KERNEL_XY, KERNEL_XY, inChannels], likewise; bias f32 [outChannels]; y f32 [rows,
//   width, outChannels], picture rows firstRow and on of all frames * height.
// Grid: one subgroup of SUBGROUP invocations, 8 or more, for each tile of 32 pixels of a frame by 4 * SUBGROUP channels;
//   all tiles of the frames that have bound rows.
// Precision: products and sums in f32, four channels at a time; 16-bit values are widened exactly.
// Twin: convs.twin.ts

enable subgroups;
requires unrestricted_pointer_parameters;

override SUBGROUP: u32;
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
@group(0) @binding(1) var<storage, read> x: array<vec2u>;
@group(0) @binding(2) var<storage, read> older: array<vec2u>;
@group(0) @binding(3) var<storage, read> newer: array<vec2u>;
@group(0) @binding(4) var<storage, read> weight: array<vec2u>;
@group(0) @binding(5) var<storage, read> bias: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;

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

// The column and row of a frame's pixel; those past the last repeat it, and are not stored.
fn pixelAt(index: u32) -> vec2i {
  let pixel = min(index, params.height * params.width - 1u);
  return vec2i(vec2u(pixel % params.width, pixel / params.width));
}

// Passage: what a tap reads
// What one tap of a pixel reads.
struct Source {
  start: u32, // in vec4
  inside: f32, // 0 outside the picture, else 1
}

fn sourceOf(pixel: vec2i, tap: vec2u, picture: u32) -> Source {
  let wanted = pixel + vec2i(tap) - i32(KERNEL_XY / 2u);
  let found = vec2u(clamp(wanted, vec2i(), vec2i(vec2u(params.width, params.height)) - 1));
  let start = (picture * params.height + found.y) * params.width + found.x;
  return Source(start * (params.inChannels / 4u), select(0.0, 1.0, all(vec2u(wanted) == found)));
}

// Four channels of four pixels, a column each.
fn valuesOf(input: ptr<storage, array<vec2u>, read>, starts: vec4u) -> mat4x4f {
  return mat4x4f(
    widened(input, INPUT_TYPE, starts.x),
    widened(input, INPUT_TYPE, starts.y),
    widened(input, INPUT_TYPE, starts.z),
    widened(input, INPUT_TYPE, starts.w),
  );
}

@compute @workgroup_size(SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let channelTiles = (params.outChannels + 4u * SUBGROUP - 1u) / (4u * SUBGROUP);
  let pixels = params.height * params.width;
  let pixelTiles = (pixels + TILE - 1u) / TILE;
  let index = group.x + group.y * groups.x;
  let tile = index / channelTiles;
  let channel = (index % channelTiles) * 4u * SUBGROUP + 4u * lane;
  let frame = params.firstRow / params.height + tile / pixelTiles;
  let first = (tile % pixelTiles) * TILE;
  let firstBound = params.firstRow * params.width; // of all pixels of all frames
  let endBound = firstBound + params.rows * params.width;
  if (frame * pixels + first >= endBound || frame * pixels + first + TILE <= firstBound) {
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
    let place = vec2u(tap % KERNEL_XY, tap / KERNEL_XY % KERNEL_XY);
    let inputFrame = frame + tap / (KERNEL_XY * KERNEL_XY); // 0 older, 1 newer, then those of x
    let picture = max(inputFrame, 2u) - 2u;
    let source0 = sourceOf(pixel0, place, picture);
    let source1 = sourceOf(pixel1, place, picture);
    let source2 = sourceOf(pixel2, place, picture);
    let source3 = sourceOf(pixel3, place, picture);
    let starts = vec4u(source0.start, source1.start, source2.start, source3.start);
    for (var c = 0u; c < depth; c++) {
      var values: mat4x4f;
      if (inputFrame > 1u) {
        values = valuesOf(&x, starts + c);
      } else if (inputFrame == 1u) {
        values = valuesOf(&newer, starts + c);
      } else {
        values = valuesOf(&older, starts + c);
      }
      let values0 = values[0] * source0.inside;
      let values1 = values[1] * source1.inside;
      let values2 = values[2] * source2.inside;
      let values3 = values[3] * source3.inside;
      let weights = mat4x4f(
        widened(&weight, WEIGHT_TYPE, w),
        widened(&weight, WEIGHT_TYPE, w + stride),
        widened(&weight, WEIGHT_TYPE, w + 2u * stride),
        widened(&weight, WEIGHT_TYPE, w + 3u * stride),
      );
      w++;
      for (var i = 0u; i < 8u; i++) {
        sums0[i] += subgroupShuffle(values0, i) * weights;
      }
      for (var i = 0u; i < 8u; i++) {
        sums1[i] += subgroupShuffle(values1, i) * weights;
      }
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
