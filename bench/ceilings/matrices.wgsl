// What matrices of 16 by 16 reach at best: ROWS by COLUMNS sums a subgroup, whose factors stay in registers, or are loaded from
// workgroup memory for every step, as linear.matrixHalf.wgsl does or as attention.matrix.wgsl does for values (LOADS).

enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);

override SUBGROUP: u32;
override SUBGROUPS: u32;
override ROWS: u32; // 2 to 4, and of COLUMNS, each matrix a variable of its own: drivers leave arrays of them in memory
override COLUMNS: u32;
override LOADS: u32; // after a barrier, without which compilers load once: 1 columns, 2 rows of the right matrix; 3 the barrier alone

struct Params {
  steps: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> factor: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

alias Left = subgroup_matrix_left<f16, 16, 16>;
alias Right = subgroup_matrix_right<f16, 16, 16>;
alias Sum = subgroup_matrix_result<f32, 16, 16>;

const LINES = 128u;
const PITCH = 5u;
var<workgroup> tile: array<vec4u, 2u * LINES * PITCH>;

@compute @workgroup_size(SUBGROUPS * SUBGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  for (var i = lane; i < 2u * LINES * PITCH; i += SUBGROUPS * SUBGROUP) {
    tile[i] = vec4u(factor[0]);
  }
  workgroupBarrier();
  var c00: Sum; var c01: Sum; var c02: Sum; var c03: Sum;
  var c10: Sum; var c11: Sum; var c12: Sum; var c13: Sum;
  var c20: Sum; var c21: Sum; var c22: Sum; var c23: Sum;
  var c30: Sum; var c31: Sum; var c32: Sum; var c33: Sum;
  let top = subgroup % 2u * 64u * PITCH;
  let left = (LINES + subgroup / 2u % 2u * 64u) * PITCH;
  var a0 = subgroupMatrixLoad<Left, row_major>(&tile, top, PITCH);
  var a1 = subgroupMatrixLoad<Left, row_major>(&tile, top + 16u * PITCH, PITCH);
  var a2 = subgroupMatrixLoad<Left, row_major>(&tile, top + 32u * PITCH, PITCH);
  var a3 = subgroupMatrixLoad<Left, row_major>(&tile, top + 48u * PITCH, PITCH);
  var b0 = subgroupMatrixLoad<Right, col_major>(&tile, left, PITCH);
  var b1 = subgroupMatrixLoad<Right, col_major>(&tile, left + 16u * PITCH, PITCH);
  var b2 = subgroupMatrixLoad<Right, col_major>(&tile, left + 32u * PITCH, PITCH);
  var b3 = subgroupMatrixLoad<Right, col_major>(&tile, left + 48u * PITCH, PITCH);
  for (var step = 0u; step < params.steps; step++) {
    if (LOADS > 0u) {
      workgroupBarrier();
    }
    let k = 2u * (step % 2u);
    if (LOADS == 1u || LOADS == 2u) {
      a0 = subgroupMatrixLoad<Left, row_major>(&tile, top + k, PITCH);
      a1 = subgroupMatrixLoad<Left, row_major>(&tile, top + 16u * PITCH + k, PITCH);
      if (ROWS > 2u) { a2 = subgroupMatrixLoad<Left, row_major>(&tile, top + 32u * PITCH + k, PITCH); }
      if (ROWS > 3u) { a3 = subgroupMatrixLoad<Left, row_major>(&tile, top + 48u * PITCH + k, PITCH); }
    }
    if (LOADS == 1u) {
      b0 = subgroupMatrixLoad<Right, col_major>(&tile, left + k, PITCH);
      b1 = subgroupMatrixLoad<Right, col_major>(&tile, left + 16u * PITCH + k, PITCH);
      if (COLUMNS > 2u) { b2 = subgroupMatrixLoad<Right, col_major>(&tile, left + 32u * PITCH + k, PITCH); }
      if (COLUMNS > 3u) { b3 = subgroupMatrixLoad<Right, col_major>(&tile, left + 48u * PITCH + k, PITCH); }
    }
    if (LOADS == 2u) {
      b0 = subgroupMatrixLoad<Right, row_major>(&tile, left + k, PITCH);
      b1 = subgroupMatrixLoad<Right, row_major>(&tile, left + 16u * PITCH + k, PITCH);
      if (COLUMNS > 2u) { b2 = subgroupMatrixLoad<Right, row_major>(&tile, left + 32u * PITCH + k, PITCH); }
      if (COLUMNS > 3u) { b3 = subgroupMatrixLoad<Right, row_major>(&tile, left + 48u * PITCH + k, PITCH); }
    }
    c00 = subgroupMatrixMultiplyAccumulate(a0, b0, c00);
    c01 = subgroupMatrixMultiplyAccumulate(a0, b1, c01);
    if (COLUMNS > 2u) { c02 = subgroupMatrixMultiplyAccumulate(a0, b2, c02); }
    if (COLUMNS > 3u) { c03 = subgroupMatrixMultiplyAccumulate(a0, b3, c03); }
    c10 = subgroupMatrixMultiplyAccumulate(a1, b0, c10);
    c11 = subgroupMatrixMultiplyAccumulate(a1, b1, c11);
    if (COLUMNS > 2u) { c12 = subgroupMatrixMultiplyAccumulate(a1, b2, c12); }
    if (COLUMNS > 3u) { c13 = subgroupMatrixMultiplyAccumulate(a1, b3, c13); }
    if (ROWS > 2u) {
      c20 = subgroupMatrixMultiplyAccumulate(a2, b0, c20);
      c21 = subgroupMatrixMultiplyAccumulate(a2, b1, c21);
      if (COLUMNS > 2u) { c22 = subgroupMatrixMultiplyAccumulate(a2, b2, c22); }
      if (COLUMNS > 3u) { c23 = subgroupMatrixMultiplyAccumulate(a2, b3, c23); }
    }
    if (ROWS > 3u) {
      c30 = subgroupMatrixMultiplyAccumulate(a3, b0, c30);
      c31 = subgroupMatrixMultiplyAccumulate(a3, b1, c31);
      if (COLUMNS > 2u) { c32 = subgroupMatrixMultiplyAccumulate(a3, b2, c32); }
      if (COLUMNS > 3u) { c33 = subgroupMatrixMultiplyAccumulate(a3, b3, c33); }
    }
  }
  let owner = (group.x + group.y * groups.x) * SUBGROUPS + subgroup % SUBGROUPS;
  let mine = owner * ROWS * COLUMNS * 256u;
  subgroupMatrixStore<row_major>(&y, mine + (0u * COLUMNS + 0u) * 256u, c00, 16u);
  subgroupMatrixStore<row_major>(&y, mine + (0u * COLUMNS + 1u) * 256u, c01, 16u);
  if (COLUMNS > 2u) { subgroupMatrixStore<row_major>(&y, mine + (0u * COLUMNS + 2u) * 256u, c02, 16u); }
  if (COLUMNS > 3u) { subgroupMatrixStore<row_major>(&y, mine + (0u * COLUMNS + 3u) * 256u, c03, 16u); }
  subgroupMatrixStore<row_major>(&y, mine + (1u * COLUMNS + 0u) * 256u, c10, 16u);
  subgroupMatrixStore<row_major>(&y, mine + (1u * COLUMNS + 1u) * 256u, c11, 16u);
  if (COLUMNS > 2u) { subgroupMatrixStore<row_major>(&y, mine + (1u * COLUMNS + 2u) * 256u, c12, 16u); }
  if (COLUMNS > 3u) { subgroupMatrixStore<row_major>(&y, mine + (1u * COLUMNS + 3u) * 256u, c13, 16u); }
  if (ROWS > 2u) {
    subgroupMatrixStore<row_major>(&y, mine + (2u * COLUMNS + 0u) * 256u, c20, 16u);
    subgroupMatrixStore<row_major>(&y, mine + (2u * COLUMNS + 1u) * 256u, c21, 16u);
    if (COLUMNS > 2u) { subgroupMatrixStore<row_major>(&y, mine + (2u * COLUMNS + 2u) * 256u, c22, 16u); }
    if (COLUMNS > 3u) { subgroupMatrixStore<row_major>(&y, mine + (2u * COLUMNS + 3u) * 256u, c23, 16u); }
  }
  if (ROWS > 3u) {
    subgroupMatrixStore<row_major>(&y, mine + (3u * COLUMNS + 0u) * 256u, c30, 16u);
    subgroupMatrixStore<row_major>(&y, mine + (3u * COLUMNS + 1u) * 256u, c31, 16u);
    if (COLUMNS > 2u) { subgroupMatrixStore<row_major>(&y, mine + (3u * COLUMNS + 2u) * 256u, c32, 16u); }
    if (COLUMNS > 3u) { subgroupMatrixStore<row_major>(&y, mine + (3u * COLUMNS + 3u) * 256u, c33, 16u); }
  }
}
