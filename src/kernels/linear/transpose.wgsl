// y[column][row] = x[row][column]
//
// Bindings: x [rows, columns], 32-bit values or two of 16 bits to a word; y [columns, rows] of the same, rows even where it
//   is packed.
// Grid: one workgroup of 64 invocations for each tile of 32 rows by 32 columns of x, so that what is read across its rows
//   is read while it is near; neighbours write neighbouring words.
// Precision: values are copied.
// Twin: transpose.twin.ts

override IS_PACKED: u32;

struct Params {
  rows: u32,
  columns: u32, // of the whole tensor
  firstColumn: u32, // of this launch, where it is a piece
  columnCount: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

const TILE = 32u;

// One value of 16 bits, in the lower half.
fn halfAt(index: u32) -> u32 {
  return (x[index / 2u] >> (16u * (index & 1u))) & 0xffffu;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let rowTiles = (params.rows + TILE - 1u) / TILE;
  let tile = group.x + group.y * groups.x;
  let firstRow = tile % rowTiles * TILE;
  let firstColumn = tile / rowTiles * TILE;
  let endColumn = min(firstColumn + TILE, params.columnCount);
  let together = select(1u, 2u, IS_PACKED == 1u); // values of a word
  let across = TILE / together; // words that a row of the tile's result takes
  let row = firstRow + together * (lane % across);
  if (row >= params.rows) {
    return;
  }
  for (var column = firstColumn + lane / across; column < endColumn; column += 64u / across) {
    let source = row * params.columns + params.firstColumn + column;
    let word = (column * params.rows + row) / together;
    if (IS_PACKED == 1u) {
      y[word] = halfAt(source) | (halfAt(source + params.columns) << 16u);
    } else {
      y[word] = x[source];
    }
  }
}
