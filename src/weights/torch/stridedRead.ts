import { ensure } from '../../errors.js';

/** The most of a storage that is held at once while values are gathered from it. */
const CHUNK_BYTES = 2 ** 26;

/** Where values lie, in elements. */
export interface StridedView {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

interface Axis {
  readonly size: number;
  /** Step in the storage. */
  readonly from: number;
  /** Step in the row-major result. */
  readonly to: number;
}

/**
 * The values of a view in row-major order, whatever its strides. A dense view is one read; any other is gathered from
 * pieces of at most 64 MiB.
 *
 * @param read bytes of the storage, as a buffer of their own
 */
export async function readStrided(
  view: StridedView,
  itemBytes: number,
  label: string,
  read: (begin: number, byteLength: number) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const elements = view.shape.reduce((product, size) => product * size, 1);
  const axes = axesOf(view);
  if (axes.every(({ from, to }) => from === to)) return read(view.offset * itemBytes, elements * itemBytes);

  // Copied as whole words: 8-byte elements as two, so that no NaN passes through a float.
  const wordBytes = Math.min(itemBytes, 4);
  const words = itemBytes / wordBytes;
  const inWords = axes
    .map(({ size, from, to }) => ({ size, from: from * words, to: to * words }))
    .sort((left, right) => right.from - left.from);
  if (words > 1) inWords.push({ size: words, from: 1, to: 1 });
  const result = wordsOf(new Uint8Array(elements * itemBytes), wordBytes);
  let allowed = 2 * span(inWords) * wordBytes + CHUNK_BYTES;

  const gather = async (piece: readonly Axis[], from: number, to: number): Promise<void> => {
    const bytes = span(piece) * wordBytes;
    const cut = piece.findIndex(({ size, from }) => size > 1 && from > 0);
    if (bytes > CHUNK_BYTES && cut >= 0) {
      const { size, ...steps } = piece[cut];
      const half = Math.floor(size / 2);
      await gather(piece.with(cut, { size: half, ...steps }), from, to);
      await gather(piece.with(cut, { size: size - half, ...steps }), from + half * steps.from, to + half * steps.to);
      return;
    }
    allowed -= bytes;
    ensure(allowed >= 0, `${label}: a tensor's rows lie across each other: call .contiguous() before saving it.`);
    scatter(piece, 0, wordsOf(await read(from * wordBytes, bytes), wordBytes), 0, result, to);
  };
  await gather(inWords, view.offset * words, 0);
  return new Uint8Array(result.buffer);
}

/** The axes with more than one element; steps of the result are those of a row-major tensor. */
function axesOf({ shape, strides }: StridedView): Axis[] {
  const axes: Axis[] = [];
  let to = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis];
    if (size === 0) return [];
    if (size > 1) axes.unshift({ size, from: strides[axis], to });
    to *= size;
  }
  return axes;
}

/** How much of the storage lies between the first and the last element. */
function span(axes: readonly Axis[]): number {
  return axes.reduce((last, { size, from }) => last + (size - 1) * from, 1);
}

type Words = Uint8Array | Uint16Array | Uint32Array;

function wordsOf(bytes: Uint8Array, wordBytes: number): Words {
  if (wordBytes === 1) return bytes;
  const Type = wordBytes === 2 ? Uint16Array : Uint32Array;
  return new Type(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength / wordBytes);
}

function scatter(axes: readonly Axis[], depth: number, source: Words, from: number, result: Words, to: number): void {
  const axis = axes[depth];
  if (depth === axes.length - 1) {
    for (let index = 0; index < axis.size; index++) result[to + index * axis.to] = source[from + index * axis.from];
    return;
  }
  for (let index = 0; index < axis.size; index++) {
    scatter(axes, depth + 1, source, from + index * axis.from, result, to + index * axis.to);
  }
}
