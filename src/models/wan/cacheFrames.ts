import { ensure } from '../../errors.js';
import { sliceFrames } from '../../kernels/layout/frames.js';
import { type HostTensor, readHost, uploadHost } from '../../tensor/hostTensor.js';
import type { KvCache } from './kvCache.js';

/** Keys, then values, of every layer for one latent frame: [tokensPerFrame, dim], in 8 bits [.., words], as they are held. */
export type FrameRows = readonly HostTensor[];

/** Copies the rows of a slot to the host, pruned ones too. */
export async function readSlot({ layers, options }: KvCache, slot: number): Promise<FrameRows> {
  const rows: HostTensor[] = [];
  for (const { keys, values } of layers) {
    for (const held of [keys, values]) {
      const own = sliceFrames(held, slot * options.tokensPerFrame, options.tokensPerFrame);
      rows.push(await readHost(own));
      own.dispose();
    }
  }
  return rows;
}

/**
 * Writes them back.
 * @throws TokenTrimError where they are of another cache
 */
export function writeSlot({ device, layers, options }: KvCache, slot: number, rows: FrameRows): void {
  const held = layers.flatMap(({ keys, values }) => [keys, values]);
  const fits = (index: number) =>
    rows[index].dtype === held[index].dtype &&
    rows[index].shape.join() === [options.tokensPerFrame, ...held[index].shape.slice(1)].join();
  ensure(
    rows.length === held.length && held.every((_, index) => fits(index)),
    'the saved keys and values of a frame are not of this model, size and `kvDtype`',
  );
  for (const [index, target] of held.entries()) {
    const own = uploadHost(device, rows[index]);
    device.updateRows(target, slot * options.tokensPerFrame, own, 0, options.tokensPerFrame);
    own.dispose();
  }
}
