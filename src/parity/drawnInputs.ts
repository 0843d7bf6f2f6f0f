import { ensure } from '../errors.js';
import { parseConfig } from '../models/wan/config.js';
import type { TensorSource } from '../weights/tensorSource.js';
import { drawsSchema, type TorchDraw, torchDraws } from './torchDraws.js';

/**
 * A case's inputs with those that `drawn_inputs` of its case.json lists: what torch's CPU generator drew from a known seed
 * is drawn again in the place of being stored, equal to within the rounding that kind `torch-randn` measures.
 * @throws TokenTrimError where the list is no list of draws, or names what the file already holds
 */
export function withDrawnInputs(recorded: TensorSource, drawnInputs: unknown, folder: string): TensorSource {
  if (drawnInputs === undefined) return recorded;
  const plans = parseConfig(drawsSchema, drawnInputs, `${folder}/case.json: drawn_inputs`);
  const drawn = new Map([...torchDraws(plans)].map((draw) => [draw.name, draw]));
  for (const name of drawn.keys()) {
    ensure(!recorded.has(name), `${folder}: ${name} is both drawn and recorded: leave one of them out`);
  }
  const bytesOf = ({ values }: TorchDraw, first = 0, end = values.length) =>
    new Uint8Array(values.slice(first, end).buffer);
  return {
    label: recorded.label,
    files: recorded.files,
    metadata: recorded.metadata,
    names: () => [...recorded.names(), ...drawn.keys()],
    has: (name) => drawn.has(name) || recorded.has(name),
    info(name) {
      const draw = drawn.get(name);
      return draw ? { dtype: 'F32', shape: draw.shape, byteLength: draw.values.byteLength } : recorded.info(name);
    },
    async read(name) {
      const draw = drawn.get(name);
      return draw ? bytesOf(draw) : recorded.read(name);
    },
    async readRows(name, firstRow, rowCount) {
      const draw = drawn.get(name);
      if (!draw) return recorded.readRows(name, firstRow, rowCount);
      const width = draw.values.length / draw.shape[0];
      return bytesOf(draw, firstRow * width, (firstRow + rowCount) * width);
    },
    close: () => recorded.close(),
  };
}
