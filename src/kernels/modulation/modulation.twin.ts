import ndarray, { type NdArray } from 'ndarray';

type Values = NdArray<Float64Array>;

/** Float64 twin of `modulation.wgsl`: table [chunks, width], embedding [frames, a part of the chunks, width]. */
export function modulation(table: Values, embedding: Values): Values {
  const [chunks, width] = table.shape;
  const [frames, embeddingChunks] = embedding.shape;
  const y = ndarray(new Float64Array(frames * chunks * width), [frames, chunks, width]);
  for (let frame = 0; frame < frames; frame++) {
    for (let chunk = 0; chunk < chunks; chunk++) {
      for (let i = 0; i < width; i++) {
        y.set(frame, chunk, i, table.get(chunk, i) + embedding.get(frame, chunk % embeddingChunks, i));
      }
    }
  }
  return y;
}

/** Float64 twin of `gatedResidual.wgsl`: x, branch [rows, width], modulation [frames, chunks, width]. */
export function gatedResidual(x: Values, branch: Values, modulation: Values, gateChunk: number): Values {
  const [rows, width] = x.shape;
  const rowsPerFrame = rows / modulation.shape[0];
  const y = ndarray(new Float64Array(rows * width), [rows, width]);
  for (let row = 0; row < rows; row++) {
    const frame = Math.floor(row / rowsPerFrame);
    for (let i = 0; i < width; i++) {
      y.set(row, i, x.get(row, i) + branch.get(row, i) * modulation.get(frame, gateChunk, i));
    }
  }
  return y;
}
