type Matrix = number[][];

/** Sizes and weights of an encoder, by official name; `rows(name)` gives a matrix as [out][in]. */
interface PlainUmt5 {
  readonly layers: number;
  readonly heads: number;
  readonly rows: (name: string) => Matrix;
}

/**
 * umT5 once more, from the specification alone and as plainly as it can be said: float64, no kernel, no twin and no
 * helper of the encoder under test. What both get wrong is left to the parity case.
 */
export function plainUmt5({ layers, heads, rows }: PlainUmt5, ids: readonly number[]): Matrix {
  let hidden = ids.map((id) => rows('token_embedding.weight')[id]);
  for (let layer = 0; layer < layers; layer++) {
    const weight = (name: string) => rows(`blocks.${layer}.${name}.weight`);
    const normed = rmsNorm(hidden, weight('norm1'));
    const [query, key, value] = ['q', 'k', 'v'].map((name) => linear(normed, weight(`attn.${name}`)));
    const headDim = query[0].length / heads;
    const mixed = query.map((_, i) =>
      query[i].map((_, column) => {
        const head = Math.floor(column / headDim);
        const columns = Array.from({ length: headDim }, (_, d) => head * headDim + d);
        const weights = key.map((_, j) => {
          const score = columns.reduce((sum, d) => sum + query[i][d] * key[j][d], 0);
          return Math.exp(score + weight('pos_embedding.embedding')[bucket(j - i)][head]);
        });
        const total = weights.reduce((sum, each) => sum + each, 0);
        return weights.reduce((sum, each, j) => sum + (each / total) * value[j][column], 0);
      }),
    );
    hidden = plus(hidden, linear(mixed, weight('attn.o')));
    const inner = rmsNorm(hidden, weight('norm2'));
    const gate = linear(inner, weight('ffn.gate.0')).map((row) => row.map(geluTanh));
    const gated = linear(inner, weight('ffn.fc1')).map((row, i) => row.map((each, column) => each * gate[i][column]));
    hidden = plus(hidden, linear(gated, weight('ffn.fc2')));
  }
  return rmsNorm(hidden, rows('norm.weight'));
}

/** The table of the specification: exact below 8, then by powers of sqrt(2), 15 at most; 16 more for later keys. */
function bucket(distance: number): number {
  const far = Math.abs(distance);
  const starts = [8, 12, 16, 23, 32, 46, 64, 91];
  return (distance > 0 ? 16 : 0) + (far < 8 ? far : 7 + starts.filter((start) => start <= far).length);
}

const geluTanh = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

const plus = (left: Matrix, right: Matrix) => left.map((row, i) => row.map((each, column) => each + right[i][column]));

const linear = (x: Matrix, weight: Matrix) =>
  x.map((row) => weight.map((out) => out.reduce((sum, each, k) => sum + each * row[k], 0)));

function rmsNorm(x: Matrix, [gain]: Matrix): Matrix {
  return x.map((row) => {
    const root = Math.sqrt(row.reduce((sum, each) => sum + each ** 2, 0) / row.length + 1e-6);
    return row.map((each, column) => (each / root) * gain[column]);
  });
}
