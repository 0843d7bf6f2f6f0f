/**
 * WGSL with subgroup matrices of 16 by 16 rewritten so that any adapter with subgroups of 4 to 16 lanes runs it: each lane
 * holds some elements of a matrix, and the functions become loops over them. What it shows is that a kernel loads,
 * multiplies and stores the right values; not that a driver's own functions do, nor how fast, nor how they round. It knows
 * kernels whose matrices are variables, each of a name of its own, and lie in an array `tile` of vec4u: eight values in
 * f16, or four in f32, to a cell. Statements in a row become a list that one loop goes through: compilers write out every
 * call of a function, and take minutes for a hundred.
 * @param lanes of every subgroup of the adapter
 * The signatures are those of Dawn, docs/dawn/features/subgroup_matrix.md and src/tint/lang/core/core.def.
 */
export function emulateHalfMatrices(source: string, lanes: number): string {
  const first = /struct Params \{\s+(\w+): u32/.exec(source)![1];
  const lane = /@builtin\(subgroup_invocation_id\) (\w+)/.exec(source)?.[1];
  const { text, matrices, sets } = listed(source);
  return `${text
    .replace('requires unrestricted_pointer_parameters;\n', '')
    .replace('enable chromium_experimental_subgroup_matrix;\n', 'requires unrestricted_pointer_parameters;\n')
    .replace(/diagnostic\(off, chromium\.subgroup_matrix_uniformity\);\n/, 'diagnostic(off, subgroup_uniformity);\n')
    .replaceAll(/alias \w+ = subgroup_matrix_.*;\n/g, '')
    .replaceAll(/(; \w+ < [^;]+); (\w+)\+\+/g, '$1 + none(); $2++')
    .replace(/fn main\(([\s\S]*?)\n\) \{/, (_, given) => {
      const added = lane ? '' : '\n  @builtin(subgroup_invocation_id) emulatedLane: u32,';
      return `fn main(${given}${added}\n) {\n  own = ${lane ?? 'emulatedLane'};`;
    })}
    var<private> matrices: array<array<f32, ${256 / lanes}>, ${matrices}>; // element \`own + i * lanes\`, by rows
    var<private> own: u32;
    fn none() -> u32 { return params.${first} >> 31u; } // 0, which compilers do not know: they would write out every loop
    fn half(at: u32) -> f32 { return unpack2x16float(tile[at / 8u][at % 8u / 2u])[at % 2u]; }
    ${[...sets].map(runner).join('\n')}
    fn zero(sum: u32) {
      for (var i = 0u; i < ${256 / lanes}u + none(); i++) { matrices[sum][i] = 0.0; }
    }
    ${['row', 'col'].map((major) => loader(major, lanes)).join('\n')}
    fn wideLoad(found: u32, offset: u32, stride: u32) {
      for (var i = 0u; i < ${256 / lanes}u + none(); i++) {
        let at = own + i * ${lanes}u;
        matrices[found][i] = bitcast<f32>(tile[offset + at / 16u * stride + at % 16u / 4u][at % 4u]);
      }
    }
    fn wideStore(sum: u32, offset: u32, stride: u32) {
      for (var i = 0u; i < ${256 / lanes}u + none(); i++) {
        let at = own + i * ${lanes}u;
        tile[offset + at / 16u * stride + at % 16u / 4u][at % 4u] = bitcast<u32>(matrices[sum][i]);
      }
    }
    // A lane holds whole columns, so that those of the right matrix are its own; rows of the left one are passed around.
    fn multiplyAccumulate(left: u32, right: u32, sum: u32) {
      for (var row = 0u; row < 16u + none(); row++) {
        for (var i = 0u; i < ${16 / lanes}u + none(); i++) {
          var result = matrices[sum][row * ${16 / lanes}u + i];
          for (var k = 0u; k < 16u + none(); k++) {
            let value = subgroupShuffle(matrices[left][(row * 16u + k) / ${lanes}u], k % ${lanes}u);
            result += value * matrices[right][k * ${16 / lanes}u + i];
          }
          matrices[sum][row * ${16 / lanes}u + i] = result;
        }
      }
    }`;
}

const loader = (major: string, lanes: number) => `fn ${major}Load(found: u32, offset: u32, stride: u32) {
      for (var i = 0u; i < ${256 / lanes}u + none(); i++) {
        let at = own + i * ${lanes}u;
        let line = ${major === 'row' ? 'at / 16u' : 'at % 16u'};
        let across = ${major === 'row' ? 'at % 16u' : 'at / 16u'};
        matrices[found][i] = half(8u * (offset + line * stride) + across);
      }
    }`;

/** What a statement does, by the number that stands for it in a list; 0 does nothing. */
const FUNCTIONS = ['rowLoad', 'colLoad', 'wideLoad', 'wideStore', 'multiplyAccumulate', 'zero'];

const runner = (set: string) => `fn run${set}(what: vec4u) {
      ${[...set]
        .map((digit) => {
          const name = FUNCTIONS[Number(digit) - 1];
          const call = name === 'zero' ? 'zero(what.y)' : `${name}(what.y, what.z, what.w)`;
          return `if (what.x == ${digit}u) { ${call}; }`;
        })
        .join('\n      ')}
    }`;

/** Puts lists in the place of statements on matrices; `sets` are the numbers of what is in each. */
function listed(source: string): { text: string; matrices: number; sets: Set<string> } {
  const numbers = new Map<string, number>();
  const numberOf = (name: string) => {
    if (!numbers.has(name)) numbers.set(name, numbers.size);
    return `${numbers.get(name)}u`;
  };
  const sets = new Set<string>();
  const done: string[] = [];
  let list: { does: string; given: string; when: string }[] = [];
  const finish = () => {
    if (list.length === 0) return;
    const kinds = list.map(({ does }) => FUNCTIONS.indexOf(does) + 1);
    const set = [...new Set(kinds)].sort().join('');
    sets.add(set);
    const each = list.map(({ given, when }, at) => `vec4u(select(0u, ${kinds[at]}u, ${when}), ${given})`);
    done.push(
      `{ var list = array<vec4u, ${each.length}>(${each.join(', ')});`,
      `for (var at = 0u; at < ${each.length}u; at++) { run${set}(list[at]); } }`,
    );
    list = [];
  };
  const lines = source.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const block = /^( *)if \((.*)\) \{$/.exec(lines[at]);
    const end = block ? lines.indexOf(`${block[1]}}`, at) : at;
    const inside = block ? lines.slice(at + 1, end) : [lines[at]];
    const found = inside.map((line) => statements(line, numberOf));
    if (found.some((some) => some === undefined)) {
      finish();
      done.push(lines[at]);
      continue;
    }
    list.push(
      ...found.flatMap((some) =>
        some!.map((one) => ({ ...one, when: block ? `(${block[2]}) && ${one.when}` : one.when })),
      ),
    );
    at = end;
  }
  return { text: done.join('\n'), matrices: numbers.size, sets };
}

/** What a line does to matrices; undefined where it does anything else. */
function statements(line: string, numberOf: (name: string) => string) {
  const [, condition, inner] = /^ *if \((.*)\) \{ (.*) \}$/.exec(line) ?? [];
  const parts = (inner ?? line.replace(/ *\/\/.*/, '')).split(';').map((part) => part.trim());
  if (parts.pop() !== '' || parts.length === 0) return undefined;
  const found = [];
  for (const part of parts) {
    if (/^var \w+: (Sum|Left|Right)$/.test(part)) continue; // all of them are 0 at first
    const load = /^(?:let |var )?(\w+) = subgroupMatrixLoad<(\w+), (row|col)_major>\(&tile, (.*), ([^,]*)\)$/.exec(
      part,
    );
    const store = /^subgroupMatrixStore<row_major>\(&tile, (.*), (\w+), ([^,]*)\)$/.exec(part);
    const product = /^(\w+) = subgroupMatrixMultiplyAccumulate\((\w+), (\w+), \1\)$/.exec(part);
    const zero = /^(\w+) = Sum\(\)$/.exec(part);
    const when = condition ?? 'true';
    if (load) {
      const does = load[2] === 'Sum' ? 'wideLoad' : `${load[3]}Load`;
      found.push({ does, given: `${numberOf(load[1])}, ${load[4]}, ${load[5]}`, when });
    } else if (store) {
      found.push({ does: 'wideStore', given: `${numberOf(store[2])}, ${store[1]}, ${store[3]}`, when });
    } else if (product) {
      const given = [product[2], product[3], product[1]].map(numberOf).join(', ');
      found.push({ does: 'multiplyAccumulate', given, when });
    } else if (zero) {
      found.push({ does: 'zero', given: `${numberOf(zero[1])}, 0u, 0u`, when });
    } else {
      return undefined;
    }
  }
  return found;
}
