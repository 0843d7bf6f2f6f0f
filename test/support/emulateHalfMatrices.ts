/**
 * WGSL with subgroup matrices of 16 by 16 rewritten so that any adapter with subgroups of 4 to 16 lanes runs it: each lane
 * holds some elements of a matrix, and the functions become loops over them. What it shows is that a kernel loads,
 * multiplies and stores the right values; not that a driver's own functions do, nor how fast, nor how they round. It knows
 * kernels whose matrices lie in an array `tile` of vec4u: eight values in f16, or four in f32, to a cell.
 * @param lanes of every subgroup of the adapter
 * The signatures are those of Dawn, docs/dawn/features/subgroup_matrix.md and src/tint/lang/core/core.def.
 */
export function emulateHalfMatrices(source: string, lanes: number): string {
  const first = /struct Params \{\s+(\w+): u32/.exec(source)![1];
  const lane = /@builtin\(subgroup_invocation_id\) (\w+)/.exec(source)?.[1];
  return `${source
    .replace('requires unrestricted_pointer_parameters;\n', '')
    .replace('enable chromium_experimental_subgroup_matrix;\n', 'requires unrestricted_pointer_parameters;\n')
    .replace(/diagnostic\(off, chromium\.subgroup_matrix_uniformity\);\n/, 'diagnostic(off, subgroup_uniformity);\n')
    .replaceAll(/alias (\w+) = subgroup_matrix_.*;/g, 'alias $1 = Matrix;')
    .replaceAll(
      /(let )?([\w[\]]+) = subgroupMatrixLoad<(\w+), (row|col)_major>\(&tile, /g,
      (_, declares, target, type, major) =>
        `${declares ? `var ${target}: Matrix; ` : ''}${type === 'Sum' ? 'wide' : major}Load(&${target}, `,
    )
    .replaceAll(/subgroupMatrixStore<row_major>\(&tile, ([^;]*), ([\w[\]]+), ([^,;]*)\);/g, 'wideStore($1, &$2, $3);')
    .replaceAll(
      /([\w[\]]+) = subgroupMatrixMultiplyAccumulate\(([\w[\]]+), ([\w[\]]+), ([\w[\]]+)\);/g,
      'multiplyAccumulate(&$2, &$3, &$1);',
    )
    .replaceAll(/(; \w+ < [^;]+); (\w+)\+\+/g, '$1 + none(); $2++')
    .replace(/fn main\(([\s\S]*?)\n\) \{/, (_, given) => {
      const added = lane ? '' : '\n  @builtin(subgroup_invocation_id) emulatedLane: u32,';
      return `fn main(${given}${added}\n) {\n  own = ${lane ?? 'emulatedLane'};`;
    })}
    struct Matrix { v: array<f32, ${256 / lanes}> } // element \`own + i * lanes\` of the rows one after the other
    var<private> own: u32;
    fn none() -> u32 { return params.${first} >> 31u; } // 0, which compilers do not know: they would write out every loop
    fn half(at: u32) -> f32 { return unpack2x16float(tile[at / 8u][at % 8u / 2u])[at % 2u]; }
    ${['row', 'col'].map((major) => loader(major, lanes)).join('\n')}
    fn wideLoad(found: ptr<function, Matrix>, offset: u32, stride: u32) {
      for (var i = 0u; i < ${256 / lanes}u + none(); i++) {
        let at = own + i * ${lanes}u;
        (*found).v[i] = bitcast<f32>(tile[offset + at / 16u * stride + at % 16u / 4u][at % 4u]);
      }
    }
    fn wideStore(offset: u32, sum: ptr<function, Matrix>, stride: u32) {
      for (var i = 0u; i < ${256 / lanes}u + none(); i++) {
        let at = own + i * ${lanes}u;
        tile[offset + at / 16u * stride + at % 16u / 4u][at % 4u] = bitcast<u32>((*sum).v[i]);
      }
    }
    // A lane holds whole columns, so that those of the right matrix are its own; rows of the left one are passed around.
    fn multiplyAccumulate(left: ptr<function, Matrix>, right: ptr<function, Matrix>, sum: ptr<function, Matrix>) {
      for (var row = 0u; row < 16u + none(); row++) {
        for (var i = 0u; i < ${16 / lanes}u + none(); i++) {
          var result = (*sum).v[row * ${16 / lanes}u + i];
          for (var k = 0u; k < 16u + none(); k++) {
            let value = subgroupShuffle((*left).v[(row * 16u + k) / ${lanes}u], k % ${lanes}u);
            result += value * (*right).v[k * ${16 / lanes}u + i];
          }
          (*sum).v[row * ${16 / lanes}u + i] = result;
        }
      }
    }`;
}

const loader = (
  major: string,
  lanes: number,
) => `fn ${major}Load(found: ptr<function, Matrix>, offset: u32, stride: u32) {
      for (var i = 0u; i < ${256 / lanes}u + none(); i++) {
        let at = own + i * ${lanes}u;
        let line = ${major === 'row' ? 'at / 16u' : 'at % 16u'};
        let across = ${major === 'row' ? 'at % 16u' : 'at / 16u'};
        (*found).v[i] = half(8u * (offset + line * stride) + across);
      }
    }`;
