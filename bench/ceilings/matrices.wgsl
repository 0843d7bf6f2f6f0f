// What matrices of 16 by 16 reach at best: ROWS by COLUMNS sums a subgroup, whose factors stay in registers, or are loaded from
// workgroup memory for every step as linear.matrixHalf.wgsl does (LOADS).

enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);

override SUBGROUP: u32;
override SUBGROUPS: u32;
override ROWS: u32; // at most 4
override COLUMNS: u32;
override LOADS: u32; // 1: from workgroup memory, for every step

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
  var sums: array<array<Sum, 4>, 4>;
  var rows: array<Left, 4>;
  var columns: array<Right, 4>;
  let top = subgroup % 2u * 64u * PITCH;
  let left = (LINES + subgroup / 2u % 2u * 64u) * PITCH;
  for (var i = 0u; i < 4u; i++) {
    rows[i] = subgroupMatrixLoad<Left, row_major>(&tile, top + 16u * i * PITCH, PITCH);
    columns[i] = subgroupMatrixLoad<Right, col_major>(&tile, left + 16u * i * PITCH, PITCH);
  }
  for (var step = 0u; step < params.steps; step++) {
    if (LOADS == 1u) {
      let k = 2u * (step % 2u);
      for (var i = 0u; i < ROWS; i++) {
        rows[i] = subgroupMatrixLoad<Left, row_major>(&tile, top + 16u * i * PITCH + k, PITCH);
      }
      for (var j = 0u; j < COLUMNS; j++) {
        columns[j] = subgroupMatrixLoad<Right, col_major>(&tile, left + 16u * j * PITCH + k, PITCH);
      }
    }
    for (var i = 0u; i < ROWS; i++) {
      for (var j = 0u; j < COLUMNS; j++) {
        sums[i][j] = subgroupMatrixMultiplyAccumulate(rows[i], columns[j], sums[i][j]);
      }
    }
  }
  for (var i = 0u; i < ROWS; i++) {
    for (var j = 0u; j < COLUMNS; j++) {
      let owner = (group.x + group.y * groups.x) * SUBGROUPS + subgroup % SUBGROUPS;
      subgroupMatrixStore<row_major>(&y, ((owner * ROWS + i) * COLUMNS + j) * 256u, sums[i][j], 16u);
    }
  }
}
