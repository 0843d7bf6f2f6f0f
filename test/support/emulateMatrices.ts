/**
 * WGSL with subgroup matrices rewritten so that any adapter with subgroups runs it: a matrix that is loaded becomes the place
 * it lies at, a sum the number of one that lies in workgroup memory, and the functions become loops. What it shows is that
 * a kernel loads, multiplies and stores the right values; not that a driver's own functions do, nor how fast, nor how they
 * round. It knows kernels that load from an array `tile`, change it between barriers only, and add up in `sums`.
 * @param lanes of every subgroup of the adapter
 * The signatures are those of Dawn, docs/dawn/features/subgroup_matrix.md and src/tint/lang/core/core.def.
 */
export function emulateMatrices(source: string, lanes: number): string {
  const sizeOf = (name: string) => {
    const [, columns, rows] = new RegExp(`alias ${name} = subgroup_matrix_\\w+<\\w+, (\\d+), (\\d+)>;`).exec(source)!;
    return { columns: Number(columns), rows: Number(rows) };
  };
  const { columns, rows } = sizeOf('Sum');
  const depth = sizeOf('Left').columns;
  const stores = new Set<string>();
  const rewritten = source
    .replace('enable chromium_experimental_subgroup_matrix;\n', '')
    .replace(/alias Sum = .*;/, 'alias Sum = u32;')
    .replaceAll(/alias (\w+) = subgroup_matrix_.*;/g, 'alias $1 = Place;')
    .replace(/subgroupMatrixLoad<\w+, (row|col)_major>\(&tile, /g, (_, major) => `${major}Major(`)
    .replace(/subgroupMatrixStore<row_major>\(&(\w+), /g, (_, variable) => {
      stores.add(variable);
      return `${variable}Store(`;
    })
    .replaceAll('subgroupMatrixMultiplyAccumulate(', 'multiplyAccumulate(')
    .replaceAll(/([ij] < [24]u);/g, '$1 + none();')
    .replace('@builtin(subgroup_id)', '@builtin(subgroup_invocation_id) own: u32, $&')
    .replace('  let columnTiles', '  mine = own;\n$&')
    .replace(/var sums: array<array<Sum, (\d)>, \d>;/, (declaration, across) => {
      const number = `(subgroup % 4u) * ${across * across}u + i * ${across}u + j`;
      const each = ['i', 'j'].map((name) => `for (var ${name} = 0u; ${name} < ${across}u; ${name}++)`).join(' { ');
      return `${declaration} ${each} { sums[i][j] = ${number}; } }`;
    });
  const eachOfMine = `for (var at = mine; at < ${rows * columns}u + none(); at += ${lanes}u)`;
  const storing = [...stores].map(
    (name) => `fn ${name}Store(offset: u32, sum: Sum, stride: u32) { ${eachOfMine} {
      ${name}[offset + at / ${columns}u * stride + at % ${columns}u] = added[sum * ${rows * columns}u + at]; } }`,
  );
  return `${rewritten}
    struct Place { offset: u32, down: u32, along: u32 }
    var<private> mine: u32;
    var<workgroup> added: array<f32, 4096>;
    ${NONE}
    fn rowMajor(offset: u32, stride: u32) -> Place { return Place(offset, stride, 1u); }
    fn colMajor(offset: u32, stride: u32) -> Place { return Place(offset, 1u, stride); }
    fn multiplyAccumulate(left: Place, right: Place, sum: Sum) -> Sum {
      ${eachOfMine} {
        let a = left.offset + at / ${columns}u * left.down;
        let b = right.offset + at % ${columns}u * right.along;
        var products = added[sum * ${rows * columns}u + at];
        for (var k = 0u; k < ${depth}u + none(); k++) {
          products += f32(tile[a + k * left.along]) * f32(tile[b + k * right.down]);
        }
        added[sum * ${rows * columns}u + at] = products;
      }
      return sum;
    }
    ${storing.join('\n')}`;
}

/** 0, which compilers do not know: they would write out every loop, and take minutes for it. */
const NONE = 'fn none() -> u32 { return params.rows >> 31u; }';
